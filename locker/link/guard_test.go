package link

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// fakeGuard speaks guard/door from a real chain of records under signed heads. It keeps its state over any number of broken
// connections, as a guard does over restarts.
type fakeGuard struct {
	t      *testing.T
	signer *statement.Signer

	mu         sync.Mutex
	more       *sync.Cond
	end        journal.Position
	records    [][]byte
	downs      []string // as taken, in order
	refuse     map[uint64]string
	pace       time.Duration // between two numbered statements
	took       time.Time     // the last one
	offered    []uint64
	unbelieved uint64 // the number of a statement that leaves its number unused
	bundles    []string
	times      int // receipts
	hellos     int
}

func newGuard(t *testing.T) *fakeGuard {
	signer, err := statement.SignerFromSeed(statement.NewSeed())
	if err != nil {
		t.Fatal(err)
	}
	g := &fakeGuard{t: t, signer: signer, refuse: map[uint64]string{}}
	g.more = sync.NewCond(&g.mu)
	g.append(journal.Record{Kind: journal.Booted})
	return g
}

func (g *fakeGuard) append(r journal.Record) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r.Number, r.Prev, r.Boot = g.end.Number+1, g.end.Hash, 1
	g.records = append(g.records, r.Encode())
	g.end = journal.Position{Number: r.Number, Hash: r.Hash()}
	g.more.Broadcast()
}

// stretch is up to eight records after a number, under a head. The caller holds mu.
func (g *fakeGuard) stretch(after uint64) []byte {
	last := min(after+8, g.end.Number)
	s := journal.Stretch{Records: g.records[after:last]}
	record, err := journal.Decode(g.records[last-1])
	if err != nil {
		g.t.Error(err)
	}
	s.Head, err = statement.Sign(g.signer, statement.Head{
		Locker: "l1", Boot: 1, Position: last, Hash: record.Hash(), Down: uint64(len(g.downs)),
	})
	if err != nil {
		g.t.Error(err)
	}
	return statement.Encode(s)
}

// dial gives a connection to the guard that cut may shorten.
func (g *fakeGuard) dial(cut func(net.Conn) net.Conn) func(context.Context) (net.Conn, error) {
	return func(context.Context) (net.Conn, error) {
		near, far := net.Pipe()
		go g.serve(far)
		return cut(near), nil
	}
}

func (g *fakeGuard) serve(conn net.Conn) {
	defer conn.Close()
	for {
		var request door.LinkRequest
		if door.Receive(conn, door.MaxFrame, &request) != nil {
			return
		}
		if door.Send(conn, door.MaxJournalFrame, g.answer(request)) != nil {
			return
		}
	}
}

func (g *fakeGuard) answer(request door.LinkRequest) door.LinkReply {
	g.mu.Lock()
	defer g.mu.Unlock()
	reply := door.LinkReply{Accepted: true}
	switch request.Verb {
	case door.Hello:
		g.hellos++
		reply.Locker, reply.Position, reply.First, reply.Down = "l1", g.end.Number, 1, uint64(len(g.downs))
	case door.Records:
		stop := time.AfterFunc(20*time.Second, g.more.Broadcast)
		for began := time.Now(); g.end.Number <= request.After && time.Since(began) < 20*time.Second; {
			g.more.Wait()
		}
		stop.Stop()
		if g.end.Number > request.After {
			reply.Stretch = g.stretch(request.After)
		}
	case door.Beat:
		reply.Stretch = g.stretch(g.end.Number)
	case door.Down:
		return g.take(request)
	case door.Persons:
		g.bundles = append(g.bundles, string(request.Statement))
		return door.LinkReply{Accepted: len(g.bundles) > 1, Reason: "cause"}
	case door.Receipt:
		g.times++
	default:
		g.t.Errorf("the link asks %q", request.Verb)
	}
	return reply
}

func (g *fakeGuard) take(request door.LinkRequest) door.LinkReply {
	if request.Number != uint64(len(g.downs))+1 {
		return door.LinkReply{Reason: "number", Down: uint64(len(g.downs))}
	}
	if g.offered = append(g.offered, request.Number); time.Since(g.took) < g.pace {
		return door.LinkReply{Reason: "slow", Down: uint64(len(g.downs))}
	}
	if g.unbelieved == request.Number {
		return door.LinkReply{Reason: "signature", Down: uint64(len(g.downs))}
	}
	g.took = time.Now()
	g.downs = append(g.downs, string(request.Statement))
	reason := g.refuse[request.Number]
	return door.LinkReply{Accepted: reason == "", Reason: reason, Down: request.Number}
}

func (g *fakeGuard) taken() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.downs...)
}

func statementOf(n int) []byte { return fmt.Appendf(nil, "statement %d", n) }
