package drill

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"lockstep/cabinet"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// upload is one row of the uploads.
type upload struct {
	cursor, guard, first, last, received int64
	locker                               string
	stretch                              []byte
}

// edit is one way to falsify a locker's history in the hub's database.
type edit struct {
	name string
	do   func([]upload) ([]upload, error)
}

var edits = []edit{
	{"dropped", func(all []upload) ([]upload, error) { return slices.Delete(all, 1, 2), nil }},
	{"reordered", func(all []upload) ([]upload, error) {
		all[1].stretch, all[2].stretch = all[2].stretch, all[1].stretch
		return all, nil
	}},
	{"one bit altered", func(all []upload) ([]upload, error) {
		return all, inStretch(&all[1], func(s *journal.Stretch) { s.Records[0][len(s.Records[0])-1] ^= 1 })
	}},
	{"rewritten and chained anew", rechained},
	{"a head of another key", func(all []upload) ([]upload, error) {
		return all, inStretch(&all[1], func(s *journal.Stretch) { s.Head = resigned(s.Head) })
	}},
	{"truncated", func(all []upload) ([]upload, error) {
		at := slices.IndexFunc(all, func(u upload) bool { return u.holds(journal.Collected) })
		if at < 0 {
			return nil, errors.New("no upload holds the collection")
		}
		return all[:at], nil
	}},
	{"doubled", func(all []upload) ([]upload, error) {
		all[2].stretch = all[1].stretch
		return all, nil
	}},
}

func inStretch(u *upload, change func(*journal.Stretch)) error {
	var s journal.Stretch
	if err := statement.Decode(u.stretch, &s); err != nil {
		return err
	}
	change(&s)
	u.stretch = statement.Encode(s)
	return nil
}

func (u upload) holds(kind journal.Kind) (found bool) {
	_ = inStretch(&u, func(s *journal.Stretch) {
		for _, encoded := range s.Records {
			r, err := journal.Decode(encoded)
			found = found || err == nil && r.Kind == kind
		}
	})
	return found
}

// rechained says of the first deposit that another compartment took it, and computes every hash after it anew. Only the guard's
// signatures stay as they were.
func rechained(all []upload) ([]upload, error) {
	var after journal.Position
	changed := false
	for i := range all {
		var failed error
		err := inStretch(&all[i], func(s *journal.Stretch) {
			for k, encoded := range s.Records {
				r, err := journal.Decode(encoded)
				if err != nil {
					failed = err
					return
				}
				if after.Number > 0 {
					r.Prev = after.Hash
				}
				if r.Kind == journal.Stored && !changed {
					r.Powered, changed = r.Powered+1, true
				}
				s.Records[k], after = r.Encode(), journal.Position{Number: r.Number, Hash: r.Hash()}
			}
		})
		if err := errors.Join(err, failed); err != nil {
			return nil, err
		}
	}
	if !changed {
		return nil, errors.New("no upload holds a deposit")
	}
	return all, nil
}

// resigned is a head of the same text under a key of the attacker's.
func resigned(head []byte) []byte {
	h, err := statement.ReadUnverified[statement.Head](head)
	if err != nil {
		return head
	}
	signer, err := statement.SignerFromSeed(statement.NewSeed())
	if err != nil {
		return head
	}
	if head, err = statement.Sign(signer, h); err != nil {
		return nil
	}
	return head
}

func historyEdited(ctx context.Context, n *Net) (string, error) {
	id := n.Lockers[0].Locker.ID
	if err := first(func() error { return n.fetch(ctx, n.Parcels[0]) }, func() error { return n.Office.Until(ctx, n.Parcels[0].Barcode, "collected") }); err != nil {
		return "", err
	}
	if err := n.Office.End("hub"); err != nil { // it would take new uploads in between
		return "", err
	}
	if found, err := n.differences(); err != nil || len(found) > 0 {
		return "", fmt.Errorf("before anything was edited: %v: %v", found, err)
	}
	var named []string
	for _, e := range edits {
		found, err := n.edited(ctx, id, e)
		if err != nil {
			return "", fmt.Errorf("%s: %w", e.name, err)
		}
		if !strings.Contains(strings.Join(found, "\n"), "locker "+id+": ") {
			return "", breach("%s: the check finds %q", e.name, found)
		}
		named = append(named, e.name)
	}
	if found, err := n.differences(); err != nil || len(found) > 0 {
		return "", fmt.Errorf("after all was put back: %v: %v", found, err)
	}
	return "each named by the check: " + strings.Join(named, ", "), n.Office.Again(ctx, "hub")
}

// edited is what the check says while a locker's history is falsified. Its position is made to fit.
func (n *Net) edited(ctx context.Context, locker string, e edit) (found []string, err error) {
	genuine, err := n.uploads(ctx, locker)
	if err != nil || len(genuine) < 4 {
		return nil, fmt.Errorf("%d uploads: %v", len(genuine), err)
	}
	falsified, err := e.do(slices.Clone(genuine))
	if err != nil {
		return nil, err
	}
	if err := n.replaceUploads(ctx, locker, falsified); err != nil {
		return nil, err
	}
	found, err = n.differences()
	return found, errors.Join(err, n.replaceUploads(ctx, locker, genuine))
}

