package rules

import (
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

	Charter      [][]byte
	Certificate  [][]byte
	Network      statement.Charter
	Locker       statement.Locker
	Compartments []Compartment
	Expected     []Expected
	Down         uint64 // last numbered statement taken or refused
	Openings     []Opening
	Paces        [classes]int64 // see budget.go
	WrongCodes   []int64        // powered times, last 24 h
	DeadCodes    []DeadCode     // last 30 powered days
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

// codeMACs is the private part of a Stored record.
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
	switch r.Kind {
	case journal.Provisioned:
		return f.provision(r)
	case journal.TimeSet:
		f.TimeSet = r.Powered
	case journal.Took:
		f.Down = r.Down
		return f.take(e)
	case journal.Refused:
		f.Down = r.Down
	case journal.WrongCode:
		f.WrongCodes = append(since(f.WrongCodes, r.Powered-Day), r.Powered)
	case journal.Booted, journal.Ticked, journal.Alarm:
	default:
		return f.foldDoor(e)
	}
	return f, nil
}

func (f Facts) provision(r journal.Record) (Facts, error) {
	charter, locker, err := Provisioning(r.Charter, r.Certificate)
	if err != nil {
		return f, err
	}
	f.Charter, f.Certificate, f.Network, f.Locker = r.Charter, r.Certificate, charter, locker
	f.Compartments = nil
	for _, c := range locker.Compartments {
		f.Compartments = append(f.Compartments, Compartment{Number: c.Number, Size: c.Size, Low: c.Low, Board: c.Board,
			Channel: c.Channel, Occupancy: Empty})
	}
	return f, nil
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

// take folds a down statement that was believed. Its expected parcels are the entry's private part: the hub wrote them and
// need not read them back.
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

func (f Facts) foldDoor(e journal.Entry) (Facts, error) {
	r := e.Record
	i := f.find(r.Compartment)
	if i < 0 {
		return f, fmt.Errorf("record %d: there is no compartment %d", r.Number, r.Compartment)
	}
	f.Compartments = slices.Clone(f.Compartments)
	c := &f.Compartments[i]
	if r.Kind == journal.Faulted {
		c.Faulted = true
		return f, nil
	}
	next, ok := Next(c.Occupancy, r.Kind, r.To)
	if !ok {
		return f, fmt.Errorf("record %d: %q does not follow from %s", r.Number, r.Kind, c.Occupancy)
	}
	f.countOpening(r, c)
	err := f.foldCompartment(c, e)
	c.Occupancy = next
	return f, err
}

func (f *Facts) foldCompartment(c *Compartment, e journal.Entry) error {
	r := e.Record
	switch r.Kind {
	case journal.DepositIntent:
		f.bury(c)
		c.clear()
		c.Parcel, c.Carrier, c.Courier, c.Dwell = r.Parcel, r.Carrier, r.Courier, r.Dwell
	case journal.ReopenIntent:
		c.ViaReopen, c.OpenedSeen, c.Courier = true, false, r.Courier
	case journal.Stored:
		return f.store(c, e)
	case journal.DepositFailed:
		f.failDeposit(c, r)
	case journal.CollectIntent, journal.WithdrawIntent:
		c.ForCarrier, c.OpenedSeen, c.ByGrace = r.Kind == journal.WithdrawIntent, false, c.Occupancy == Empty
		if c.ByGrace {
			c.GraceLeft--
		}
	case journal.Opened:
		c.OpenedSeen, c.Unclosed = true, false
	case journal.Collected:
		if !c.ByGrace {
			c.GraceLeft = graceOpenings
		}
		c.GraceUntil, c.Overdue, c.Unclosed = r.Powered+graceTime, false, false
	case journal.CollectFailed, journal.WithdrawFailed:
		c.Unclosed = r.Reason == crash || c.OpenedSeen && r.Reason != notTaken
	case journal.Withdrawn, journal.TakenOut:
		f.bury(c)
		c.clear()
	case journal.Overdue:
		c.Overdue = true
	case journal.Quarantined:
		f.bury(c)
		if c.Occupancy == Empty {
			carrier := c.Carrier
			c.clear()
			c.Carrier = carrier
		}
		c.Overdue = false
	}
	return nil
}

func (f *Facts) store(c *Compartment, e journal.Entry) error {
	var codes codeMACs
	if err := cbor.Unmarshal(e.Data(), &codes); err != nil {
		return err
	}
	r := e.Record
	f.bury(c)
	f.Expected = slices.DeleteFunc(slices.Clone(f.Expected), func(x Expected) bool { return x.Barcode == r.Parcel })
	for i := range f.Compartments { // where this parcel was thought to be, it is not
		if o := &f.Compartments[i]; o != c && o.Occupancy == Quarantine && o.Parcel == r.Parcel {
			o.Parcel = ""
		}
	}
	c.Code, c.Secret = codes.Code, codes.Secret
	c.Parcel, c.Dwell, c.Due, c.StoredLow = r.Parcel, r.Dwell, r.Due, r.Low
	c.DuePowered = r.Powered + int64(r.Dwell)*Hour
	c.Overdue, c.Unclosed, c.ViaReopen, c.GraceLeft = false, false, false, 0
	return nil
}

// failDeposit keeps the barcode only where the parcel may be inside: after "too small" and "not empty" the courier still has it.
func (f *Facts) failDeposit(c *Compartment, r journal.Record) {
	carrier, courier, parcel, dwell := c.Carrier, c.Courier, c.Parcel, c.Dwell
	c.clear()
	if r.To == string(Empty) {
		return
	}
	c.Carrier, c.Courier, c.Dwell = carrier, courier, dwell
	if r.Reason != tooSmall && r.Reason != notEmpty {
		c.Parcel = parcel
	}
}

// bury remembers a compartment's code as dead.
func (f *Facts) bury(c *Compartment) {
	if c.Code == (MAC{}) {
		return
	}
	live := slices.DeleteFunc(slices.Clone(f.DeadCodes), func(d DeadCode) bool { return d.Powered < f.Powered-30*Day })
	f.DeadCodes = append(live, DeadCode{c.Code, f.Powered})
	c.Code, c.Secret = MAC{}, MAC{}
}

func (f *Facts) countOpening(r journal.Record, c *Compartment) {
	class, ok := classOf(r.Kind, c)
	if !ok {
		return
	}
	f.Openings = append(slices.DeleteFunc(slices.Clone(f.Openings), func(o Opening) bool { return o.Powered <= r.Powered-Hour }),
		Opening{r.Powered, class})
	f.Paces[class] = paceAfter(f.Paces[class], class, r.Powered, f.Locker.Interlock)
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
	if g.Network, g.Locker, err = Provisioning(g.Charter, g.Certificate); err != nil {
		return f, err
	}
	if before.Number != 0 && before != g.Position {
		return f, fmt.Errorf("the checkpoint at record %d holds another state", r.Number)
	}
	g.Position = journal.Position{Number: r.Number, Hash: r.Hash()}
	g.Boot, g.Powered, g.Low, g.High = r.Boot, r.Powered, max(g.Low, r.Low), r.High
	return g, nil
}

func since(times []int64, from int64) []int64 {
	return slices.DeleteFunc(slices.Clone(times), func(t int64) bool { return t <= from })
}
