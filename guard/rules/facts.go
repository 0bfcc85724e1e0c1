package rules

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// Microseconds of powered or wall time.
const (
	Second = int64(1e6)
	Minute = 60 * Second
	Hour   = 60 * Minute
	Day    = 24 * Hour
)

// MAC is an HMAC-SHA-256 under the guard's own key.
type MAC [32]byte

// Facts is everything the guard knows for good: the fold of its journal.
type Facts struct {
	Position journal.Position
	Boot     uint64
	Powered  int64 // of the last record
	Low      int64 // bounds of the time at Powered, µs UTC; High is 0 while unknown
	High     int64
	TimeSet  int64 // powered time of the last agreement of two receipts

	Charter      [][]byte // the newest
	Certificate  [][]byte
	Network      statement.Charter
	Locker       statement.Locker
	Wiring       []statement.Board // the certificate's, as commissioned since
	Compartments []Compartment
	Expected     []Expected
	Permits      []Permit
	Revoked      []Revocation
	Down         uint64 // last numbered statement taken or refused
	DownPace     int64  // see downWait
	Openings     []Opening
	Paces        [classes]int64 // see budget.go
	WrongCodes   []int64        // powered times, last 24 h
	DeadCodes    []DeadCode     // last 30 powered days
	Reissues     []int64        // powered times, last hour
	Pauses       []Span         // last 72 powered hours
	Forced       Forced         // the last one
	Lockdown     Lockdown       // the one that stands, if any
}

// Expected is a parcel that a manifest allows couriers of one carrier to put in.
type Expected struct {
	statement.Expected
	Carrier string
	Until   int64 // µs UTC
}

// Opening is one pulse, as the budgets count it.
type Opening struct {
	Powered int64
	Class   Class
}

// DeadCode is a code that no longer opens anything and may not be born again yet.
type DeadCode struct {
	Code    MAC
	Powered int64
}

// codeMACs is the private part of a Stored and of a Reissued record.
type codeMACs struct {
	Code   MAC `cbor:"1,keyasint"`
	Secret MAC `cbor:"2,keyasint"`
}

// Fold applies one entry. An error means that the journal holds what these rules cannot have written.
func (f Facts) Fold(e journal.Entry) (Facts, error) {
	r := e.Record
	if r.Number != f.Position.Number+1 && r.Kind != journal.Checkpoint {
		return f, fmt.Errorf("record %d follows record %d", r.Number, f.Position.Number)
	}
	if r.Kind == journal.Checkpoint {
		return f.restore(e)
	}
	f.Position = journal.Position{Number: r.Number, Hash: r.Hash()}
	f.Boot, f.Powered, f.Low, f.High = r.Boot, r.Powered, max(f.Low, r.Low), r.High
	if r.Down > 0 {
		f.Down, f.DownPace = r.Down, max(f.DownPace, r.Powered)+downInterval
	}
	switch r.Kind {
	case journal.Provisioned:
		return f.provision(r)
	case journal.Chartered:
		return f.charter(r)
	case journal.TimeSet:
		f.TimeSet = r.Powered
	case journal.Took:
		return f.take(e)
	case journal.Permitted:
		return f.permit(e)
	case journal.Revoked:
		if len(r.Key) != len(statement.KeyID{}) {
			return f, fmt.Errorf("record %d: it names no key", r.Number)
		}
		f.Revoked = append(f.revoked(r.Low), Revocation{r.Carrier, statement.KeyID(r.Key), r.Until})
	case journal.Paused:
		f.Pauses = f.pausesWith(r.Powered, r.Until)
	case journal.Blocked, journal.Unblocked:
		f.block(r)
	case journal.Commissioned:
		return f, f.commission(r)
	case journal.Lockdown:
		f.Lockdown = Lockdown{f.Position.Number, f.Position.Hash, r.Reason}
	case journal.Lifted:
		f.Lockdown = Lockdown{}
	case journal.WrongCode:
		f.WrongCodes = append(since(f.WrongCodes, r.Powered-Day), r.Powered)
	case journal.Booted, journal.Ticked, journal.Refused, journal.Refusals, journal.Serviced, journal.Alarm:
	default:
		return f.foldDoor(e)
	}
	return f, nil
}

// provision reads what this guard is made of: at first, and again (a bank was added, say) while every compartment is empty.
func (f Facts) provision(r journal.Record) (Facts, error) {
	charter, locker, err := Provisioning(r.Charter, r.Certificate)
	if err != nil {
		return f, err
	}
	if f.Locker.ID != "" {
		if err := f.mayProvisionAgain(charter, locker); err != nil {
			return f, err
		}
	}
	f.Charter, f.Certificate, f.Network, f.Locker = r.Charter, r.Certificate, charter, locker
	before := f
	f.Wiring, f.Compartments = locker.Boards, nil
	for _, c := range locker.Compartments {
		f.Compartments = append(f.Compartments, Compartment{Number: c.Number, Size: c.Size, Low: c.Low, Board: c.Board,
			Channel: c.Channel, Occupancy: Empty})
	}
	f.keep(before.Compartments)
	return f, nil
}

