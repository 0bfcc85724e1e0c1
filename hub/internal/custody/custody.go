// Package custody knows whose hands every parcel is in: shipments as merchants announced them, parcels through their
// lifecycle, and the append-only events that move them, each with the record, scan or claim it rests on. It takes in the
// lockers' journals.
package custody

import (
	"context"
	"database/sql"
	"log/slog"
	"slices"
	"time"

	"lockstep/guard/statement"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/db"
	"lockstep/parcel"
)

// Config is what the room stands on.
type Config struct {
	DB       *db.DB
	Now      func() time.Time
	Log      *slog.Logger
	Charters []statement.Charter // every charter this network has had, oldest first; the last one holds
	Fleet    *fleet.Fleet
	Dispatch *dispatch.Dispatch
	// Reach is how many kilometres away a merchant's parcels may be sent where a locker cannot take them; 0 for nowhere else.
	Reach func(ctx context.Context, merchant string) (int, error)
	// Emit is called inside the transaction for every event of a parcel; an error undoes the transaction. May be nil.
	Emit func(ctx context.Context, tx *sql.Tx, e Event) error
}

// NewShipment is what a merchant announces. Its contact never comes here: Seal gives the ciphertext for each barcode.
type NewShipment struct {
	Merchant, Range, Carrier string // as account.Merchant has them
	Key                      string // the merchant's idempotency key
	Body                     []byte // keyed digest of the request, to tell a repetition from another request
	Locker                   string
	Reference                string
	Dwell                    parcel.DwellTime
	Parcels                  []NewParcel
	Terms
	COD      Money  // to be paid before its parcels are handed out; zero for nothing
	Return   bool   // a customer puts the parcels in, and the carrier takes them away
	From     string // a customer puts the parcels in there, and the carrier takes them on to Locker; empty where its couriers do it all
	ReturnOf string // the shipment of which they are; empty where it is none of ours
	// Code is called for each parcel that a customer puts in: what they type at the locker.
	Code func(barcode string) string
	// Seal is called inside the transaction, once for each parcel; nil where every parcel has a Contact, or the shipment none.
	Seal func(barcode string) ([]byte, error)
}

// Terms are what is agreed about a shipment beside where it goes.
type Terms struct {
	Way                  Way
	FromCity, FromRegion string // where it is handed over
	Description          string // of what is in it
}

// Way is how a shipment comes to its carrier.
type Way string

const (
	Unsaid  Way = ""
	Collect Way = "collect" // the carrier's courier comes to the merchant
	Bring   Way = "bring"   // the merchant brings it to the carrier
	Self    Way = "self"    // the merchant puts it into lockers itself
)

// NewParcel is one parcel of a NewShipment.
type NewParcel struct {
	Size      parcel.Size
	Low       bool // its recipient needs a low door
	WeightG   int  // 0 when unknown
	Reference string
	Barcode   string // reserved by the merchant; empty for the next of its range
	Contact   []byte // envelope of a statement.SealedContact for that barcode; where one parcel of a shipment has it all have
}

// sealed says whether the merchant has sealed the contact itself.
func (n NewShipment) sealed() bool {
	return slices.ContainsFunc(n.Parcels, func(p NewParcel) bool { return p.Contact != nil || p.Barcode != "" })
}

// Shipment is what a merchant announced, with its parcels as they stand.
type Shipment struct {
	ID, Merchant, Locker, Carrier, Reference string
	ReturnOf                                 string // id of the shipment of which it brings something back
	Dwell                                    parcel.DwellTime
	Created                                  int64 // µs UTC
	Terms
	COD           Money
	Paid          int64 // when, µs UTC; 0 before
	PaidReference string
	Settled       int64 // the number of the act by which its merchant got that; 0 before
	Parcels       []Parcel
}

// Parcel is one physical item as the hub knows it.
type Parcel struct {
	Barcode, Shipment, Merchant, Locker, Carrier string
	Place                                        int // within its shipment, from 1
	Size                                         parcel.Size
	Low                                          bool
	Outbound                                     bool // a customer puts it in, its carrier takes it away at any time
	Onward                                       bool // and then on to the locker of its shipment, to which it is not outbound
	WeightG                                      int
	Reference                                    string
	Token                                        string // of its tracking page
	State                                        parcel.State
	Hold                                         string // empty, or why the hub will not send it on
	Compartment                                  uint16 // 0 when it is in none
	Stored                                       int64  // µs UTC; 0 before
	Due                                          int64  // when its dwell time ends, µs UTC; 0 before it is stored. Unconfirmed until State is overdue.
	Created, Changed                             int64
}

// Task is what a courier of its carrier has to do about a parcel: deposit, withdraw or look; empty for nothing. A return is the
// customer's until it is in the locker.
func (p Parcel) Task() string {
	switch p.State {
	case parcel.Announced, parcel.Dispatched:
		if !p.Outbound {
			return "deposit"
		}
	case parcel.Stored:
		if p.Outbound {
			return "withdraw"
		}
	case parcel.Overdue:
		return "withdraw"
	case parcel.Uncertain:
		return "look"
	}
	return ""
}

// Event is one append-only fact about a parcel.
type Event struct {
	ID          string // UUIDv7
	Barcode     string
	Number      int // within the parcel, from 1
	What        parcel.Fact
	Actor       string // guard, merchant, courier CARRIER/ID, operator …
	Reason      string
	Before      parcel.State
	After       parcel.State
	Happened    int64 // µs UTC by the clock of whoever saw it
	Received    int64 // µs UTC by the hub's clock
	Proof       parcel.Proof
	Locker      string
	Record      uint64 // number in the locker's journal; 0 without
	Guard       uint64 // which of the locker's guards wrote that journal, from 1
	Compartment uint16
	Parcel      Parcel // after the event; filled for Emit only
	Shipment    string // filled for Emit only
}

// Filter narrows a list of shipments. Zero fields do not.
type Filter struct {
	State     parcel.State // of any of its parcels
	Reference string
	Returns   bool   // only what customers send back
	After     string // id of the last shipment of the page before
	Limit     int    // 1 to 200; 0 is 50
}

// Tracking is what the public page of one parcel may show.
type Tracking struct {
	Parcel Parcel
	Locker fleet.Locker
	Events []Event
}

// SealedContact is a recipient's contact that only the notifier can open.
type SealedContact struct {
	Parcel Parcel
	Locker string // where its recipient will find it
	Sealed []byte
}

// Upload is one stretch of a locker's journal as it came.
type Upload struct {
	Cursor   int64 // rises in the order of commits
	Locker   string
	Received int64  // µs UTC
	Stretch  []byte // CBOR of a journal.Stretch
}
