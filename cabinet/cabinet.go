package cabinet

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"lockstep/guard/statement"
)

const (
	switchDelay  = 30 * time.Millisecond  // from a door's movement to its switch
	armedFor     = 5 * time.Second        // how long one press keeps the latches' power on, unless a pulse uses it up
	shortestHold = 300 * time.Millisecond // a pressed button's contact stays closed at least so long
	flapEvery    = 150 * time.Millisecond
)

// Parcel is one thing that lies in a compartment or in somebody's hands.
type Parcel struct {
	Barcode string   `json:"barcode"`
	Owner   string   `json:"owner,omitempty"`   // whose it is; nobody judges a parcel without an owner
	Bearers []string `json:"bearers,omitempty"` // who else may have it before them: couriers on duty
}

func (p Parcel) mayFaceOf(person string) bool {
	return p.Owner == "" || p.Owner == person || slices.Contains(p.Bearers, person)
}

// Cabinet is the physical truth. All its methods may be called at any time from anywhere.
type Cabinet struct {
	config Config
	points map[statement.Point]*door
	inputs map[statement.Point]string

	mu           sync.Mutex
	doors        []*door
	person       string // who stands before the cabinet
	armedUntil   time.Time
	pressedUntil time.Time
	closed       map[string]bool // the case and the jumper
	faults       []Fault
	verdict      Verdict
	log          []Entry
	file         io.Writer // the log's second copy, may be nil
	changed      chan struct{}
}

type door struct {
	statement.Compartment
	open    bool
	forced  bool // opened by force and not closed since
	movedAt time.Time
	parcels []Parcel
}

// New builds a cabinet with all doors closed and empty. Its log is also written to file, one JSON object a line, if
// that is not nil.
func New(config Config, file io.Writer) (*Cabinet, error) {
	if err := config.Check(); err != nil {
		return nil, err
	}
	c := &Cabinet{
		config: config, file: file, changed: make(chan struct{}),
		points: map[statement.Point]*door{}, inputs: map[statement.Point]string{},
		closed: map[string]bool{caseInput: true},
	}
	for _, d := range config.Compartments {
		fresh := &door{Compartment: d}
		c.doors = append(c.doors, fresh)
		c.points[statement.Point{Board: d.Board, Channel: d.Channel}] = fresh
	}
	for name, p := range config.inputs() {
		c.inputs[p] = name
	}
	return c, nil
}

// touch wakes everyone who waits for a change. The mutex is held.
func (c *Cabinet) touch() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// touchAfter wakes them again when time alone has changed something.
func (c *Cabinet) touchAfter(d time.Duration) {
	time.AfterFunc(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.touch()
	})
}

func (c *Cabinet) find(number uint16) (*door, error) {
	for _, d := range c.doors {
		if d.Number == number {
			return d, nil
		}
	}
	return nil, fmt.Errorf("cabinet: no compartment %d", number)
}

// stand notes who is before the cabinet; an empty name changes nothing. Doors that stand open are now before them.
func (c *Cabinet) stand(person string) {
	if person == "" || person == c.person {
		return
	}
	c.person = person
	c.record(Entry{What: CameBefore})
	for _, d := range c.doors {
		if d.open {
			c.judgeExposed(d)
		}
	}
}

// Stand notes who stands before the cabinet from now on.
func (c *Cabinet) Stand(person string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stand(person)
	c.touch()
}

// Press is a hand on the button. Whatever software does, nothing else arms the latches.
func (c *Cabinet) Press(person string, hold time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stand(person)
	hold = max(hold, shortestHold)
	now := time.Now()
	c.armedUntil, c.pressedUntil = now.Add(armedFor), now.Add(hold)
	c.verdict.Presses++
	c.record(Entry{What: Pressed})
	c.touch()
	c.touchAfter(hold)
	c.touchAfter(armedFor)
}

// pulse is a lock board's output going on for a moment.
func (c *Cabinet) pulse(p statement.Point) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.touch()
	d := c.points[p]
	entry := Entry{Board: p.Board, Channel: p.Channel}
	if d != nil {
		entry.Compartment = d.Number
	}
	switch {
	case c.faulty(SupplyDead, 0, p.Board, ""):
		entry.Note = "the supply is dead"
	case c.config.Interlock && !time.Now().Before(c.armedUntil):
		entry.Note = "no press"
	default:
		c.armedUntil = time.Time{}
		c.energise(d, entry)
		return
	}
	c.verdict.Refused++
	entry.What = PulseRefused
	c.record(entry)
}

// energise lets one coil pull. d is nil where no latch is wired.
func (c *Cabinet) energise(d *door, entry Entry) {
	entry.What = PulseEnergised
	c.verdict.Pulses++
	c.record(entry)
	c.judgePulses()
	switch {
	case d == nil:
	case c.faulty(Jam, d.Number, 0, ""):
		c.record(Entry{What: Jammed, Compartment: d.Number})
	default:
		c.swing(d, true, "")
	}
}

