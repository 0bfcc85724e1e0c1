package cabinet

import (
	"fmt"
	"slices"
	"time"
)

// What an Entry tells of.
const (
	CameBefore     = "came before"
	Pressed        = "pressed"
	PulseEnergised = "pulse energised"
	PulseRefused   = "pulse refused"
	Jammed         = "jammed"
	DoorOpened     = "door opened"
	DoorClosed     = "door closed"
	ParcelIn       = "parcel in"
	ParcelOut      = "parcel out"
	InputMoved     = "input moved"
	FaultSet       = "fault set"
	FaultCleared   = "fault cleared"
	// The judge's own:
	ForeignExposed = "foreign parcel exposed"   // O1
	UnpressedPulse = "more pulses than presses" // O2
	TwoDoorsOpen   = "two doors open"           // O3; doors opened by force do not count
)

// Entry is one physical fact. Entries are only ever appended.
type Entry struct {
	N           int       `json:"n"` // from 1
	At          time.Time `json:"at"`
	What        string    `json:"what"`
	Compartment uint16    `json:"compartment,omitempty"`
	Board       uint8     `json:"board,omitempty"`
	Channel     uint8     `json:"channel,omitempty"`
	Person      string    `json:"person,omitempty"` // who stood before the cabinet
	Barcode     string    `json:"barcode,omitempty"`
	Owner       string    `json:"owner,omitempty"`
	Note        string    `json:"note,omitempty"`
}

// Verdict counts what matters; Exposed, Unpressed and TwoOpen must stay 0 whatever attacks the software.
type Verdict struct {
	Presses   int    `json:"presses"`
	Pulses    int    `json:"pulses"`
	Refused   int    `json:"refused"`
	Exposed   int    `json:"exposed"`
	Unpressed int    `json:"unpressed"`
	TwoOpen   int    `json:"twoOpen"`
	LogError  string `json:"logError,omitempty"` // the log's file is incomplete
}

// judgeExposed looks at what an open door shows to whoever stands before it.
func (c *Cabinet) judgeExposed(d *door) {
	for _, p := range d.parcels {
		if !p.mayFaceOf(c.person) {
			c.verdict.Exposed++
			c.record(Entry{What: ForeignExposed, Compartment: d.Number, Barcode: p.Barcode, Owner: p.Owner})
		}
	}
}

func (c *Cabinet) judgePulses() {
	if c.verdict.Pulses > c.verdict.Presses {
		c.verdict.Unpressed++
		c.record(Entry{What: UnpressedPulse})
	}
}

func (c *Cabinet) judgeOpenDoors() {
	var open []uint16
	for _, d := range c.doors {
		if d.open && !d.forced {
			open = append(open, d.Number)
		}
	}
	if len(open) > 1 {
		c.verdict.TwoOpen++
		c.record(Entry{What: TwoDoorsOpen, Note: fmt.Sprint(open)})
	}
}

// The faults that can be set.
const (
	Jam            = "jam"             // Compartment: the latch does not move
	StuckOpen      = "stuck open"      // Compartment: the switch says open
	StuckClosed    = "stuck closed"    // Compartment: the switch says closed
	Flapping       = "flapping"        // Compartment: the switch goes to and fro
	SensorOccupied = "sensor occupied" // Compartment
	SensorEmpty    = "sensor empty"    // Compartment
	BoardMissing   = "board missing"   // Board
	Noise          = "noise"           // Line: each byte of a reply is garbled with Probability, by Seed
	Echo           = "echo"            // Line: the adapter repeats what it is sent
	SupplyDead     = "supply dead"     // no latch has power; the boards' logic goes on
)

// Fault is one thing that is broken.
type Fault struct {
	Kind        string  `json:"kind"`
	Compartment uint16  `json:"compartment,omitempty"`
	Board       uint8   `json:"board,omitempty"`
	Line        string  `json:"line,omitempty"`
	Probability float64 `json:"probability,omitempty"`
	Seed        uint64  `json:"seed,omitempty"`
}

var faultKinds = []string{Jam, StuckOpen, StuckClosed, Flapping, SensorOccupied, SensorEmpty, BoardMissing, Noise, Echo, SupplyDead}

func (f Fault) where() Fault {
	return Fault{Kind: f.Kind, Compartment: f.Compartment, Board: f.Board, Line: f.Line}
}

// SetFault breaks something, ClearFault mends it.
func (c *Cabinet) SetFault(f Fault) error {
	if err := c.checkFault(f); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mend(f)
	c.faults = append(c.faults, f)
	c.record(Entry{What: FaultSet, Compartment: f.Compartment, Board: f.Board, Note: f.Kind})
	c.touch()
	return nil
}

// ClearFault mends what SetFault broke.
func (c *Cabinet) ClearFault(f Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mend(f) {
		c.record(Entry{What: FaultCleared, Compartment: f.Compartment, Board: f.Board, Note: f.Kind})
	}
	c.touch()
}

func (c *Cabinet) mend(f Fault) bool {
	before := len(c.faults)
	c.faults = slices.DeleteFunc(c.faults, func(g Fault) bool { return g.where() == f.where() })
	return len(c.faults) < before
}

func (c *Cabinet) checkFault(f Fault) error {
	_, err := c.find(f.Compartment)
	switch f.Kind {
	case BoardMissing:
		if int(f.Board) >= len(c.config.Boards) {
			return fmt.Errorf("cabinet: no board %d", f.Board)
		}
	case Noise, Echo:
		if !c.hasLine(f.Line) || f.Probability < 0 || f.Probability > 1 {
			return fmt.Errorf("cabinet: no line %q, or no probability", f.Line)
		}
	case SupplyDead:
	default:
		if !slices.Contains(faultKinds, f.Kind) {
			return fmt.Errorf("cabinet: no fault %q", f.Kind)
		}
		return err
	}
	return nil
}

func (c *Cabinet) hasLine(name string) bool {
	for _, b := range c.config.Boards {
		if b.Line == name {
			return true
		}
	}
	return false
}

// faulty looks a fault up by the one of compartment, board and line that its kind goes by. The mutex is held.
func (c *Cabinet) faulty(kind string, number uint16, board uint8, line string) bool {
	for _, f := range c.faults {
		if f.Kind != kind {
			continue
		}
		switch kind {
		case SupplyDead:
			return true
		case BoardMissing:
			if f.Board == board {
				return true
			}
		case Noise, Echo:
			if f.Line == line {
				return true
			}
		default:
			if f.Compartment == number {
				return true
			}
		}
	}
	return false
}
