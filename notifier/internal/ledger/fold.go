package ledger

import (
	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/notifier/internal/text"
)

// deposit is one stay of a parcel behind one door, from its record "stored" on.
type deposit struct {
	Locker      string
	Guard       uint64 // which of the locker's guards wrote the record, from 1
	Record      uint64
	Barcode     string
	Compartment uint16
	StoredAt    int64 // µs UTC, 0 while the locker did not know the time
	Due         int64 // µs UTC, 0 while unknown
	Door        door
	Opened      bool // seen open since Door was set
	Unsure      bool // quarantined
	Overdue     bool
	Declined    bool   // its recipient does not want it
	Unpaid      bool   // its guard asks for a payment beside the code, and has heard of none
	CodeRecord  uint64 // the record that sealed its code: "stored", or the last "reissued"
	Reissues    int
	Reason      string // why operators last opened its door
	Ended       string
	EndedAt     int64
}

// door is what a door was last opened for, until that has come to its end.
type door string

const (
	shut        door = ""
	collecting  door = "collecting"
	withdrawing door = "withdrawing"
	reopening   door = "reopening"
	overriding  door = "overriding"
)

// quiet says that nobody may be reminded: the parcel may be gone already, or its time is over.
func (d deposit) quiet() bool {
	return d.Ended != "" || d.Door == collecting || d.Unsure || d.Overdue || d.Declined
}

// A meaning is what one kind of record does to the deposit behind its door.
type meaning struct {
	door     door      // the door is opened for this from now on
	seen     bool      // the door is seen open
	failed   bool      // what the door was opened for has not come about
	ended    string    // the stay has ended so
	unsure   bool      // nobody knows what is behind the door
	overdue  bool      // its carrier may take it back
	declined bool      // its recipient does not want it
	paid     bool      // its code alone opens it from now on
	tells    text.Kind // the recipient is told
}

// meanings has a row for every kind of record that says something of one door. "stored" begins a stay, and what has a function
// of its own in apply is not here either.
var meanings = map[journal.Kind]meaning{
	journal.CollectIntent:  {door: collecting},
	journal.WithdrawIntent: {door: withdrawing},
	journal.ReopenIntent:   {door: reopening},
	journal.OverrideIntent: {door: overriding},
	journal.Opened:         {seen: true},
	journal.Collected:      {ended: "collected", tells: text.Collected},
	journal.Withdrawn:      {ended: "withdrawn", tells: text.Withdrawn},
	journal.TakenOut:       {ended: "taken out", tells: text.Cleared},
	journal.Overridden:     {tells: text.Override}, // and more where To says EMPTY
	journal.CollectFailed:  {failed: true},
	journal.WithdrawFailed: {failed: true},
	journal.ReopenFailed:   {failed: true},
	journal.OverrideFailed: {failed: true},
	journal.Quarantined:    {unsure: true, tells: text.Unsure},
	journal.Tested:         {tells: text.Tested}, // a door with a parcel behind it: by the mechanical key
	journal.Overdue:        {overdue: true},
	journal.Declined:       {declined: true, tells: text.Declined},
	journal.Paid:           {paid: true},
}

// silent are the kinds of record of which no recipient is told, on purpose.
var silent = []journal.Kind{
	journal.Provisioned, journal.Booted, journal.Ticked, journal.TimeSet, journal.Checkpoint, // the guard's own
	journal.Took, journal.Refused, journal.Paused, journal.Blocked, journal.Unblocked, journal.Revoked, journal.Permitted, journal.Refusals, // nothing opens by them
	journal.DepositIntent, journal.DepositFailed, // nobody's parcel yet
	journal.PulseAgain, journal.TestIntent, journal.Faulted, journal.Alarm, journal.WrongCode, // an opening says so by another record
	journal.Serviced, journal.Commissioned,
}

// fold is the deposit after a record that names its compartment, and what the recipient is to be told ("" for nothing).
func (d deposit) fold(r journal.Record, at int64) (deposit, text.Kind) {
	m, known := meanings[r.Kind]
	if !known || d.Ended != "" {
		return d, ""
	}
	tells := m.tells
	if r.Kind == journal.Overridden {
		if d.Door = shut; r.To == emptied {
			m.ended, tells = "overridden", text.Removed
		}
	}
	switch {
	case m.door != shut:
		d.Door, d.Opened, d.Reason = m.door, false, r.Reason
	case m.failed:
		d, tells = d.fail(r.Reason)
	case m.ended != "":
		d.Ended, d.EndedAt, d.Door = m.ended, at, shut
	}
	d.Opened = d.Opened || m.seen
	d.Unsure = d.Unsure || m.unsure
	d.Overdue = d.Overdue || m.overdue
	d.Declined = d.Declined || m.declined
	d.Unpaid = d.Unpaid && !m.paid
	return d, tells
}

// emptied is the guard's word for a compartment with nothing behind its door.
const emptied = "EMPTY"

// fail is a door's errand without its result. After a crash nobody knows whether the door was open: it counts as an opening
// that the recipient is told of, and who may have the parcel already is not reminded ("opened, closing not seen").
func (d deposit) fail(reason string) (deposit, text.Kind) {
	maybeOpen := d.Opened || reason == "crash"
	errand := d.Door
	if errand == collecting && maybeOpen && reason != "not taken" && reason != "declined" {
		return d, text.Opened
	}
	d.Door = shut
	switch {
	case errand == shut || !maybeOpen, reason == "declined": // of that the next record tells
		return d, ""
	case errand == collecting: // a sensor sees the parcel behind the closed door
		return d, text.Left
	case errand == overriding:
		return d, text.Override
	}
	return d, text.Staff
}

// begin is the stay that a record "stored" begins. Where the guard did not yet know its deadline, the lower bound of the
// time gives one that cannot be too late.
func begin(f *follow, r journal.Record) deposit {
	d := deposit{Locker: f.id, Guard: f.guards, Record: r.Number, Barcode: r.Parcel, Compartment: r.Compartment, StoredAt: r.Low, CodeRecord: r.Number, Unpaid: statement.Policy(r.Policy) == statement.CodeAndPaid}
	d.Due = d.dueBy(r)
	return d
}

// dueBy is the deadline that a record gives.
func (d deposit) dueBy(r journal.Record) int64 {
	if r.Due == 0 && d.StoredAt > 0 && r.Dwell > 0 {
		return d.StoredAt + int64(r.Dwell)*3600*1e6
	}
	return r.Due
}
