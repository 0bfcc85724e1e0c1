// Package journal is the guard's append-only record log: what a record says, how records are chained, how the chain is kept
// in files and how anybody verifies a stretch of it.
//
// A record is a public part and the SHA-256 of a salted private part. The chain hash of a record is the SHA-256 of its public
// encoding, which holds the chain hash of the record before it and the hash of its own private part. Private parts (code
// HMACs, checkpoints) never leave the guard.
package journal

import (
	"crypto/sha256"
	"slices"
	"strings"
	"unicode"

	"lockstep/guard/statement"
)

// Kind says what a record records. Which fields a kind fills stands beside it.
type Kind string

const (
	Provisioned Kind = "provisioned" // Charter, Certificate: the first record of every journal
	Booted      Kind = "booted"      // Boot counts up; Until is the powered time (µs) of the last record before
	Ticked      Kind = "ticked"      // ten minutes in which nothing else was written
	TimeSet     Kind = "time set"    // Low and High are new; Statement and Down say which receipt completed the pair
	Took        Kind = "took"        // a down statement was believed: Statement, Down, and what follows from it
	Refused     Kind = "refused"     // a genuine down statement that cannot be followed: Statement, Down, Reason

	DepositIntent  Kind = "deposit intent"  // Compartment, Parcel, Carrier, Courier, Dwell, Policy; Credential "permit" for a customer's: written before the pulse
	Stored         Kind = "stored"          // + Sealed (Due when the time is known, Policy while what it asks for is outstanding); private: the code's HMACs. A customer's has neither
	DepositFailed  Kind = "deposit failed"  // + Reason: jam · cancelled · too small · not empty · crash; To says EMPTY or QUARANTINE
	CollectIntent  Kind = "collect intent"  // Compartment, Parcel, Credential: code · qr · grace; written before the pulse
	Collected      Kind = "collected"       // the door is seen closed again
	CollectFailed  Kind = "collect failed"  // + Reason: jam · crash · not taken · declined; the parcel is where it was
	Declined       Kind = "declined"        // Compartment, Parcel, Credential: whoever had its code does not want it; nothing else changes
	WithdrawIntent Kind = "withdraw intent" // Compartment, Parcel, Carrier, Courier: written before the pulse
	Withdrawn      Kind = "withdrawn"       // the door is seen closed again
	WithdrawFailed Kind = "withdraw failed" // + Reason
	ReopenIntent   Kind = "reopen intent"   // a quarantined compartment: Compartment, Parcel, Carrier, Courier
	TakenOut       Kind = "taken out"       // the courier says the quarantined compartment is empty now
	ReopenFailed   Kind = "reopen failed"   // + Reason; still QUARANTINE
	PulseAgain     Kind = "pulse again"     // a jam's further press: Compartment; written before the pulse
	Opened         Kind = "opened"          // the switch is seen open after a pulse: Compartment
	Overdue        Kind = "overdue"         // Compartment, Parcel: from now on its carrier may take it back
	Quarantined    Kind = "quarantined"     // Compartment, Reason: uncommanded · left open
	Faulted        Kind = "faulted"         // Compartment, Reason: the door is not to be used until a technician has seen it
	OverrideIntent Kind = "override intent" // Compartment, Parcel, Persons, Reason, Statement: written before the pulse
	Overridden     Kind = "overridden"      // + To: EMPTY where the technician confirms it, else as before
	OverrideFailed Kind = "override failed" // + Reason: jam · crash · unsaid; as before
	TestIntent     Kind = "test intent"     // Compartment (an empty one), Persons: written before the pulse
	Tested         Kind = "tested"          // Compartment, Parcel, Persons: the door opened and closed before a technician; it is no longer faulted
	Serviced       Kind = "serviced"        // Reason: begun · ended; Persons: a technician's session
	Commissioned   Kind = "commissioned"    // Index, Board, Persons: how an exchanged board is read; its doors wait for a walk-test
	Paused         Kind = "paused"          // Down, Statement, Until: powered time at which it ends
	Blocked        Kind = "blocked"         // Down, Statement, Compartments
	Unblocked      Kind = "unblocked"       // Down, Statement, Compartments
	Extended       Kind = "extended"        // Down, Statement, Compartment, Parcel, Dwell, Due
	Reissued       Kind = "reissued"        // Down, Statement, Compartment, Parcel, Sealed; private: the new code's HMACs, the old ones are dead
	Paid           Kind = "paid"            // Statement, Compartment, Parcel: what was due for it has been paid
	Revoked        Kind = "revoked"         // Down, Statement, Carrier, Key, Until (µs UTC): no answer of this courier's key is believed
	Permitted      Kind = "permitted"       // Down, Statement, Parcel, Carrier, Until (µs UTC); private: the permit's code
	Chartered      Kind = "chartered"       // Charter: it replaces the one before
	Lockdown       Kind = "lockdown"        // Reason, Compartment where one is meant: no occupied compartment opens until a lift
	Lifted         Kind = "lifted"          // Persons, Statement, Reason
	Refusals       Kind = "refusals"        // Counts: what was refused since the last of these
	Alarm          Kind = "alarm"           // Reason, Compartment where one is meant
	WrongCode      Kind = "wrong code"      // a keypad code that opens nothing; counted before it is answered
	Checkpoint     Kind = "checkpoint"      // private: the whole state; older segments may go after a receipt and 90 days
)

