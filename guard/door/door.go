// Package door is what the kiosk and the link may ask the guard over their unix sockets, and the client for it.
//
// A frame is a 4-byte big-endian length and that many bytes of strict CBOR (see statement.Decode): at most 8 KiB, or 64 KiB
// for a reply that carries journal records. One request has one reply; a peer sends its next request after the reply. The two
// sockets speak different types: there is nothing the link could send that the kiosk's socket would take, nor the other way round.
package door

import (
	"bytes"
	"slices"
)

// MaxFrame and MaxJournalFrame bound a frame's payload, in bytes.
const (
	MaxFrame        = 8 << 10
	MaxJournalFrame = 64 << 10
)

// KioskRequest is one of the kiosk's twelve verbs. Only the fields of its verb may be set.
type KioskRequest struct {
	Verb         KioskVerb `cbor:"1,keyasint"`
	After        uint64    `cbor:"2,keyasint,omitempty"` // watch
	Code         string    `cbor:"3,keyasint,omitempty"` // code: nine digits; return: ten
	Secret       []byte    `cbor:"4,keyasint,omitempty"` // secret: 16 bytes
	Presentation []byte    `cbor:"5,keyasint,omitempty"` // present: CBOR of a statement.Presentation; cosigned: of a bundle
	Low          bool      `cbor:"6,keyasint,omitempty"` // return: only a low compartment will do
}

// Proper says that no field of another verb is set.
func (q KioskRequest) Proper() bool {
	return (q.After == 0 || q.Verb == Watch) && (q.Code == "" || q.Verb == Code || q.Verb == Return) && (q.Secret == nil || q.Verb == Secret) &&
		(q.Presentation == nil || q.Verb == Present || q.Verb == Cosigned) && (!q.Low || q.Verb == Return)
}

// KioskVerb names what the kiosk asks.
type KioskVerb string

const (
	Watch      KioskVerb = "watch"      // reply when the view's version is no longer After, or after 20 s
	Code       KioskVerb = "code"       // a recipient typed a pickup code
	Secret     KioskVerb = "secret"     // a recipient's QR code was scanned
	Return     KioskVerb = "return"     // a customer typed the code of a return permit
	Larger     KioskVerb = "larger"     // the open compartment is too small for the customer's parcel
	Decline    KioskVerb = "decline"    // the recipient does not want the parcel that their code has been taken for
	Courier    KioskVerb = "courier"    // somebody says they are a courier: a challenge, please
	Technician KioskVerb = "technician" // somebody says they are a technician: a challenge, please
	Override   KioskVerb = "override"   // somebody wants an override: a challenge, please
	Present    KioskVerb = "present"    // a courier's or a technician's device was shown to the scanner
	Cosigned   KioskVerb = "cosigned"   // what several persons signed was shown to the scanner: an override or a lift
	Cancel     KioskVerb = "cancel"     // the person in front gives up; ends a prompt, never an open door; a walk-test goes on with the next door
)

// KioskReply is the short public answer and the view after it.
type KioskReply struct {
	Accepted bool   `cbor:"1,keyasint"`
	Reason   Reason `cbor:"2,keyasint,omitempty"` // why not, in one public word
	Wait     int64  `cbor:"3,keyasint,omitempty"` // ms until it is worth trying again
	View     View   `cbor:"4,keyasint"`
}

// Reason is a public word for a refusal. The journal knows more.
type Reason string

const (
	Malformed   Reason = "malformed"    // not a request this socket knows
	WrongCode   Reason = "wrong code"   // wrong, expired or not here: one answer for all three
	Slow        Reason = "slow"         // too many wrong codes: Wait says how long
	Busy        Reason = "busy"         // somebody else's visit is not over
	CloseDoor   Reason = "close door"   // a door is open: View.OpenDoors says which
	Budget      Reason = "budget"       // too many doors in a short time: Wait says how long
	NotBelieved Reason = "not believed" // certificate, signature, challenge or number
	NotExpected Reason = "not expected" // no manifest here names this parcel
	Full        Reason = "full"         // no empty compartment of that size or larger
	NotHere     Reason = "not here"     // no such parcel in this locker for this carrier
	NotDue      Reason = "not due"      // the parcel's dwell time has not passed
	TimeUnsure  Reason = "time unsure"  // the locker does not know the time well enough
	OutOfOrder  Reason = "out of order" // bus or storage: nothing can be opened now
	Unpaid      Reason = "unpaid"       // the code is right, and what is due for its parcel has not been paid, for all the locker knows
	NotNow      Reason = "not now"      // this wish does not fit what is going on
	Paused      Reason = "paused"       // nothing opens for a while: Wait says how long
	LockedDown  Reason = "locked down"  // the locker protects what is inside until two operators have lifted it
	Jumper      Reason = "jumper"       // the jumper on the guard's board is not set
)