// differences is what the hub's check says.
func (n *Net) differences() ([]string, error) {
	var said struct{ Differences []string }
	return said.Differences, n.Office.HubSays(&said, "check")
}

func (n *Net) uploads(ctx context.Context, locker string) (all []upload, err error) {
	return all, n.inDatabase(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT cursor, guard, first, last, received, locker, stretch FROM upload WHERE locker = $1 ORDER BY cursor`, locker)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var u upload
			if err := rows.Scan(&u.cursor, &u.guard, &u.first, &u.last, &u.received, &u.locker, &u.stretch); err != nil {
				return err
			}
			all = append(all, u)
		}
		return rows.Err()
	})
}

// replaceUploads puts uploads in the place of all that a locker has, and makes its position the end of their chain.
func (n *Net) replaceUploads(ctx context.Context, locker string, all []upload) error {
	return n.inDatabase(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM upload WHERE locker = $1`, locker); err != nil {
			return err
		}
		var end journal.Position
		for _, u := range all {
			if _, err := tx.ExecContext(ctx, `INSERT INTO upload (cursor, locker, guard, first, last, received, stretch) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				u.cursor, u.locker, u.guard, u.first, u.last, u.received, u.stretch); err != nil {
				return err
			}
			end = u.end(end)
		}
		_, err := tx.ExecContext(ctx, `UPDATE locker_line SET position = $1, position_hash = $2 WHERE locker = $3`, int64(end.Number), end.Hash[:], locker)
		return err
	})
}

// end is where a chain stands after an upload.
func (u upload) end(before journal.Position) journal.Position {
	_ = inStretch(&u, func(s *journal.Stretch) {
		if len(s.Records) == 0 {
			return
		}
		if r, err := journal.Decode(s.Records[len(s.Records)-1]); err == nil && r.Number > before.Number {
			before = journal.Position{Number: r.Number, Hash: r.Hash()}
		}
	})
	return before
}

func fakeCustody(ctx context.Context, n *Net) (string, error) {
	p, q := n.Parcels[0], n.Parcels[1]
	if err := n.Office.HubCommand(nil, "parcel", "returned", p.Barcode); err == nil {
		return "", breach("an operator returned a parcel that lies in a locker")
	}
	for _, path := range []string{"collected", "delivered", "returned", "returned/confirm", "events", "state"} {
		a, err := n.ask(ctx, "POST", "/v1/parcels/"+p.Barcode+"/"+path, map[string]any{"state": "collected"}, nil)
		if err != nil || a.Status < 400 {
			return "", breach("the API takes a merchant's %q: %d: %v", path, a.Status, err)
		}
	}
	if a, err := n.ask(ctx, "POST", "/v1/shipments/"+p.Shipment+"/cancel", nil, nil); err != nil || a.Status >= 300 {
		return "", fmt.Errorf("cancelling: %d %s: %v", a.Status, a.Body, err)
	}
	if err := n.Office.Until(ctx, p.Barcode, "stored"); err != nil {
		return "", breach("a cancelled parcel left the locker without a door: %v", err)
	}
	for _, fake := range []*Parcel{p, q} {
		if err := n.fakeEvent(ctx, fake.Barcode, "collected", map[*Parcel]string{p: "claim", q: "record"}[fake]); err != nil {
			return "", err
		}
	}
	if err := n.alarm(ctx, p.At.Locker.ID, "altered", ""); err != nil {
		return "", err
	}
	found, err := n.differences()
	said := strings.Join(found, "\n")
	if err != nil || !strings.Contains(said, p.Barcode) || !strings.Contains(said, q.Barcode) {
		return "", breach("the check does not name both parcels: %q: %v", found, err)
	}
	for _, real := range []*Parcel{p, q} {
		if err := n.fetch(ctx, real); err != nil {
			return "", breach("the recipient's code no longer works: %v", err)
		}
	}
	return "7 claims of a merchant and an operator refused; faked events are an alarm and named by the check; both codes still work", nil
}

// fakeEvent writes an event, and the state that would follow from it, as the hub itself would.
func (n *Net) fakeEvent(ctx context.Context, barcode, what, proof string) error {
	return n.inDatabase(ctx, func(tx *sql.Tx) error {
		record := 0
		if proof == "record" {
			record = 99999
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO custody_event (barcode, number, id, what, actor, reason, before, after, happened, received, proof, locker, record, due, compartment)
			SELECT barcode, events + 1, 'fake-' || barcode, CAST($1 AS TEXT), 'recipient', '', state, CAST($1 AS TEXT), $2, $2, CAST($3 AS TEXT), locker, $4, 0, compartment FROM parcel WHERE barcode = $5`,
			what, n.now(), proof, record, barcode); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE parcel SET state = $1, events = events + 1, compartment = 0, live = NOT live WHERE barcode = $2`, what, barcode)
		return err
	})
}

// twoGuards has the copy tell a story of its own to the hub, with the line's key, which lay on the same disk.
func twoGuards(ctx context.Context, n *Net) (string, error) {
	b := n.Lockers[0]
	twin, err := n.twin(ctx, b)
	if err != nil {
		return "", err
	}
	defer twin.Close()
	if err := n.fetch(ctx, n.Parcels[0]); err != nil { // the genuine journal goes on
		return "", err
	}
	if err := n.Office.Until(ctx, n.Parcels[0].Barcode, "collected"); err != nil {
		return "", err
	}
	at, err := b.Records(ctx)
	if err != nil {
		return "", err
	}
	for range len(at) { // and so does the other's, past the same numbers
		h, err := twin.head(ctx)
		if err != nil {
			return "", err
		}
		if h.Position > uint64(len(at)) {
			break
		}
		if err := twin.Reboot(ctx); err != nil {
			return "", err
		}
	}
	if err := n.Office.StartLink(linkOf("twin"), twin.path("doors", "link")); err != nil {
		return "", err
	}
	if err := n.alarm(ctx, b.Locker.ID, "broken", "fork"); err != nil {
		return "", err
	}
	if err := n.keptOnly(ctx, b); err != nil {
		return "", err
	}
	err = first(func() error { return n.untilBlocked(ctx, twin, journal.Blocked) }, func() error { return n.Office.Kill(linkOf("twin")) },
		func() error { return n.lineAnew(b) }, func() error { return n.untilBlocked(ctx, b, journal.Blocked) }, func() error { return n.unblock(ctx, b) })
	return "flagged as a fork, with both heads as evidence; of the copy's records none is taken; both guards take no more deposits until an operator has looked", err
}

// untilBlocked waits for a guard to have written that deposits ended, or go on.
func (n *Net) untilBlocked(ctx context.Context, b *Bench, kind journal.Kind) error {
	var failed error
	err := n.until(ctx, time.Minute, "a guard to write that it is "+string(kind), func() bool {
		var found int
		found, failed = b.count(ctx, kind, "")
		return failed != nil || found > 0
	})
	if failed == nil && err != nil {
		return breach("O6: no record %q: %v", kind, err)
	}
	return failed
}

// unblock is an operator who has seen to it that only one guard is left.
func (n *Net) unblock(ctx context.Context, b *Bench) error {
	args := []string{"locker", "unblock", b.Locker.ID}
	for _, c := range b.Locker.Compartments {
		args = append(args, fmt.Sprint(c.Number))
	}
	return first(func() error { return n.Office.HubCommand(nil, args...) }, func() error { return n.lineAnew(b) },
		func() error { return n.untilBlocked(ctx, b, journal.Unblocked) })
}

// lineAnew starts a locker's link again: one that another supplanted waits longer each time, and the hub looks but once a minute for
// what its commands have left for a locker.
func (n *Net) lineAnew(b *Bench) error {
	name := linkOf(b.Locker.ID)
	return first(func() error { return n.Office.Kill(name) }, func() error { return n.Office.StartLink(name, b.path("doors", "link")) })
}

// keptOnly says that what the hub keeps of a locker is its guard's journal and nobody else's, and that the fork has evidence.
func (n *Net) keptOnly(ctx context.Context, b *Bench) error {
	genuine, err := b.Records(ctx)
	if err != nil {
		return err
	}
	kept, err := n.uploads(ctx, b.Locker.ID)
	if err != nil {
		return err
	}
	for _, u := range kept {
		if end := u.end(journal.Position{}); end.Number > 0 && genuine[end.Number-1].Hash() != end.Hash {
			return breach("the hub has taken record %d of the copy", end.Number)
		}
	}
	var list []alarm
	if err := n.Office.HubCommand(&list, "alarms", "--locker", b.Locker.ID); err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(a alarm) bool { return a.Reason == "fork" && a.Evidence }) {
		return breach("the fork has no evidence: %v", list)
	}
	return nil
}

// twin is a second guard from a copy of a locker's disk: the guard's folder and the link's.
func (n *Net) twin(ctx context.Context, b *Bench) (*Bench, error) {
	twin, err := n.Yard.layOut(func(statement.Key) statement.Locker { return b.Locker })
	if err != nil {
		return nil, err
	}
	twin.turned = n.turned
	for _, p := range n.Parcels {
		twin.Cabinet.Cabinet.Seed(b.Parcels[p.Barcode], cabinet.Parcel{Barcode: p.Barcode, Owner: owner(p.Barcode)})
	}
	err = first(func() error { return os.RemoveAll(twin.path("state")) }, func() error { return copyTree(b.path("state"), twin.path("state")) },
		func() error { return twin.Start(ctx) })
	if err == nil {
		err = n.Office.CopyLink(linkOf(b.Locker.ID), linkOf("twin"))
	}
	if err != nil {
		twin.Close()
	}
	return twin, err
}
