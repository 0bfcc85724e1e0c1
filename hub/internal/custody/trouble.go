package custody

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"

	"lockstep/guard/journal"
	"lockstep/hub/internal/custody/store"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/db"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// Refuse takes a recipient's word from afar that they do not want a parcel: it gets the hold of one that is declined at its locker, and its
// carrier takes it back when it is due. Nothing of it reaches a guard. Conflict "not_inside" where it is not in a locker; what is refused
// or given up already is no error.
func (c *Custody) Refuse(ctx context.Context, barcode string) error {
	return c.DB.Tx(ctx, func(tx *sql.Tx) error {
		row, err := store.New(tx).Parcel(ctx, barcode)
		if row, err = db.One(row, err, "unknown_parcel", "there is no such parcel"); err != nil {
			return err
		}
		if row.Hold != "" && parcel.State(row.State).Inside() {
			return nil
		}
		_, err = c.move(ctx, tx, row, happening{what: parcel.WasRefused, actor: "recipient", happened: c.now()})
		if errors.Is(err, errNoRow) {
			return fault.New(fault.Conflict, "not_inside", "the parcel is %s: it is not in a locker", row.State)
		}
		return err
	})
}

// doorRecord is a record about a parcel's door as an alarm's evidence shows it.
type doorRecord struct {
	Record     uint64       `json:"record"`
	Kind       journal.Kind `json:"kind"`
	At         int64        `json:"at"`       // µs UTC, the guard's lower bound
	Received   int64        `json:"received"` // µs UTC, by the hub's clock
	Parcel     string       `json:"parcel,omitempty"`
	Carrier    string       `json:"carrier,omitempty"`
	Courier    string       `json:"courier,omitempty"`
	Credential string       `json:"credential,omitempty"`
	Reason     string       `json:"reason,omitempty"`
	To         string       `json:"to,omitempty"`
}

// Report raises an alarm about a parcel with which its recipient says something is wrong. Its evidence is what the hub holds of its door:
// the records since its deposit. Conflict "never_stored" for one that was in no locker, "reported" while such an alarm is open.
func (c *Custody) Report(ctx context.Context, barcode string, what parcel.Trouble, note string) error {
	events, err := c.Events(ctx, "", barcode)
	if err != nil {
		return err
	}
	since, ok := lastStored(events)
	if !ok {
		return fault.New(fault.Conflict, "never_stored", "the parcel has not been in a locker")
	}
	story, err := c.Story(ctx, since.Locker, since.Guard, since.Compartment)
	if err != nil {
		return err
	}
	evidence := []doorRecord{}
	for _, r := range slices.Backward(story) {
		if r.Number >= since.Record {
			evidence = append(evidence, doorRecord{r.Number, r.Kind, r.Low, r.Received, r.Parcel, r.Carrier, r.Courier, r.Credential, r.Reason, r.To})
		}
	}
	data, err := json.MarshalIndent(evidence, "", "  ")
	if err != nil {
		return err
	}
	return c.Fleet.Report(ctx, fleet.Alarm{Locker: since.Locker, Kind: fleet.Reported, Reason: string(what), Compartment: since.Compartment, Record: since.Record,
		Evidence: data, Parcel: barcode, Note: note})
}

// lastStored is the event of a parcel's last deposit.
func lastStored(events []Event) (last Event, ok bool) {
	for _, e := range events {
		if e.What == parcel.WasStored {
			last, ok = e, true
		}
	}
	return last, ok
}