// Stage is where the visit in front of the locker stands.
type Stage string

const (
	Idle   Stage = "idle"
	Press  Stage = "press"  // decided; waiting for a hand on the button
	Pulsed Stage = "pulsed" // the latch was pulsed; the door is not yet seen open
	Open   Stage = "open"   // the door is seen open; waiting for it to close
	Jammed Stage = "jammed" // the door did not open; one more press may be tried
	Say    Stage = "say"    // the door is closed: the courier's or technician's device says what is in there
	ByKey  Stage = "by key" // a walk-test: open this door with the mechanical key
	Done   Stage = "done"   // the door is closed again and the journal has it
	Failed Stage = "failed" // nothing more can be tried; Reason says why
)

// Errand is what the visit is for.
type Errand string

const (
	Collecting  Errand = "collect"
	Depositing  Errand = "deposit"
	Withdrawing Errand = "withdraw"
	Reopening   Errand = "reopen"
	Returning   Errand = "return"   // a customer puts a parcel in
	Overriding  Errand = "override" // two operators and a technician
	Testing     Errand = "test"     // a technician's walk-test
)

// View is everything the kiosk may know: enough to draw its page, and no barcode of anybody who is not standing there.
type View struct {
	Version     uint64   `cbor:"1,keyasint"`
	Locker      string   `cbor:"2,keyasint"`
	Stage       Stage    `cbor:"3,keyasint"`
	Errand      Errand   `cbor:"4,keyasint,omitempty"`
	Compartment uint16   `cbor:"5,keyasint,omitempty"`
	Left        int64    `cbor:"6,keyasint,omitempty"`  // ms until the stage ends by itself; open: until the door has been open too long
	Outcome     string   `cbor:"7,keyasint,omitempty"`  // done, failed: collected · declined · stored · withdrawn · taken out · quarantine · cancelled · jam · no press · emptied · as before · tested
	OpenDoors   []uint16 `cbor:"8,keyasint,omitempty"`  // seen open now
	LeftOpen    bool     `cbor:"9,keyasint,omitempty"`  // one of them for longer than it should
	KeypadWait  int64    `cbor:"10,keyasint,omitempty"` // ms until the next code is judged
	OutOfOrder  string   `cbor:"11,keyasint,omitempty"` // "bus" or "storage": nothing opens now
	Session     *Session `cbor:"12,keyasint,omitempty"`
	Doors       []Door   `cbor:"13,keyasint"`
	PausedFor   int64    `cbor:"14,keyasint,omitempty"` // ms until the pause ends
	LockedDown  uint64   `cbor:"15,keyasint,omitempty"` // the record that began the lockdown
	Override    []byte   `cbor:"16,keyasint,omitempty"` // envelope of the challenge that an override has to answer, to be shown as QR
	Service     *Service `cbor:"17,keyasint,omitempty"`

	OverrideLeft int64 `cbor:"18,keyasint,omitempty"` // ms until Override's challenge is answered no more
	Alone        int64 `cbor:"19,keyasint,omitempty"` // watch: powered ms since the last word from outside, as far as is remembered
}

// Service is a technician's session as the kiosk may show it.
type Service struct {
	Challenge  []byte `cbor:"1,keyasint"`           // envelope of a statement.Challenge, to be shown as QR
	Technician string `cbor:"2,keyasint,omitempty"` // empty until the first answer is believed
	Number     uint32 `cbor:"3,keyasint,omitempty"` // of the last answer taken
	Walking    bool   `cbor:"4,keyasint,omitempty"` // a walk-test goes on
	Tested     uint16 `cbor:"5,keyasint,omitempty"` // doors that passed in this session
	Receipt    []byte `cbor:"6,keyasint,omitempty"` // envelope of a statement.Head at the session's end
	Left       int64  `cbor:"7,keyasint,omitempty"` // ms until the session ends by itself
}

func (s *Service) same(o *Service) bool {
	if s == nil || o == nil {
		return s == o
	}
	return s.Technician == o.Technician && s.Number == o.Number && s.Walking == o.Walking && s.Tested == o.Tested && s.Left <= o.Left &&
		bytes.Equal(s.Challenge, o.Challenge) && bytes.Equal(s.Receipt, o.Receipt)
}

