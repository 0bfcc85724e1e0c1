package drill

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"lockstep/cabinet"
	"lockstep/guard/door"
	"lockstep/guard/lockboard"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// On 4 December 2020 terminals opened their doors, one after another, because they obeyed an ordinary, well-formed command. Replay
// plays that day twice with one attacker, who owns the hub and all its keys: against stand-ins for those terminals, and against
// our guards. Both are wired to the same cabinets, but for the button, which theirs did not have.

const (
	replayLockers = 12
	replayDoors   = 20               // of each, all full
	replayReach   = 10 * time.Second // until the attacker has reached one more locker
	replayPace    = time.Second      // between two commands to one locker
)

// Replayed is what came of it.
type Replayed struct {
	Doors        int             // of each fleet
	Span         time.Duration   // how long the attack went on
	Theirs, Ours []time.Duration // when doors opened, from the attack's beginning
	Obeyed       int             // commands that the stand-ins took
	Sent, Taken  int             // what guards were sent, and what of it they followed
}

// Replay plays December 2020.
func (y *Yard) Replay(ctx context.Context) (r Replayed, err error) {
	hubs, hub, err := ed25519.GenerateKey(nil)
	if err != nil {
		return r, err
	}
	terminals := make([]*terminal, replayLockers)
	benches := make([]*Bench, replayLockers)
	defer func() {
		for i := range benches {
			terminals[i].close()
			if benches[i] != nil {
				benches[i].Close()
			}
		}
	}()
	for i := range replayLockers {
		if terminals[i], err = y.terminal(hubs); err != nil {
			return r, err
		}
		if benches[i], err = y.Stocked(ctx, replayDoors, replayDoors); err != nil {
			return r, err
		}
	}
	begun := time.Now()
	group, attack := errgroup.WithContext(ctx)
	sent, taken, obeyed := make([]int, replayLockers), make([]int, replayLockers), make([]int, replayLockers)
	for i := range replayLockers {
		reached := begun.Add(time.Duration(i) * replayReach)
		group.Go(func() (err error) { obeyed[i], err = terminals[i].attacked(attack, hub, reached); return err })
		group.Go(func() (err error) { sent[i], taken[i], err = benches[i].attackedFromAfar(attack, reached); return err })
	}
	if err := group.Wait(); err != nil {
		return r, err
	}
	r.Doors, r.Span = replayLockers*replayDoors, time.Since(begun)
	for i := range replayLockers {
		r.Theirs, r.Ours = append(r.Theirs, openedSince(terminals[i].cabinet, begun)...), append(r.Ours, openedSince(benches[i].Cabinet, begun)...)
		r.Obeyed, r.Sent, r.Taken = r.Obeyed+obeyed[i], r.Sent+sent[i], r.Taken+taken[i]
		if err := benches[i].judge(ctx, Limits{}); err != nil {
			return r, err
		}
	}
	slices.Sort(r.Theirs)
	return r, r.check()
}

// check fails where a guard opened anything, or where the stand-ins did not: then the replay shows nothing.
func (r Replayed) check() error {
	if len(r.Ours) > 0 {
		return breach("%d doors opened from afar", len(r.Ours))
	}
	if len(r.Theirs) != r.Doors {
		return fmt.Errorf("the stand-ins opened %d of %d doors: the replay shows nothing", len(r.Theirs), r.Doors)
	}
	return nil
}

// openedSince is when a cabinet's doors opened.
func openedSince(c *cabinet.Running, begun time.Time) (at []time.Duration) {
	for _, e := range c.Cabinet.Log(0) {
		if e.What == cabinet.DoorOpened && e.At.After(begun) {
			at = append(at, e.At.Sub(begun))
		}
	}
	return at
}

// everySecond does something n times, in the attacker's pace, from a moment on.
func everySecond(ctx context.Context, from time.Time, n int, do func(i int) error) error {
	for i := range n {
		select {
		case <-time.After(time.Until(from.Add(time.Duration(i) * replayPace))):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := do(i); err != nil {
			return err
		}
	}
	return nil
}

// terminal is a stand-in for a terminal of then: a computer alone on the lock bus that does what the hub has signed.
type terminal struct {
	hub     ed25519.PublicKey
	locker  statement.Locker
	cabinet *cabinet.Running
	network net.Listener
}

// terminal starts one on a cabinet full of parcels.
func (y *Yard) terminal(hub ed25519.PublicKey) (*terminal, error) {
	y.mu.Lock()
	y.count++
	dir := filepath.Join(y.Dir, fmt.Sprintf("terminal-%d", y.count))
	y.mu.Unlock()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	t := &terminal{hub: hub, locker: Front("terminal", statement.Key{Alg: statement.EdDSA, Public: make([]byte, 32)}, replayDoors)}
	wired := cabinet.FromLocker(t.locker)
	wired.Interlock = false // a pulse opened the door, whoever had sent it
	var err error
	if t.cabinet, err = cabinet.Start(cabinet.Options{Config: wired, Dir: dir, Log: slog.New(slog.DiscardHandler)}); err != nil {
		return nil, err
	}
	for i, c := range t.locker.Compartments {
		t.cabinet.Cabinet.Seed(c.Number, cabinet.Parcel{Barcode: Barcode(i + 1), Owner: owner(Barcode(i + 1))})
	}
	if t.network, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.cabinet.Stop()
		return nil, err
	}
	go t.serve()
	return t, nil
}

func (t *terminal) close() {
	if t != nil {
		t.network.Close()
		t.cabinet.Stop()
	}
}

