// Package fleet knows the lockers: where they stand, how their lines are, which compartments they have as their records tell,
// how much room is free, what is alarming about them, and the latest receipts for them.
package fleet

import (
	"time"

	"lockstep/guard/statement"
	"lockstep/internal/db"
	"lockstep/parcel"
)

// SilentAfter is how long after its last head a locker counts as offline.
const SilentAfter = 3 * time.Minute

// WithheldAfter is how long a head may be ahead of the records before that is an alarm. Heads come every minute: with that, a
// record that does not come is an alarm within the five minutes of doors.md R15.
const WithheldAfter = 3 * time.Minute

// StalledAfter is how long heads may come without a record.
const StalledAfter = 15 * time.Minute

// Config is what the room stands on.
type Config struct {
	DB      *db.DB
	Now     func() time.Time
	Charter statement.Charter
	Ring    func(locker string) // called after something new waits for a locker; may be nil
}

// Fleet is the room.
type Fleet struct{ Config }

// New opens the room.
func New(c Config) *Fleet {
	if c.Ring == nil {
		c.Ring = func(string) {}
	}
	return &Fleet{c}
}

// State is how far a locker has come.
type State string

const (
	Expected    State = "new"         // added; nobody has used its enrolment code
	Enrolled    State = "enrolled"    // its link has a certificate
	Provisioned State = "provisioned" // its guard's first record has come: its compartments are known
)

// Line is how the hub hears from a locker.
type Line string

const (
	Online  Line = "online"  // a head came in the last three minutes
	Offline Line = "offline" // one came, but longer ago
	Never   Line = "never"   // none yet
)

// Locker is one machine at one site.
type Locker struct {
	ID, Name, Address   string
	Zone                string // IANA time zone
	Latitude, Longitude float64
	State               State
	Line                Line
	Since               int64  // since when Line holds, µs UTC
	Heard               int64  // when the last head came, µs UTC; 0 for never. How old all that is said about the locker is.
	Moved               int64  // when the last records came, µs UTC; 0 for never. How old all that is said of its guard and its doors is.
	Behind              bool   // its heads are ahead of its records
	Position, Head      uint64 // records received; records the guard says it has
	Down                uint64 // last down statement the guard has taken
	Guards              uint64 // how many guards it has had; each wrote a journal of its own
	Standing            Standing
	Certificate         [][]byte // envelopes of the statement.Locker; nil until provisioned
	Room                []Room   // by size, smallest first; empty until provisioned
	Created             int64
}

// Room is how much of one size a locker has. Empty counts compartments that are empty and take deposits; Free is what may
// still be promised: Empty − Reserved, never below 0.
type Room struct {
	Size                         parcel.Size
	Total, Empty, Reserved, Free int
}

// Compartment is one door and the space behind it, as the records tell.
type Compartment struct {
	Number   uint16
	Size     parcel.Size
	Low      bool
	Board    uint8 // index in the locker certificate
	State    CompartmentState
	Faulted  bool
	Blocked  bool   // takes no deposits
	Untested bool   // its board was exchanged and no technician has tried the door since
	Parcel   string // barcode, empty when none is known inside
	Record   uint64 // the last record that changed it
}

// CompartmentState is as in the guard (doors.md R4).
type CompartmentState string

const (
	Empty      CompartmentState = "EMPTY"
	Intent     CompartmentState = "INTENT"
	Occupied   CompartmentState = "OCCUPIED"
	Collecting CompartmentState = "COLLECTING"
	Quarantine CompartmentState = "QUARANTINE"
)

// NewLocker is what it takes to add a locker.
type NewLocker struct {
	ID, Name, Address, Zone string
	Latitude, Longitude     float64
}

// Alarm is something about a locker that a person should look at. One of a kind, reason, compartment and parcel is
// open at a time.
type Alarm struct {
	ID          string
	Locker      string
	Kind        AlarmKind
	Reason      string
	Compartment uint16 // 0 when none is meant
	Record      uint64 // 0 when no record proves it
	Raised      int64
	Evidence    []byte // what proves it where no record does, as it came; a list leaves it out
	Proven      bool   // there is evidence
	Taken       int64  // when somebody took it upon themselves; 0 for nobody yet
	TakenBy     string
	Ended       int64 // 0 while it is open
	EndedBy     string
	Parcel      string // barcode of the one that it is about; empty where it is about none
	Note        string // what the parcel's recipient wrote; gone with the alarm's end
}

// AlarmKind sorts alarms.
type AlarmKind string

const (
	Silent        AlarmKind = "silent"        // no head for SilentAfter
	Withheld      AlarmKind = "withheld"      // heads are ahead of the records for WithheldAfter
	Stalled       AlarmKind = "stalled"       // heads come and no records, for StalledAfter: an idle guard writes one every ten minutes
	Broken        AlarmKind = "broken"        // an upload did not verify; Reason is the journal.Break's: gap, fork, chain, head; or "rolled back"
	Contradiction AlarmKind = "contradiction" // a record that does not fit what the hub knows, or the one before
	Altered       AlarmKind = "altered"       // what is stored is not what the records say
	LockedDown    AlarmKind = "lockdown"      // the guard's; ends with its lift
	Overriding    AlarmKind = "override"      // two operators and a technician have opened a compartment
	Refusing      AlarmKind = "refusals"      // the guard refused much in ten minutes
	FromGuard     AlarmKind = "guard"         // the guard's own alarm record
	Quarantined   AlarmKind = "quarantined"
	Faulted       AlarmKind = "faulted"
	Reported      AlarmKind = "reported" // a parcel's recipient says that something is wrong: Reason is the parcel.Trouble
)

// Want is room for one parcel.
type Want struct {
	Barcode string
	Size    parcel.Size
}
