package cabinet

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// State is the whole cabinet at one moment.
type State struct {
	Name         string             `json:"name"`
	Person       string             `json:"person"`
	Armed        bool               `json:"armed"`   // the latches have power
	Pressed      bool               `json:"pressed"` // the button's contact is closed
	CaseShut     bool               `json:"caseShut"`
	Jumper       bool               `json:"jumper"`
	Compartments []CompartmentState `json:"compartments"`
	Faults       []Fault            `json:"faults"`
	Verdict      Verdict            `json:"verdict"`
	Entries      int                `json:"entries"` // how long the log is
}

// CompartmentState is one door and what lies behind it.
type CompartmentState struct {
	Number     uint16   `json:"number"`
	Size       uint8    `json:"size"`
	Low        bool     `json:"low,omitempty"`
	Open       bool     `json:"open"`       // the door itself
	SwitchOpen bool     `json:"switchOpen"` // what its switch says
	Parcels    []Parcel `json:"parcels"`
}

// State is the cabinet now.
func (c *Cabinet) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state()
}

func (c *Cabinet) state() State {
	now := time.Now()
	s := State{
		Name: c.config.Name, Person: c.person, Armed: now.Before(c.armedUntil), Pressed: now.Before(c.pressedUntil),
		CaseShut: c.closed[caseInput], Jumper: c.closed[jumperInput],
		Faults: append([]Fault{}, c.faults...), Verdict: c.verdict, Entries: len(c.log),
	}
	for _, d := range c.doors {
		s.Compartments = append(s.Compartments, CompartmentState{
			Number: d.Number, Size: d.Size, Low: d.Low, Open: d.open, SwitchOpen: c.doorSwitch(d, now),
			Parcels: append([]Parcel{}, d.parcels...),
		})
	}
	return s
}

// Log is every entry after the given number.
func (c *Cabinet) Log(since int) []Entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.log[min(max(since, 0), len(c.log)):])
}

// Condition is something to wait for; all that it names must hold.
type Condition struct {
	Compartment uint16 `json:"compartment,omitempty"` // with Door, or with What
	Door        string `json:"door,omitempty"`        // "open" or "closed": the door itself and its switch
	What        string `json:"what,omitempty"`        // an entry of this kind
	Since       int    `json:"since,omitempty"`       // … after this number
	Armed       *bool  `json:"armed,omitempty"`
}

func (w Condition) check(c *Cabinet) error {
	if w.Door != "" && w.Door != "open" && w.Door != "closed" {
		return fmt.Errorf("cabinet: a door is open or closed, not %q", w.Door)
	}
	if w.Door == "" && w.What == "" && w.Armed == nil {
		return fmt.Errorf("cabinet: nothing to wait for")
	}
	if w.Door != "" || w.Compartment != 0 {
		_, err := c.find(w.Compartment)
		return err
	}
	return nil
}

func (w Condition) holds(s State, log []Entry) bool {
	if w.Armed != nil && s.Armed != *w.Armed {
		return false
	}
	if w.Door != "" && !slices.ContainsFunc(s.Compartments, func(d CompartmentState) bool {
		return d.Number == w.Compartment && d.Open == (w.Door == "open") && d.SwitchOpen == d.Open
	}) {
		return false
	}
	return w.What == "" || slices.ContainsFunc(log[min(max(w.Since, 0), len(log)):], func(e Entry) bool {
		return e.What == w.What && (w.Compartment == 0 || e.Compartment == w.Compartment)
	})
}

// Wait returns when a condition holds, or with the context's error.
func (c *Cabinet) Wait(ctx context.Context, w Condition) error {
	if err := w.check(c); err != nil {
		return err
	}
	for {
		c.mu.Lock()
		done, changed := w.holds(c.state(), c.log), c.changed
		c.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("cabinet: waited in vain for %+v: %w", w, ctx.Err())
		}
	}
}