// swing moves a door, if it is not there already.
func (c *Cabinet) swing(d *door, open bool, note string) {
	if d.open == open {
		return
	}
	d.open, d.movedAt, d.forced = open, time.Now(), open && note != ""
	what := DoorClosed
	if open {
		what = DoorOpened
	}
	c.record(Entry{What: what, Compartment: d.Number, Note: note})
	if open {
		c.judgeExposed(d)
		c.judgeOpenDoors()
	}
	c.touchAfter(switchDelay)
}

// Close shuts a door by hand.
func (c *Cabinet) Close(person string, number uint16) error {
	return c.at(person, number, func(d *door) error { c.swing(d, false, ""); return nil })
}

// Force opens a door with a crowbar.
func (c *Cabinet) Force(person string, number uint16) error {
	return c.at(person, number, func(d *door) error { c.swing(d, true, "by force"); return nil })
}

// Put lays a parcel into a compartment. The door must be open.
func (c *Cabinet) Put(person string, number uint16, p Parcel) error {
	if p.Barcode == "" {
		return fmt.Errorf("cabinet: a parcel has a barcode")
	}
	return c.at(person, number, func(d *door) error {
		if !d.open {
			return fmt.Errorf("cabinet: the door of compartment %d is closed", number)
		}
		d.parcels = append(d.parcels, p)
		c.record(Entry{What: ParcelIn, Compartment: number, Barcode: p.Barcode, Owner: p.Owner})
		return nil
	})
}

// Take takes a parcel out of a compartment, any one if no barcode is given. The door must be open.
func (c *Cabinet) Take(person string, number uint16, barcode string) (p Parcel, err error) {
	err = c.at(person, number, func(d *door) error {
		if !d.open {
			return fmt.Errorf("cabinet: the door of compartment %d is closed", number)
		}
		i := slices.IndexFunc(d.parcels, func(p Parcel) bool { return barcode == "" || p.Barcode == barcode })
		if i < 0 {
			return fmt.Errorf("cabinet: no such parcel in compartment %d", number)
		}
		p = d.parcels[i]
		d.parcels = slices.Delete(d.parcels, i, i+1)
		c.record(Entry{What: ParcelOut, Compartment: number, Barcode: p.Barcode, Owner: p.Owner})
		return nil
	})
	return p, err
}

// at does something to one compartment in somebody's name.
func (c *Cabinet) at(person string, number uint16, act func(*door) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	d, err := c.find(number)
	if err != nil {
		return err
	}
	c.stand(person)
	defer c.touch()
	return act(d)
}

// SetInput closes or opens the case's or the jumper's contact. Nobody but Press closes the gate's.
func (c *Cabinet) SetInput(name string, closed bool) error {
	if name != caseInput && name != jumperInput {
		return fmt.Errorf("cabinet: no input %q to set", name)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed[name] = closed
	c.record(Entry{What: InputMoved, Note: fmt.Sprintf("%s closed=%t", name, closed)})
	c.touch()
	return nil
}

// contactOpen is what the wire from a channel's switch carries, lies of broken switches included.
func (c *Cabinet) contactOpen(p statement.Point) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if d := c.points[p]; d != nil {
		return c.doorSwitch(d, now)
	}
	name, wired := c.inputs[p]
	if !wired {
		return true
	}
	if name == gateInput {
		return !now.Before(c.pressedUntil)
	}
	return !c.closed[name]
}

// doorSwitch says open or not; it follows the door a little later.
func (c *Cabinet) doorSwitch(d *door, now time.Time) bool {
	switch {
	case c.faulty(StuckOpen, d.Number, 0, ""):
		return true
	case c.faulty(StuckClosed, d.Number, 0, ""):
		return false
	case c.faulty(Flapping, d.Number, 0, ""):
		return now.UnixMilli()/flapEvery.Milliseconds()%2 == 0
	case now.Sub(d.movedAt) < switchDelay:
		return !d.open
	}
	return d.open
}

// inside is what the sensor of a channel sees.
func (c *Cabinet) inside(p statement.Point) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.points[p]
	switch {
	case d == nil:
		return false
	case c.faulty(SensorOccupied, d.Number, 0, ""):
		return true
	case c.faulty(SensorEmpty, d.Number, 0, ""):
		return false
	}
	return len(d.parcels) > 0
}

func (c *Cabinet) record(e Entry) {
	e.N, e.At, e.Person = len(c.log)+1, time.Now(), c.person
	c.log = append(c.log, e)
	if c.file == nil {
		return
	}
	line, err := json.Marshal(e)
	if err == nil {
		_, err = c.file.Write(append(line, '\n'))
	}
	if err != nil && c.verdict.LogError == "" {
		c.verdict.LogError = err.Error()
	}
}

// Seed lays a parcel behind a closed door, for a cabinet that is found with parcels inside.
func (c *Cabinet) Seed(number uint16, p Parcel) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	d, err := c.find(number)
	if err == nil {
		d.parcels = append(d.parcels, p)
		c.record(Entry{What: ParcelIn, Compartment: number, Barcode: p.Barcode, Owner: p.Owner, Note: "from before"})
	}
	return err
}
