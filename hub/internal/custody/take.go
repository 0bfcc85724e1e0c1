package custody

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/custody/store"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/fault"
)

// beatPause is how long after anything was kept of a locker a heartbeat is kept for the sake of other time keys' receipts.
const beatPause = 5 * time.Minute

// take takes one stretch in, inside the batch's transaction.
func (c *Custody) take(ctx context.Context, tx *sql.Tx, u *upload) (taken, error) {
	locker, s := u.locker, u.stretch
	place, err := c.Fleet.Place(ctx, tx, locker)
	if err != nil {
		return taken{}, err
	}
	s, known, err := unknownPart(ctx, tx, place, s)
	if err != nil || known {
		return taken{position: place.Position}, err
	}
	guard, err := c.guardKey(ctx, tx, place, s)
	if err != nil {
		return taken{}, err
	}
	records, head, err := s.Verify(place.Position, locker, guard)
	if err != nil {
		return taken{}, rolledBack(err, place)
	}
	if _, forked := place.Contradicts(head, records); forked {
		return taken{}, &journal.Break{Number: head.Position, Reason: "fork"}
	}
	if len(records) == 0 && !later(head, place) {
		return taken{position: place.Position}, nil
	}
	heard := c.now()
	if u.carried {
		heard = min(heard, head.Low)
	}
	return c.accept(ctx, tx, place, s, records, head, heard)
}

// rolledBack names a head from before what was received by what it means.
func rolledBack(err error, place fleet.Place) error {
	if broken, ok := errors.AsType[*journal.Break](err); ok && broken.Reason == "fork" && broken.Number < place.Position.Number {
		broken.Reason = "rolled back"
	}
	return err
}

// later says whether a guard signed a head after the last one known. A head that was shown before proves no life: whoever
// repeats it, to hide that the records stay away, is a silent line.
func later(head statement.Head, place fleet.Place) bool {
	return head.Boot > place.Boot || head.Boot == place.Boot && head.Powered > place.Powered
}

// accept writes what a verified stretch brings, whose head was signed at heard.
func (c *Custody) accept(ctx context.Context, tx *sql.Tx, place fleet.Place, s journal.Stretch, records []journal.Record, head statement.Head, heard int64) (taken, error) {
	t := taken{position: place.Position}
	if n := len(records); n > 0 {
		t.position = journal.Position{Number: head.Position, Hash: head.Hash}
	}
	if err := c.project(ctx, tx, place, records); err != nil {
		return t, err
	}
	var err error
	if t.receipt, t.kept, err = c.receipt(ctx, tx, place, head, records); err != nil {
		return t, err
	}
	if t.kept {
		if err := c.keep(ctx, tx, place, s, t.position); err != nil {
			return t, err
		}
	}
	return t, c.Fleet.Advance(ctx, tx, place, t.position, head, s.Head, heard, t.kept)
}

// keep stores a stretch as it came. A heartbeat has first = last + 1.
func (c *Custody) keep(ctx context.Context, tx *sql.Tx, place fleet.Place, s journal.Stretch, to journal.Position) error {
	q := store.New(tx)
	cursor, err := q.NextCursor(ctx)
	if err != nil {
		return err
	}
	return q.AddUpload(ctx, store.AddUploadParams{Cursor: cursor, Locker: place.Locker, Guard: int64(place.Guards), First: int64(place.Position.Number + 1),
		Last: int64(to.Number), Received: c.now(), Stretch: statement.Encode(s)})
}

// receipt signs the hub's receipt where one is due, and says whether the stretch is to be kept: always with records; the first
// heartbeat that speaks of records which have not come, so that whoever reads the feed knows of them; and a heartbeat when some
// time key owes a receipt, because the notifier gives its receipts over what it finds in the feed.
func (c *Custody) receipt(ctx context.Context, tx *sql.Tx, place fleet.Place, head statement.Head, records []journal.Record) (signed, keep bool, err error) {
	issued, err := c.Fleet.Issued(ctx, tx, place.Locker)
	if err != nil {
		return false, false, err
	}
	ours := c.Dispatch.Time.Key()
	var own fleet.Issued
	others := len(issued) < 2
	for _, i := range issued {
		if i.TimeKey == ours.ID().String() {
			own = i
		} else if dispatch.ReceiptDue(i.UTC, i.Boot, head, false, c.Now()) {
			others = true
		}
	}
	missing := head.Position > place.Position.Number && !place.Behind
	keep = len(records) > 0 || missing || others && c.now()-place.Kept > beatPause.Microseconds()
	if !dispatch.ReceiptDue(own.UTC, own.Boot, head, isNews(records), c.Now()) {
		return false, keep, nil
	}
	r, envelope, err := c.Dispatch.Receipt(head)
	if err != nil {
		return false, keep, fmt.Errorf("custody: receipt: %w", err)
	}
	return true, true, c.Fleet.SaveReceipt(ctx, tx, ours, r, envelope)
}

// isNews says whether records are worth a receipt: not those that only tell of the clock and of what came down.
func isNews(records []journal.Record) bool {
	for _, r := range records {
		switch r.Kind {
		case journal.Took, journal.TimeSet, journal.Ticked, journal.Refused:
		default:
			return true
		}
	}
	return false
}

