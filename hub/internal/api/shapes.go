package api

import (
	"encoding/base64"
	"log/slog"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/dispatch"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// Shipment is what a merchant announced: parcels for one recipient at one locker.
type Shipment struct {
	ID         string    `json:"id" format:"uuid" example:"0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e4f" doc:"Ours, sorts by time"`
	Locker     string    `json:"locker" example:"msk-0042" doc:"Where it goes"`
	Carrier    string    `json:"carrier" example:"house" doc:"Whose couriers bring it"`
	Reference  string    `json:"reference" example:"ORDER-117" doc:"Yours"`
	ReturnOf   string    `json:"return_of,omitempty" format:"uuid" doc:"Of a return: the shipment that comes back; absent where it is none of ours"`
	DwellHours int       `json:"dwell_hours" example:"72" doc:"How long a stored parcel may wait before it is overdue"`
	Created    time.Time `json:"created"`
	Parcels    []Parcel  `json:"parcels"`

	COD  *Money     `json:"cash_on_delivery,omitempty" doc:"What is to be paid before its parcels are handed out; absent for nothing"`
	Paid *time.Time `json:"paid,omitempty" doc:"When that was paid"`
}

// Money is an amount.
type Money struct {
	Amount   int64  `json:"amount" minimum:"1" maximum:"100000000000" example:"129000" doc:"In the currency's smallest unit, such as kopecks"`
	Currency string `json:"currency" pattern:"^[A-Z]{3}$" example:"RUB" doc:"ISO 4217"`
}

// Parcel is one physical item under one label.
type Parcel struct {
	Barcode      string     `json:"barcode" example:"200010000018" doc:"Twelve digits, the last is GS1's check digit; on the label as Code 128 and as a QR code"`
	SSCC         string     `json:"sscc,omitempty" example:"095212340010000018" doc:"Serial Shipping Container Code, on the label as GS1-128; absent where the operator has no GS1 prefix"`
	Shipment     string     `json:"shipment" format:"uuid"`
	Place        int        `json:"place" example:"1" doc:"Within its shipment, from 1"`
	Locker       string     `json:"locker" example:"msk-0042"`
	Size         string     `json:"size" enum:"S,M,L" example:"M"`
	Low          bool       `json:"low" doc:"Who stands at the locker needs a low door"`
	Outbound     bool       `json:"outbound,omitempty" doc:"A customer puts it in, the carrier takes it away at any time: a return, or a parcel from locker to locker until it is out of the first"`
	SenderCode   string     `json:"sender_code,omitempty" example:"1234567897" doc:"What the customer types at from_locker to put it in; only in the answer to the announcement"`
	WeightG      int        `json:"weight_g,omitempty" example:"850"`
	Reference    string     `json:"reference,omitempty" example:"BOX-1"`
	State        string     `json:"state" enum:"announced,dispatched,stored,overdue,uncertain,collected,withdrawn,recovered,returned,cancelled" example:"stored" doc:"Where it stands, folded from its events"`
	Claimed      bool       `json:"claimed,omitempty" doc:"This state rests on somebody's word alone: no locker's record and no signed scan proves it"`
	Hold         string     `json:"hold,omitempty" example:"cancelled" doc:"Why we will not send it on: cancelled by you, or declined by its recipient; it goes back to you once it is due"`
	Stored       *time.Time `json:"stored,omitempty" doc:"When it was put in"`
	Due          *time.Time `json:"due,omitempty" doc:"When its dwell time ends"`
	DueConfirmed bool       `json:"due_confirmed" doc:"The parcel is overdue by the locker's own word; before that, due is reckoned"`
	Tracking     string     `json:"tracking" format:"uri" doc:"A page that shows where the parcel is to whoever has this link; it names nobody"`
	Created      time.Time  `json:"created"`
	Changed      time.Time  `json:"changed"`
}

// Event is one thing that happened to a parcel and what proves it.
type Event struct {
	ID       string    `json:"id" format:"uuid"`
	Number   int       `json:"number" example:"3" doc:"Within the parcel, from 1"`
	What     string    `json:"what" example:"stored"`
	By       string    `json:"by" example:"courier" doc:"Who did it or says so: guard, courier, recipient, customer, merchant, carrier, operator, technician, hub"`
	Reason   string    `json:"reason,omitempty" example:"too small"`
	Before   string    `json:"before" example:"dispatched" doc:"State before; empty for the first"`
	After    string    `json:"after" example:"stored" doc:"State after"`
	Happened time.Time `json:"happened" doc:"By the clock of whoever saw it"`
	Received time.Time `json:"received" doc:"By our clock"`
	Proof    Proof     `json:"proof"`
}

// Proof is what an event rests on.
type Proof struct {
	Kind   string `json:"kind" enum:"record,scan,claim" example:"record" doc:"record: a line of a locker's signed journal; scan: signed by a person's device; claim: somebody's word"`
	Locker string `json:"locker,omitempty" example:"msk-0042" doc:"Whose journal"`
	Record uint64 `json:"record,omitempty" example:"1841" doc:"The line's number in that journal"`
}

// Request is something that was asked of a parcel's locker, and what became of it.
type Request struct {
	Kind    string     `json:"kind" enum:"extend,reissue,permit" example:"extend"`
	State   string     `json:"state" enum:"waiting,taken,refused" example:"waiting" doc:"waiting until the locker has it: that may take as long as it is offline"`
	Refused string     `json:"refused,omitempty" example:"not here" doc:"Why, in the locker's words"`
	Made    time.Time  `json:"made"`
	Decided *time.Time `json:"decided,omitempty" doc:"When we had the locker's answer"`
}

func asked(r dispatch.Request) Request {
	return Request{Kind: r.Kind, State: r.State(), Refused: r.Refused, Made: at(r.Made), Decided: ago(r.Decided)}
}

// at is a time of the API; fine as in the store, µs.
func at(us int64) time.Time { return time.UnixMicro(us).UTC() }

// ago is at, or nothing for what has not happened.
func ago(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	t := at(us)
	return &t
}

func (d *door) shipment(s custody.Shipment) Shipment {
	out := Shipment{ID: s.ID, Locker: s.Locker, Carrier: s.Carrier, Reference: s.Reference, ReturnOf: s.ReturnOf, DwellHours: int(s.Dwell), Created: at(s.Created), Parcels: []Parcel{}, Paid: ago(s.Paid)}
	if s.COD.Amount > 0 {
		out.COD = &Money{s.COD.Amount, s.COD.Currency}
	}
	for _, p := range s.Parcels {
		out.Parcels = append(out.Parcels, shape(p, d.GS1Prefix, d.Tracking))
	}
	return out
}

func shape(p custody.Parcel, prefix parcel.GS1Prefix, tracking func(string) string) Parcel {
	return Parcel{Barcode: p.Barcode, SSCC: prefix.SSCC(p.Barcode), Shipment: p.Shipment, Place: p.Place, Locker: p.Locker, Size: p.Size.String(), Low: p.Low,
		WeightG: p.WeightG, Reference: p.Reference, State: string(p.State), Claimed: p.State.Claimed(), Outbound: p.Outbound, Hold: p.Hold, Stored: ago(p.Stored), Due: ago(p.Due),
		DueConfirmed: p.State == parcel.Overdue, Tracking: tracking(p.Token), Created: at(p.Created), Changed: at(p.Changed)}
}

func event(e custody.Event) Event {
	out := Event{ID: e.ID, Number: e.Number, What: string(e.What), By: party(e.Actor), Reason: e.Reason, Before: string(e.Before),
		After: string(e.After), Happened: at(e.Happened), Received: at(e.Received), Proof: Proof{Kind: string(e.Proof)}}
	if e.Record > 0 {
		out.Proof.Locker, out.Proof.Record = e.Locker, e.Record
	}
	return out
}

// party is an actor without the name of the one person.
func party(actor string) string {
	word, _, _ := strings.Cut(actor, " ")
	return word
}

// sealed marks texts that print as [redacted].
type sealed string

func (sealed) String() string       { return "[redacted]" }
func (sealed) GoString() string     { return "[redacted]" }
func (sealed) LogValue() slog.Value { return slog.StringValue("[redacted]") }

var id = regexp.MustCompile(`^[0-9A-Za-z._-]{1,64}$`)

// known refuses ids that cannot be any of ours as if they were not found, before a database sees them.
func known(text, code, what string) error {
	if id.MatchString(text) {
		return nil
	}
	return fault.New(fault.NotFound, code, "there is no such %s", what)
}

// clean refuses text that not every database keeps.
func clean(text string) error {
	if utf8.ValidString(text) && !strings.ContainsRune(text, 0) {
		return nil
	}
	return fault.New(fault.Invalid, "invalid_text", "a text is not valid UTF-8 or holds a zero character")
}

// Cursors are opaque to clients: the kind of list and the last id seen.
func cursor(kind, last string) string {
	if last == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(kind + ":" + last))
}

// after is what a cursor says; only one that cursor has given out, to the letter, says anything.
func after(kind, given string) (string, error) {
	if given == "" {
		return "", nil
	}
	text, err := base64.RawURLEncoding.DecodeString(given)
	last, ok := strings.CutPrefix(string(text), kind+":")
	if err != nil || !ok || !id.MatchString(last) || cursor(kind, last) != given {
		return "", fault.New(fault.Invalid, "invalid_cursor", "the cursor is not one of ours")
	}
	return last, nil
}