// keep carries over what a description of the locker does not say: codes that are dead, doors that are blocked, faulted or untested.
func (f *Facts) keep(before []Compartment) {
	for _, c := range before {
		f.bury(&c)
		if i := f.find(c.Number); i >= 0 {
			now := &f.Compartments[i]
			now.Blocked, now.Faulted, now.Untested = c.Blocked, c.Faulted, c.Untested
		}
	}
}

func (f *Facts) mayProvisionAgain(charter statement.Charter, locker statement.Locker) error {
	switch {
	case !bytes.Equal(statement.Encode(charter), statement.Encode(f.Network)):
		return errors.New("this guard has another charter")
	case locker.ID != f.Locker.ID || !locker.Guard.Equal(f.Locker.Guard):
		return errors.New("the certificate is another locker's")
	case f.Lockdown.Record != 0:
		return errors.New("the locker is in lockdown: it has to be lifted first")
	}
	for _, c := range f.Compartments {
		if c.Occupancy != Empty {
			return fmt.Errorf("compartment %d is not empty (%s)", c.Number, c.Occupancy)
		}
	}
	return nil
}

// Provisioning verifies a charter and a locker certificate under it.
func Provisioning(charter, certificate [][]byte) (statement.Charter, statement.Locker, error) {
	network, err := statement.VerifyCharter(charter)
	if err != nil {
		return network, statement.Locker{}, err
	}
	locker, err := statement.VerifyAll[statement.Locker](certificate, network.Provisioning)
	if err == nil && locker.Network != network.Network {
		err = fmt.Errorf("the locker belongs to network %q, the charter to %q", locker.Network, network.Network)
	}
	return network, locker, err
}

// charter replaces the charter. The locker's certificate was believed under the one of its time and stays.
func (f Facts) charter(r journal.Record) (Facts, error) {
	next, err := statement.VerifyNextCharter(r.Charter, f.Network)
	if err != nil {
		return f, err
	}
	f.Charter, f.Network = r.Charter, next
	if next.SetBack > 0 {
		f.Low, f.High = min(f.Low, next.SetBack), 0
	}
	return f, nil
}

// take folds a manifest that was believed. Its expected parcels are the entry's private part: the hub wrote them and need not
// read them back.
func (f Facts) take(e journal.Entry) (Facts, error) {
	var more []Expected
	if err := cbor.Unmarshal(e.Data(), &more); err != nil {
		return f, err
	}
	f.Expected = f.expectedWith(more, f.Low)
	return f, nil
}

// expectedWith is what is expected once more is, without what is over by the lower bound of the time.
func (f *Facts) expectedWith(more []Expected, low int64) []Expected {
	kept := slices.DeleteFunc(slices.Clone(f.Expected), func(x Expected) bool {
		return x.Until < low || slices.ContainsFunc(more, func(m Expected) bool { return m.Barcode == x.Barcode })
	})
	return append(kept, more...)
}

func (f *Facts) find(number uint16) int {
	return slices.IndexFunc(f.Compartments, func(c Compartment) bool { return c.Number == number })
}

// checkpoint is the private part of a Checkpoint record: all facts, from which charter and certificate are read again.
func (f Facts) checkpoint() []byte {
	f.Network, f.Locker = statement.Charter{}, statement.Locker{}
	return statement.Encode(f)
}

func (f Facts) restore(e journal.Entry) (Facts, error) {
	before := f.Position
	r := e.Record
	var g Facts
	mode, err := cbor.DecOptions{MaxArrayElements: 1 << 20}.DecMode()
	if err != nil {
		return f, err
	}
	if err := mode.Unmarshal(e.Data(), &g); err != nil {
		return f, err
	}
	if err := g.reread(); err != nil {
		return f, err
	}
	if before.Number != 0 && before != g.Position {
		return f, fmt.Errorf("the checkpoint at record %d holds another state", r.Number)
	}
	g.Position = journal.Position{Number: r.Number, Hash: r.Hash()}
	g.Boot, g.Powered, g.Low, g.High = r.Boot, r.Powered, max(g.Low, r.Low), r.High
	return g, nil
}

// reread fills in charter and certificate. The checkpoint is this guard's own word: both were verified when they were taken,
// the charter by roots of before too, the certificate perhaps under an earlier charter.
func (f *Facts) reread() (err error) {
	if len(f.Charter) == 0 || len(f.Certificate) == 0 {
		return errors.New("a checkpoint without charter or certificate")
	}
	if f.Network, err = statement.ReadUnverified[statement.Charter](f.Charter[0]); err != nil {
		return err
	}
	f.Locker, err = statement.ReadUnverified[statement.Locker](f.Certificate[0])
	return err
}

func since(times []int64, from int64) []int64 {
	return slices.DeleteFunc(slices.Clone(times), func(t int64) bool { return t <= from })
}