// Same says whether a kiosk would draw both alike: countdowns run by themselves and do not count.
func (v View) Same(o View) bool {
	return v.Stage == o.Stage && v.Errand == o.Errand && v.Compartment == o.Compartment && v.Outcome == o.Outcome &&
		v.LeftOpen == o.LeftOpen && v.OutOfOrder == o.OutOfOrder && (v.KeypadWait > 0) == (o.KeypadWait > 0) && v.Left <= o.Left &&
		(v.PausedFor > 0) == (o.PausedFor > 0) && v.PausedFor <= o.PausedFor && v.LockedDown == o.LockedDown && bytes.Equal(v.Override, o.Override) && v.OverrideLeft <= o.OverrideLeft &&
		slices.Equal(v.OpenDoors, o.OpenDoors) && slices.Equal(v.Doors, o.Doors) && v.Session.same(o.Session) && v.Service.same(o.Service)
}

func (s *Session) same(o *Session) bool {
	if s == nil || o == nil {
		return s == o
	}
	return s.Courier == o.Courier && s.Number == o.Number && s.Parcel == o.Parcel && s.Stored == o.Stored && s.TakenBack == o.TakenBack &&
		bytes.Equal(s.Challenge, o.Challenge) && bytes.Equal(s.Receipt, o.Receipt) && s.Left <= o.Left &&
		slices.Equal(s.Overdue, o.Overdue) && slices.Equal(s.Uncertain, o.Uncertain)
}

// Door is one door of the front as the kiosk may draw it. Whether a closed compartment holds a parcel is nobody's business.
type Door struct {
	Number uint16 `cbor:"1,keyasint"`
	Size   uint8  `cbor:"2,keyasint"`
	Low    bool   `cbor:"3,keyasint,omitempty"`
	Broken bool   `cbor:"4,keyasint,omitempty"` // faulted
}

// Session is a courier's session as the kiosk may show it.
type Session struct {
	Challenge []byte   `cbor:"1,keyasint"`            // envelope of a statement.Challenge, to be shown as QR
	Courier   string   `cbor:"2,keyasint,omitempty"`  // empty until the first answer is believed
	Number    uint32   `cbor:"3,keyasint,omitempty"`  // of the last answer taken
	Parcel    string   `cbor:"4,keyasint,omitempty"`  // the parcel in hand
	Stored    uint32   `cbor:"5,keyasint,omitempty"`  // deposits of this session
	TakenBack uint32   `cbor:"6,keyasint,omitempty"`  // withdrawals of this session
	Overdue   []string `cbor:"7,keyasint,omitempty"`  // parcels this carrier may take back now
	Uncertain []string `cbor:"8,keyasint,omitempty"`  // this carrier's parcels in quarantine; "" for unknown content
	Receipt   []byte   `cbor:"9,keyasint,omitempty"`  // envelope of a statement.Head at the session's end, to be shown as QR
	Left      int64    `cbor:"10,keyasint,omitempty"` // ms until the session ends by itself
}

// LinkRequest is one of the link's six verbs. None of them opens anything. Only the fields of its verb may be set.
type LinkRequest struct {
	Verb      LinkVerb `cbor:"1,keyasint"`
	After     uint64   `cbor:"2,keyasint,omitempty"` // records: the last one the hub has
	Number    uint64   `cbor:"3,keyasint,omitempty"` // down: its place in the stream
	Statement []byte   `cbor:"4,keyasint,omitempty"` // down, receipt: an envelope; persons: a bundle
}

// Proper says that no field of another verb is set.
func (q LinkRequest) Proper() bool {
	return (q.After == 0 || q.Verb == Records) && (q.Number == 0 || q.Verb == Down) &&
		(q.Statement == nil || q.Verb == Down || q.Verb == Receipt || q.Verb == Persons)
}

// LinkVerb names what the link asks.
type LinkVerb string

const (
	Hello   LinkVerb = "hello"   // who is this, and where do the two streams stand
	Records LinkVerb = "records" // a stretch after a record, as much as fits a frame; waits up to 20 s for a first one
	Beat    LinkVerb = "head"    // a fresh head
	Down    LinkVerb = "down"    // the next statement of the down stream
	Receipt LinkVerb = "receipt" // a time key's receipt; these are not numbered
	Persons LinkVerb = "persons" // what several persons signed: a charter or a lift; not numbered either
)

// LinkReply answers the link.
type LinkReply struct {
	Accepted bool   `cbor:"1,keyasint"`
	Reason   string `cbor:"2,keyasint,omitempty"`
	Locker   string `cbor:"3,keyasint,omitempty"` // hello
	Position uint64 `cbor:"4,keyasint,omitempty"` // hello: last record
	First    uint64 `cbor:"5,keyasint,omitempty"` // hello: oldest record still here
	Down     uint64 `cbor:"6,keyasint,omitempty"` // hello, down: last statement taken or refused
	Stretch  []byte `cbor:"7,keyasint,omitempty"` // records, head: CBOR of a journal.Stretch
}
