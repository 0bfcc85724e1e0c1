// Package cabinet emulates the physical half of a locker: lock boards on pseudo-terminals, latches, doors and their
// switches, the button that gates the latches' power, parcels and whose they are. It owns the physical truth and judges
// what the software under test did with it. It speaks the boards' side from their recorded frames and knows nothing of the
// guard's drivers.
package cabinet

import (
	"encoding/json"
	"fmt"
	"os"

	"lockstep/guard/statement"
)

// Config is what one cabinet is made of, in the words of the locker certificate. As JSON its keys are the field names.
type Config struct {
	Name         string
	Boards       []statement.Board
	Compartments []statement.Compartment
	Inputs       statement.Inputs
	Interlock    bool // the button gates the latches' power; without it every pulse is energised
}

// FromLocker is the cabinet that a locker certificate describes.
func FromLocker(l statement.Locker) Config {
	return Config{Name: l.ID, Boards: l.Boards, Compartments: l.Compartments, Inputs: l.Inputs, Interlock: l.Interlock}
}

// ReadConfig reads and checks a file.
func ReadConfig(path string) (Config, error) {
	var c Config
	data, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("cabinet: %w", err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("cabinet: %s: %w", path, err)
	}
	return c, c.Check()
}

// bauds is the speed of each family that can be emulated.
var bauds = map[string]int{"8a": 9600, "cu16": 19200, "cu48": 19200}

var capacities = map[string]uint8{"8a": 50, "cu16": 16, "cu48": 48}

// Check refuses a cabinet that cannot be built.
func (c Config) Check() error {
	lines := map[string]int{}
	for i, b := range c.Boards {
		baud, ok := bauds[b.Family]
		switch {
		case !ok:
			return fmt.Errorf("cabinet: board %d: no family %q", i, b.Family)
		case b.Channels == 0 || b.Channels > capacities[b.Family]:
			return fmt.Errorf("cabinet: board %d: %d channels, a %s has 1 to %d", i, b.Channels, b.Family, capacities[b.Family])
		case !plainName(b.Line):
			return fmt.Errorf("cabinet: board %d: line %q is no plain name", i, b.Line)
		case lines[b.Line] != 0 && lines[b.Line] != baud:
			return fmt.Errorf("cabinet: line %s: boards of different speeds", b.Line)
		}
		lines[b.Line] = baud
	}
	return c.checkWiring()
}

func (c Config) checkWiring() error {
	used, numbers := map[statement.Point]bool{}, map[uint16]bool{}
	take := func(what string, p statement.Point) error {
		if int(p.Board) >= len(c.Boards) || p.Channel == 0 || p.Channel > c.Boards[p.Board].Channels {
			return fmt.Errorf("cabinet: %s: board %d has no channel %d", what, p.Board, p.Channel)
		}
		if used[p] {
			return fmt.Errorf("cabinet: %s: channel %d of board %d is taken", what, p.Channel, p.Board)
		}
		used[p] = true
		return nil
	}
	for _, d := range c.Compartments {
		if numbers[d.Number] {
			return fmt.Errorf("cabinet: compartment %d twice", d.Number)
		}
		numbers[d.Number] = true
		if err := take(fmt.Sprintf("compartment %d", d.Number), statement.Point{Board: d.Board, Channel: d.Channel}); err != nil {
			return err
		}
	}
	for what, p := range c.inputs() {
		if err := take(what, p); err != nil {
			return err
		}
	}
	return nil
}

// The inputs' names in control requests and on the page.
const (
	gateInput   = "gate"
	caseInput   = "case"
	jumperInput = "jumper"
)

func (c Config) inputs() map[string]statement.Point {
	points := map[string]statement.Point{}
	for name, p := range map[string]*statement.Point{gateInput: c.Inputs.Gate, caseInput: c.Inputs.Case, jumperInput: c.Inputs.Jumper} {
		if p != nil {
			points[name] = *p
		}
	}
	return points
}

// plainName is fit to be a file's name.
func plainName(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 32
}