// guardKey is the key that signs the locker's heads. The first stretch of a journal brings it: its first record holds the
// charter and the certificate, and both must hold under our own charter.
func (c *Custody) guardKey(ctx context.Context, tx *sql.Tx, place fleet.Place, s journal.Stretch) (statement.Key, error) {
	if place.Position.Number > 0 {
		return place.Guard, nil
	}
	if len(s.Records) == 0 {
		return statement.Key{}, fault.New(fault.Conflict, "not_provisioned", "nothing is known of this locker's guard yet; send its first record")
	}
	first, err := journal.Decode(s.Records[0])
	if err != nil || first.Number != 1 || first.Kind != journal.Provisioned {
		return statement.Key{}, &journal.Break{Number: 1, Reason: "chain"}
	}
	certificate, err := c.certificate(first, place.Locker)
	if err != nil {
		return statement.Key{}, err
	}
	// Verified first: nothing is learnt from a record whose head does not hold.
	if _, _, err := s.Verify(place.Position, place.Locker, certificate.Guard); err != nil {
		return statement.Key{}, err
	}
	if err := notFormer(ctx, tx, place, certificate.Guard); err != nil {
		return statement.Key{}, err
	}
	return certificate.Guard, c.Fleet.Provision(ctx, tx, certificate, statement.Bundle{Envelopes: first.Certificate})
}

// notFormer refuses the key of a guard that was replaced: it does not come back. The first upload of each guard tells its key.
func notFormer(ctx context.Context, tx *sql.Tx, place fleet.Place, key statement.Key) error {
	for guard := int64(1); guard < int64(place.Guards); guard++ {
		row, err := store.New(tx).UploadWith(ctx, store.UploadWithParams{Locker: place.Locker, Guard: guard, Record: 1})
		if err != nil {
			return fmt.Errorf("custody: the first upload of guard %d of %s: %w", guard, place.Locker, err)
		}
		var kept journal.Stretch
		if err := statement.Decode(row.Stretch, &kept); err != nil {
			return fmt.Errorf("custody: upload %d: %w", row.Cursor, err)
		}
		first, err := journal.Decode(kept.Records[0])
		if err != nil {
			return fmt.Errorf("custody: upload %d: %w", row.Cursor, err)
		}
		former, err := statement.ReadUnverified[statement.Locker](first.Certificate[0]) // it was verified when it was kept
		if err != nil || former.Guard.Equal(key) {
			return refused(err, "the guard with this key was replaced; in an empty folder it makes a new one")
		}
	}
	return nil
}

func (c *Custody) certificate(first journal.Record, locker string) (statement.Locker, error) {
	charter, err := c.knownCharter(first.Charter)
	if err != nil {
		return statement.Locker{}, refused(err, "the guard's charter is not this network's")
	}
	certificate, err := statement.VerifyAll[statement.Locker](first.Certificate, charter.Provisioning)
	if err != nil || certificate.Network != charter.Network || certificate.ID != locker {
		return statement.Locker{}, refused(err, "the locker certificate is not this locker's")
	}
	return certificate, nil
}

// knownCharter is the one of our charters that envelopes hold. Ours were verified when the hub started, so the same bytes need no
// signature again.
func (c *Custody) knownCharter(envelopes [][]byte) (statement.Charter, error) {
	if len(envelopes) == 0 {
		return statement.Charter{}, errors.New("no charter")
	}
	said, err := statement.ReadUnverified[statement.Charter](envelopes[0])
	if err != nil {
		return statement.Charter{}, err
	}
	for _, ours := range c.Charters {
		if bytes.Equal(statement.Encode(ours), statement.Encode(said)) {
			return ours, nil
		}
	}
	return statement.Charter{}, fmt.Errorf("the charter of network %s, epoch %d, is not known", said.Network, said.Epoch)
}

// charter is the one that holds.
func (c *Custody) charter() statement.Charter { return c.Charters[len(c.Charters)-1] }

func refused(err error, message string) error {
	return fault.Wrap(errors.Join(err, &journal.Break{Number: 1, Reason: "head"}), fault.Invalid, "broken_journal", "%s", message)
}

// unknownPart cuts off what the hub has already. known is true when it has all of it. What it has must be the same, byte for
// byte of its hash chain, else it is a fork.
func unknownPart(ctx context.Context, tx *sql.Tx, place fleet.Place, s journal.Stretch) (rest journal.Stretch, known bool, err error) {
	have := place.Position.Number
	if len(s.Records) == 0 || have == 0 {
		return s, false, nil
	}
	first, err := journal.Decode(s.Records[0])
	if err != nil || first.Number > have || first.Number == 0 {
		return s, false, nil // Verify says what is wrong
	}
	_, end, err := journal.Chain(journal.Position{Number: first.Number - 1, Hash: first.Prev}, s.Records)
	if err != nil {
		return s, false, err
	}
	if end.Number < have {
		return s, true, sameAsKept(ctx, tx, place, end.Number, s.Records[len(s.Records)-1])
	}
	old := have - first.Number + 1
	if sha256.Sum256(s.Records[old-1]) != place.Position.Hash {
		return s, false, &journal.Break{Number: have, Reason: "fork"}
	}
	return journal.Stretch{Records: s.Records[old:], Head: s.Head}, false, nil
}

// sameAsKept compares a record with the one in the uploads: equal records have equal histories.
func sameAsKept(ctx context.Context, tx *sql.Tx, place fleet.Place, number uint64, record []byte) error {
	locker := place.Locker
	row, err := store.New(tx).UploadWith(ctx, store.UploadWithParams{Locker: locker, Guard: int64(place.Guards), Record: int64(number)})
	if err != nil {
		return fmt.Errorf("custody: the upload with record %d of %s: %w", number, locker, err)
	}
	var kept journal.Stretch
	if err := statement.Decode(row.Stretch, &kept); err != nil {
		return fmt.Errorf("custody: upload %d: %w", row.Cursor, err)
	}
	if i := int64(number) - row.First; i >= int64(len(kept.Records)) || !bytes.Equal(kept.Records[i], record) {
		return &journal.Break{Number: number, Reason: "fork"}
	}
	return nil
}