// serve obeys lines "open <compartment> <base64 signature of the words before it>".
func (t *terminal) serve() {
	for {
		conn, err := t.network.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			for lines := bufio.NewScanner(conn); lines.Scan(); {
				fmt.Fprintln(conn, t.obey(lines.Text()))
			}
		}()
	}
}

func (t *terminal) obey(line string) string {
	words := strings.Fields(line)
	if len(words) != 3 || words[0] != "open" {
		return "malformed"
	}
	number, err := strconv.Atoi(words[1])
	signature, undone := base64.StdEncoding.DecodeString(words[2])
	if err != nil || undone != nil || number < 1 || number > len(t.locker.Compartments) || !ed25519.Verify(t.hub, []byte(words[0]+" "+words[1]), signature) {
		return "refused"
	}
	if err := t.pulse(t.locker.Compartments[number-1]); err != nil {
		return err.Error()
	}
	return "opened"
}

func (t *terminal) pulse(c statement.Compartment) error {
	board := t.locker.Boards[c.Board]
	channel, err := lockboard.NewChannel(board, c.Channel)
	if err != nil {
		return err
	}
	port, err := os.OpenFile(t.cabinet.Ready.Lines[board.Line], os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer port.Close()
	_, err = port.Write(lockboard.OpenFrame(board, channel))
	return err
}

// attacked sends the terminal a proper command for each door.
func (t *terminal) attacked(ctx context.Context, hub ed25519.PrivateKey, from time.Time) (obeyed int, err error) {
	conn, err := net.Dial("tcp", t.network.Addr().String())
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	err = everySecond(ctx, from, replayDoors, func(i int) error {
		command := fmt.Sprintf("open %d", i+1)
		fmt.Fprintln(conn, command, base64.StdEncoding.EncodeToString(ed25519.Sign(hub, []byte(command))))
		answer, err := answers.ReadString('\n')
		if answer == "opened\n" {
			obeyed++
		}
		return err
	})
	return obeyed, err
}

// attackedFromAfar sends a guard, over its link, all that the hub's keys can sign, door by door.
func (b *Bench) attackedFromAfar(ctx context.Context, from time.Time) (sent, taken int, err error) {
	err = everySecond(ctx, from, replayDoors, func(i int) error {
		all, err := b.hubsWishes(ctx, b.Locker.Compartments[i].Number, Barcode(i+1))
		for _, q := range all {
			reply, err := b.Link(ctx, q)
			if err != nil && err != io.EOF {
				return err
			}
			sent++
			if reply.Accepted {
				taken++
			}
		}
		return err
	})
	return sent, taken, err
}

// hubsWishes are messages about one compartment and the parcel in it: words that name no verb, and every statement that the hub can
// sign: with dispatch's key, its time key, the house carrier's.
func (b *Bench) hubsWishes(ctx context.Context, number uint16, barcode string) (all []door.LinkRequest, err error) {
	for _, verb := range []door.LinkVerb{"open", "unlock", "code", "present"} {
		all = append(all, door.LinkRequest{Verb: verb})
	}
	down, err := b.next(ctx)
	if err != nil {
		return nil, err
	}
	h, err := b.head(ctx)
	if err != nil {
		return nil, err
	}
	now, carrier, n := b.Now(), b.Network.Charter.Carriers[0].ID, b.Network
	at := []uint16{number}
	for _, s := range []struct {
		by   *statement.Signer
		says statement.Statement
	}{
		{n.Dispatch, statement.Manifest{Locker: b.Locker.ID, Number: down, Carrier: carrier, From: now, Until: now + rules.Hour, Parcels: []statement.Expected{{Barcode: barcode, Size: 1, DwellHours: 0}}}},
		{n.Dispatch, statement.Permit{Locker: b.Locker.ID, Number: down, Barcode: barcode, Size: 1, Carrier: carrier, Code: statement.CompleteCode("123456789"), From: now, Until: now + rules.Hour}},
		{n.Dispatch, statement.Restriction{Locker: b.Locker.ID, Number: down, Kind: "open", Compartments: at}},
		{n.Dispatch, statement.Restriction{Locker: b.Locker.ID, Number: down, Kind: "empty", Compartments: at}},
		{n.Dispatch, statement.Override{Locker: b.Locker.ID, Boot: h.Boot, Counter: 1, Compartment: number, Parcel: barcode, Reason: "all doors"}},
		{n.Carrier, statement.Answer{Locker: b.Locker.ID, Number: 1, Want: statement.WantWithdraw, Barcode: barcode}},
		{n.Dispatch, statement.Restriction{Locker: b.Locker.ID, Number: down, Kind: statement.Extend, Barcode: barcode, DwellHours: 24}},
		{n.Dispatch, statement.Restriction{Locker: b.Locker.ID, Number: down + 1, Kind: statement.Unblock, Compartments: at}},
	} {
		envelope, err := signRaw(s.by, s.says)
		if err != nil {
			return nil, err
		}
		all = append(all, door.LinkRequest{Verb: door.Down, Number: down, Statement: envelope})
	}
	receipt, err := signRaw(n.Time[0], statement.ReceiptFor(h, now+3650*rules.Day))
	return append(all, door.LinkRequest{Verb: door.Receipt, Statement: receipt}), err
}

// String is the number that the plot is about.
func (r Replayed) String() string {
	return fmt.Sprintf("stand-ins for the terminals of 2020: %d of %d doors in %s, by %d commands; guards: %d of %d, after %d messages, of which %d were followed and none opens",
		len(r.Theirs), r.Doors, clock(r.Span), r.Obeyed, len(r.Ours), r.Doors, r.Sent, r.Taken)
}

// clock is minutes and seconds.
func clock(d time.Duration) string {
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}
