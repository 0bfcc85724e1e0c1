package guard

import (
	"crypto/rand"

	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// linkRequest is a request of the link on its way through the loop.
type linkRequest struct {
	door.LinkRequest
	reply chan door.LinkReply
}

func (g *loop) answerLink(q linkRequest) error {
	var reply door.LinkReply
	var err error
	if !q.Proper() {
		q.Verb = ""
	}
	switch q.Verb {
	case door.Hello:
		reply = door.LinkReply{Accepted: true, Locker: g.state.Locker.ID, Position: g.log.End().Number, First: g.log.First(), Down: g.state.Down}
	case door.Records:
		reply = g.stretch(q.After, door.MaxJournalFrame-headMargin)
	case door.Beat:
		reply = g.stretch(g.log.End().Number, 0)
	case door.Down, door.Receipt:
		reply, err = g.fromLink(q.LinkRequest, q.Statement)
	case door.Persons:
		reply, err = g.fromPersons(q.LinkRequest)
	default:
		reply = door.LinkReply{Reason: "verb"}
	}
	q.reply <- reply
	return err
}

// stretch is records after a number, as many as fit, with a fresh head over the last of them.
func (g *loop) stretch(after uint64, size int) door.LinkReply {
	if after > g.log.End().Number {
		return door.LinkReply{Reason: "position"}
	}
	var s journal.Stretch
	head := g.state.Head(g.powered())
	if size > 0 {
		records, err := g.log.Public(after, size)
		if err != nil {
			g.slog.Error("records cannot be read back", "error", err)
			return door.LinkReply{Reason: "journal"}
		}
		s.Records = records
		if n := len(records); n > 0 {
			last, err := journal.Decode(records[n-1])
			if err != nil {
				return door.LinkReply{Reason: "journal"}
			}
			head.Position, head.Hash = last.Number, last.Hash()
		}
	}
	envelope, err := g.rules.Sign(head)
	if err != nil {
		return door.LinkReply{Reason: "head"}
	}
	g.heard = g.heard.Signed(head)
	s.Head = envelope
	return door.LinkReply{Accepted: true, Position: head.Position, Stretch: statement.Encode(s)}
}

func (g *loop) fromPersons(q door.LinkRequest) (door.LinkReply, error) {
	bundle, err := statement.DecodeBundle(q.Statement)
	if err != nil {
		return door.LinkReply{Reason: statement.Reason(err)}, nil
	}
	return g.fromLink(q, bundle.Envelopes...)
}

func (g *loop) fromLink(q door.LinkRequest, envelopes ...[]byte) (door.LinkReply, error) {
	if g.state.StorageBroken {
		return door.LinkReply{Reason: "storage"}, nil
	}
	e := rules.FromLink{At: g.powered(), Number: q.Number, Envelopes: envelopes}
	rand.Read(e.Entropy[:])
	heard, entries, verdict := g.rules.FromLink(g.state, g.heard, e)
	reply := door.LinkReply{Accepted: verdict.Accepted, Reason: verdict.Reason}
	if err := g.fold(entries); err != nil {
		return door.LinkReply{Reason: "storage"}, g.storageFault(err, e)
	}
	g.heard, reply.Down = heard, g.state.Down
	if q.Verb == door.Receipt && verdict.Accepted {
		g.noteReceipt(q.Statement)
	}
	if !verdict.Accepted {
		return reply, g.do(rules.Refused{What: "link " + string(q.Verb) + ": " + verdict.Reason})
	}
	g.publish(e.At)
	return reply, nil
}

func (g *loop) fold(entries []journal.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	facts := g.state.Facts
	for _, e := range entries {
		var err error
		if facts, err = facts.Fold(e); err != nil {
			return err
		}
	}
	if err := g.append(entries); err != nil {
		return err
	}
	g.state.Facts = facts
	return nil
}

// noteReceipt remembers how far the journal is known to be in other hands.
func (g *loop) noteReceipt(envelope []byte) {
	r, _, err := statement.Verify[statement.Receipt](envelope, g.state.Network.Time.Lookup)
	if err == nil {
		g.receipted = max(g.receipted, r.Position)
	}
}
