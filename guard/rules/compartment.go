package rules

import (
	"slices"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// Occupancy is what the guard believes about one compartment. It is a reading of the journal, never of a message.
type Occupancy string

const (
	Empty      Occupancy = "EMPTY"
	Intent     Occupancy = "INTENT"     // a courier's door: pulsed, and what is inside not yet said
	Occupied   Occupancy = "OCCUPIED"   // a parcel is inside and its code is alive
	Collecting Occupancy = "COLLECTING" // opened for its recipient or its carrier, not yet seen closed
	Quarantine Occupancy = "QUARANTINE" // nobody knows what is inside
)

// move is one row of the compartment's life. To is a list where the record itself says which (Record.To).
type move struct {
	from Occupancy
	kind journal.Kind
	to   []Occupancy
}

// moves is every way from one occupancy to another. There is no other: Next refuses what stands in no row. Blocked and
// faulted are flags beside the occupancy.
var moves = []move{
	{Empty, journal.DepositIntent, one(Intent)},
	{Intent, journal.Stored, one(Occupied)},
	{Intent, journal.DepositFailed, []Occupancy{Quarantine, Empty}}, // EMPTY only where a sensor says so
	{Occupied, journal.CollectIntent, one(Collecting)},
	{Empty, journal.CollectIntent, one(Collecting)}, // grace
	{Collecting, journal.Collected, one(Empty)},
	{Collecting, journal.CollectFailed, one(Occupied)},
	{Occupied, journal.WithdrawIntent, one(Collecting)},
	{Collecting, journal.Withdrawn, one(Empty)},
	{Collecting, journal.WithdrawFailed, one(Occupied)},
	{Quarantine, journal.ReopenIntent, one(Intent)},
	{Intent, journal.TakenOut, one(Empty)},
	{Intent, journal.ReopenFailed, one(Quarantine)},
	{Empty, journal.Quarantined, one(Quarantine)},
	{Occupied, journal.Quarantined, one(Quarantine)},
	{Intent, journal.Quarantined, one(Quarantine)},
	{Collecting, journal.Quarantined, one(Quarantine)},
	{Quarantine, journal.Quarantined, one(Quarantine)},
	{Occupied, journal.OverrideIntent, one(Collecting)},
	{Quarantine, journal.OverrideIntent, one(Intent)},
	{Collecting, journal.Overridden, []Occupancy{Empty, Occupied}}, // EMPTY only where the technician confirms it
	{Intent, journal.Overridden, []Occupancy{Empty, Quarantine}},
	{Collecting, journal.OverrideFailed, one(Occupied)},
	{Intent, journal.OverrideFailed, one(Quarantine)},
	{Empty, journal.TestIntent, one(Empty)},
	{Empty, journal.Opened, one(Empty)},
	{Empty, journal.Tested, one(Empty)},
	{Occupied, journal.Tested, one(Occupied)},
	{Quarantine, journal.Tested, one(Quarantine)},
	{Occupied, journal.Extended, one(Occupied)},
	{Occupied, journal.Reissued, one(Occupied)},
	{Occupied, journal.Overdue, one(Occupied)},
	{Occupied, journal.Declined, one(Occupied)},
	{Occupied, journal.Paid, one(Occupied)},
	{Quarantine, journal.Paid, one(Quarantine)},
	{Intent, journal.PulseAgain, one(Intent)},
	{Collecting, journal.PulseAgain, one(Collecting)},
	{Intent, journal.Opened, one(Intent)},
	{Collecting, journal.Opened, one(Collecting)},
}

func one(o Occupancy) []Occupancy { return []Occupancy{o} }

// Next is where a record takes a compartment. say is the record's own word for it, needed only where a row leaves it open.
func Next(from Occupancy, kind journal.Kind, say string) (Occupancy, bool) {
	for _, m := range moves {
		if m.from != from || m.kind != kind {
			continue
		}
		if len(m.to) == 1 && (say == "" || Occupancy(say) == m.to[0]) {
			return m.to[0], true
		}
		if slices.Contains(m.to, Occupancy(say)) {
			return Occupancy(say), true
		}
	}
	return from, false
}

// Via is by what right a compartment in INTENT or COLLECTING was opened; a courier's deposit needs no word.
type Via string

const (
	ViaReopen   Via = "reopen" // INTENT, out of QUARANTINE
	ViaOverride Via = "override"
	ViaCode     Via = "code"
	ViaGrace    Via = "grace"
	ViaCarrier  Via = "carrier"
)

// Compartment is one door and the space behind it, as the journal tells.
type Compartment struct {
	Number  uint16
	Size    uint8
	Low     bool
	Board   uint8
	Channel uint8

	Occupancy Occupancy
	Blocked   bool // for deposits only; set by a restriction
	Faulted   bool
	Untested  bool // its board was exchanged and no technician has tried the door since

	Parcel        string // barcode; empty in a quarantine of unknown content
	Carrier       string // who may take it back
	Courier       string
	Outbound      bool // a customer's: its carrier takes it at any time, and it has no code
	Policy        statement.Policy
	Paid          bool
	Dwell         uint16 // hours
	Due           int64  // µs UTC by the clock's upper bound at deposit, 0 when that was unknown
	StoredLow     int64  // lower bound of the time at deposit
	StoredPowered int64  // powered time of the deposit
	DuePowered    int64  // powered time at which the dwell time has passed
	Overdue       bool
	Unclosed      bool // opened, closing not seen
	Declined      bool // its recipient has said that they do not want it
	Code          MAC  // of the pickup code; zero when none is alive
	Secret        MAC  // of the QR secret
	Reissues      uint8
	ReissuedAt    int64 // powered time of the last
	GraceUntil    int64
	GraceLeft     uint8
	Via           Via  // in INTENT or COLLECTING
	OpenedSeen    bool // in INTENT or COLLECTING: the switch was seen open
}

// inGrace says whether the last collection's credential still opens the compartment.
func (c *Compartment) inGrace(powered int64) bool {
	return c.Occupancy == Empty && c.GraceLeft > 0 && powered < c.GraceUntil
}

// holds is the barcode inside, as far as the guard knows. What is EMPTY may remember the parcel whose grace it still gives: that
// one has been collected, and its recipient is not to be alarmed.
func (c *Compartment) holds() string {
	if c.Occupancy == Empty {
		return ""
	}
	return c.Parcel
}

// unpaid says that the code alone does not open it yet.
func (c *Compartment) unpaid() bool { return c.Policy == statement.CodeAndPaid && !c.Paid }

// usable says that its door may be pulsed in the ordinary course of things.
func (c *Compartment) usable() bool { return !c.Faulted && !c.Untested }

// clear forgets the parcel that was inside.
func (c *Compartment) clear() {
	*c = Compartment{Number: c.Number, Size: c.Size, Low: c.Low, Board: c.Board, Channel: c.Channel,
		Occupancy: c.Occupancy, Blocked: c.Blocked, Faulted: c.Faulted, Untested: c.Untested}
}
