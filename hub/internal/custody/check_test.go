package custody_test

import (
	"testing"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
)

func TestVerifyFoldFindsWhatWasTamperedWith(t *testing.T) {
	changes := []struct{ do, undo string }{
		{"UPDATE parcel SET state = 'collected' WHERE state = 'stored'", "UPDATE parcel SET state = 'stored' WHERE state = 'collected'"},
		{"UPDATE parcel SET due = due + 1", "UPDATE parcel SET due = due - 1"},
		{"UPDATE parcel SET hold = 'x'", "UPDATE parcel SET hold = ''"},
		{"UPDATE compartment SET parcel = '' WHERE number = 1", "UPDATE compartment SET parcel = (SELECT barcode FROM parcel WHERE state = 'stored') WHERE number = 1"},
		{"UPDATE compartment SET state = 'EMPTY' WHERE number = 1", "UPDATE compartment SET state = 'OCCUPIED' WHERE number = 1"},
		{"UPDATE room SET reserved = reserved + 1", "UPDATE room SET reserved = reserved - 1"},
		{"UPDATE room SET empty = empty + 1", "UPDATE room SET empty = empty - 1"},
		{"UPDATE custody_event SET record = record + 1000 WHERE record > 0", "UPDATE custody_event SET record = record - 1000 WHERE record > 0"},
		{"UPDATE custody_event SET record = record - 1 WHERE what = 'stored'", "UPDATE custody_event SET record = record + 1 WHERE what = 'stored'"},
		{"UPDATE custody_event SET after = 'overdue' WHERE what = 'stored'", "UPDATE custody_event SET after = 'stored' WHERE what = 'stored'"},
		{"UPDATE locker_line SET position = position + 1", "UPDATE locker_line SET position = position - 1"},
		{"INSERT INTO reservation (barcode, locker, size) SELECT barcode, locker, size FROM parcel WHERE state = 'stored'", "DELETE FROM reservation WHERE barcode IN (SELECT barcode FROM parcel WHERE state = 'stored')"},
		{"UPDATE expected SET locker = 'l9'", "UPDATE expected SET locker = 'l1'"},
		{"UPDATE upload SET cursor = 1000 - cursor", "UPDATE upload SET cursor = 1000 - cursor"},
		{"INSERT INTO upload (cursor, locker, guard, first, last, received, stretch) SELECT cursor + 500, locker, guard, first, last, received, stretch FROM upload", "DELETE FROM upload WHERE cursor > 500"},
		{"UPDATE change SET position = position + 100 WHERE position = 2", "UPDATE change SET position = position - 100 WHERE position = 102"},
		{"UPDATE change SET merchant = 'm9'", "UPDATE change SET merchant = 'm1'"},
		{"UPDATE change SET number = number + 7 WHERE position = 1", "UPDATE change SET number = number - 7 WHERE position = 1"},
		{"UPDATE unpublished SET number = number + 7", "UPDATE unpublished SET number = number - 7"},
		{"UPDATE upload SET stretch = (SELECT stretch FROM upload WHERE first = 1) WHERE first = 4", ""},
		{"DELETE FROM upload WHERE first > 1", ""},
	}
	each(t, func(t *testing.T, h *hub) {
		barcode := h.create(shipment("k1", 1)).Parcels[0].Barcode
		h.take()
		h.guard.Deposit(1, barcode)
		h.up(h.guard)
		if err := h.custody.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.create(shipment("k2", 2))
		saved := h.dump()
		for _, change := range changes {
			h.exec(change.do)
			if differences, err := h.custody.VerifyFold(t.Context()); err != nil || len(differences) == 0 {
				t.Errorf("not found: %s (%v)", change.do, err)
			}
			if change.undo != "" {
				h.exec(change.undo)
				h.check()
			}
		}
		h.restore(saved)
	})
}

// TestVerifyFoldFindsAHistoryThatWasChainedAnew: every hash fits, the position too, and only the guard's signatures do not.
func TestVerifyFoldFindsAHistoryThatWasChainedAnew(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		barcode := h.create(shipment("k1", 1)).Parcels[0].Barcode
		h.take()
		h.guard.Deposit(1, barcode)
		h.up(h.guard)
		saved := h.dump()
		genuine := h.chainAnew(saved, 0)
		h.check()
		h.chainAnew(saved, 1)
		if differences, err := h.custody.VerifyFold(t.Context()); err != nil || len(differences) == 0 {
			t.Errorf("not found: %v", err)
		}
		h.restore(saved)
		h.exec("UPDATE locker_line SET position_hash = $1", genuine.Hash[:])
	})
}

// chainAnew writes the uploads as if the deposit had come so many µs later, and returns where their chain ends.
func (h *hub) chainAnew(uploads []custody.Upload, later int64) (end journal.Position) {
	h.t.Helper()
	for _, u := range uploads {
		var s journal.Stretch
		if err := statement.Decode(u.Stretch, &s); err != nil {
			h.t.Fatal(err)
		}
		for i, encoded := range s.Records {
			r, err := journal.Decode(encoded)
			if err != nil {
				h.t.Fatal(err)
			}
			if r.Prev = end.Hash; r.Kind == journal.Stored {
				r.Powered += later
			}
			s.Records[i], end = r.Encode(), journal.Position{Number: r.Number, Hash: r.Hash()}
		}
		h.exec("UPDATE upload SET stretch = $1 WHERE cursor = $2", statement.Encode(s), u.Cursor)
	}
	h.exec("UPDATE locker_line SET position_hash = $1", end.Hash[:])
	return end
}

// dump and restore keep the uploads over a test that deletes them.
func (h *hub) dump() []custody.Upload {
	h.t.Helper()
	list, _, err := h.custody.Uploads(h.t.Context(), 0, 1000, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

func (h *hub) restore(uploads []custody.Upload) {
	h.t.Helper()
	h.exec("DELETE FROM upload")
	next := int64(1)
	for _, u := range uploads {
		var s journal.Stretch
		if err := statement.Decode(u.Stretch, &s); err != nil {
			h.t.Fatal(err)
		}
		h.exec("INSERT INTO upload (cursor, locker, first, last, received, stretch) VALUES ($1, $2, $3, $4, $5, $6)",
			u.Cursor, u.Locker, next, next+int64(len(s.Records))-1, u.Received, u.Stretch)
		next += int64(len(s.Records))
	}
}