// Kinds is every kind there is.
var Kinds = []Kind{Provisioned, Booted, Ticked, TimeSet, Took, Refused, DepositIntent, Stored, DepositFailed, CollectIntent, Collected, CollectFailed, WithdrawIntent, Withdrawn, WithdrawFailed, ReopenIntent, TakenOut, ReopenFailed, PulseAgain, Opened, Overdue, Quarantined, Faulted,
	OverrideIntent, Overridden, OverrideFailed, TestIntent, Tested, Serviced, Commissioned, Paused, Blocked, Unblocked, Extended, Reissued, Paid, Revoked, Permitted, Chartered,
	Lockdown, Lifted, Refusals, Alarm, WrongCode, Checkpoint}

// Record is the public part of one journal line.
type Record struct {
	Number  uint64         `cbor:"1,keyasint"`
	Prev    statement.Hash `cbor:"2,keyasint"` // chain hash of the record before; zero for the first
	Boot    uint64         `cbor:"3,keyasint"`
	Powered int64          `cbor:"4,keyasint"` // µs this locker has been powered, ever
	Low     int64          `cbor:"5,keyasint"` // lower bound of the time, µs UTC
	High    int64          `cbor:"6,keyasint"` // upper bound, 0 while unknown
	Kind    Kind           `cbor:"7,keyasint"`

	Compartment uint16   `cbor:"10,keyasint,omitempty"`
	Parcel      string   `cbor:"11,keyasint,omitempty"` // barcode
	Carrier     string   `cbor:"12,keyasint,omitempty"`
	Courier     string   `cbor:"13,keyasint,omitempty"`
	Reason      string   `cbor:"14,keyasint,omitempty"`
	Credential  string   `cbor:"15,keyasint,omitempty"`
	To          string   `cbor:"16,keyasint,omitempty"` // compartment state after, where the kind leaves it open
	Dwell       uint16   `cbor:"17,keyasint,omitempty"` // hours
	Due         int64    `cbor:"18,keyasint,omitempty"` // µs UTC
	Sealed      []byte   `cbor:"19,keyasint,omitempty"` // a statement.SealedCode, HPKE to the notifier
	Down        uint64   `cbor:"20,keyasint,omitempty"` // number in the down stream
	Statement   []byte   `cbor:"21,keyasint,omitempty"` // SHA-256 of the envelope
	Until       int64    `cbor:"22,keyasint,omitempty"`
	Charter     [][]byte `cbor:"23,keyasint,omitempty"` // envelopes
	Certificate [][]byte `cbor:"24,keyasint,omitempty"` // envelopes
	Policy      uint8    `cbor:"25,keyasint,omitempty"`

	Persons      []statement.Person `cbor:"26,keyasint,omitempty"` // who signed, as the charter names them
	Compartments []uint16           `cbor:"27,keyasint,omitempty"`
	Key          []byte             `cbor:"28,keyasint,omitempty"` // a statement.KeyID
	Index        uint8              `cbor:"29,keyasint,omitempty"` // of a board in the locker certificate
	Board        *statement.Board   `cbor:"30,keyasint,omitempty"`
	Counts       []Count            `cbor:"31,keyasint,omitempty"`

	Private []byte `cbor:"40,keyasint,omitempty"` // SHA-256 of the salted private part
}

// maxText bounds each text of a record, in bytes: an override's reason is the longest.
const maxText = 512

// proper says whether every text of the record is one printable line, as all that a guard writes are. Whoever reads another's
// journal asks: what a guard signs is not always what a guard would write.
func (r Record) proper() bool {
	texts := []string{string(r.Kind), r.Parcel, r.Carrier, r.Courier, r.Reason, r.Credential, r.To}
	for _, p := range r.Persons {
		texts = append(texts, string(p))
	}
	for _, c := range r.Counts {
		texts = append(texts, c.What)
	}
	if r.Board != nil {
		texts = append(texts, r.Board.Line, r.Board.Family)
	}
	return !slices.ContainsFunc(texts, func(s string) bool { return len(s) > maxText || strings.ContainsFunc(s, unprintable) })
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// Count is how often one thing was refused.
type Count struct {
	What string `cbor:"1,keyasint"`
	N    uint32 `cbor:"2,keyasint"`
}

// Encode is the record's canonical CBOR: what is hashed, stored and sent.
func (r Record) Encode() []byte { return statement.Encode(r) }

// Hash is the record's chain hash.
func (r Record) Hash() statement.Hash { return hash(r.Encode()) }

func hash(encoded []byte) statement.Hash { return sha256.Sum256(encoded) }

// Decode reads one record's canonical CBOR.
func Decode(data []byte) (Record, error) {
	var r Record
	err := statement.Decode(data, &r)
	return r, err
}
