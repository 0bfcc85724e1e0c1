package cabinet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lockstep/guard/statement"
)

func smallConfig() Config {
	return Config{
		Name: "L1", Interlock: true,
		Boards: []statement.Board{{Line: "bus0", Family: "8a", Address: 1, Channels: 8}},
		Compartments: []statement.Compartment{
			{Number: 1, Size: 1, Channel: 1}, {Number: 2, Size: 2, Channel: 2}, {Number: 3, Size: 3, Channel: 3},
		},
		Inputs: statement.Inputs{Gate: point(8), Case: point(7), Jumper: point(6)},
	}
}

func point(channel uint8) *statement.Point { return &statement.Point{Channel: channel} }

// inBubble runs a test on a fresh cabinet in virtual time.
func inBubble(t *testing.T, test func(t *testing.T, c *Cabinet)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, err := New(smallConfig(), nil)
		if err != nil {
			t.Fatal(err)
		}
		test(t, c)
	})
}

func TestOnePressOnePulse(t *testing.T) {
	inBubble(t, func(t *testing.T, c *Cabinet) {
		c.pulse(*point(1))
		c.Press("anna", 0)
		c.pulse(*point(1))
		c.pulse(*point(2))
		c.Press("anna", 0)
		time.Sleep(armedFor)
		c.pulse(*point(2))
		s := c.State()
		if want := (Verdict{Presses: 2, Pulses: 1, Refused: 3}); s.Verdict != want {
			t.Errorf("%+v, want %+v", s.Verdict, want)
		}
		if !s.Compartments[0].Open || s.Compartments[1].Open {
			t.Error("not exactly the door of the press is open")
		}
	})
}

func TestSwitchAndButtonFollow(t *testing.T) {
	inBubble(t, func(t *testing.T, c *Cabinet) {
		c.Press("anna", 100*time.Millisecond)
		c.pulse(*point(1))
		if c.contactOpen(*point(1)) || c.contactOpen(*point(8)) {
			t.Error("the switch moved with the latch, or the button's contact did not close")
		}
		time.Sleep(switchDelay)
		if !c.contactOpen(*point(1)) {
			t.Error("the switch has not followed")
		}
		time.Sleep(shortestHold - switchDelay - 1)
		if c.contactOpen(*point(8)) {
			t.Error("the button's contact opened too early")
		}
		time.Sleep(1)
		if !c.contactOpen(*point(8)) || !c.contactOpen(*point(5)) || c.contactOpen(*point(7)) {
			t.Error("button, unwired channel or case read wrong")
		}
	})
}

func TestParcelsPassOpenDoorsOnly(t *testing.T) {
	inBubble(t, func(t *testing.T, c *Cabinet) {
		p := Parcel{Barcode: "900000000014", Owner: "anna"}
		if c.Put("courier", 1, p) == nil {
			t.Error("put through a closed door")
		}
		c.Press("courier", 0)
		c.pulse(*point(1))
		if err := c.Put("courier", 1, p); err != nil {
			t.Fatal(err)
		}
		if err := c.Close("courier", 1); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Take("courier", 1, ""); err == nil {
			t.Error("taken through a closed door")
		}
		c.Press("anna", 0)
		c.pulse(*point(1))
		if _, err := c.Take("anna", 1, "900000000021"); err == nil {
			t.Error("another parcel was taken")
		}
		if got, err := c.Take("anna", 1, p.Barcode); err != nil || got.Owner != "anna" {
			t.Errorf("%+v, %v", got, err)
		}
		if v := c.State().Verdict; v.Exposed+v.TwoOpen+v.Unpressed != 0 {
			t.Errorf("an honest walk is judged %+v", v)
		}
	})
}

func TestJudge(t *testing.T) {
	foreign := func(c *Cabinet, p Parcel) {
		c.Press("courier", 0)
		c.pulse(*point(1))
		_ = c.Put("courier", 1, p)
		_ = c.Close("courier", 1)
		c.Press("mallory", 0)
		c.pulse(*point(1))
	}
	cases := map[string]struct {
		act  func(c *Cabinet)
		want Verdict
	}{
		"another's parcel": {func(c *Cabinet) { foreign(c, Parcel{Barcode: "1", Owner: "anna"}) }, Verdict{Presses: 2, Pulses: 2, Exposed: 1}},
		"a bearer's":       {func(c *Cabinet) { foreign(c, Parcel{Barcode: "1", Owner: "anna", Bearers: []string{"mallory"}}) }, Verdict{Presses: 2, Pulses: 2}},
		"somebody comes to an open door": {func(c *Cabinet) {
			c.Press("anna", 0)
			c.pulse(*point(1))
			_ = c.Put("anna", 1, Parcel{Barcode: "1", Owner: "anna"})
			c.Stand("mallory")
		}, Verdict{Presses: 1, Pulses: 1, Exposed: 1}},
		"two doors": {func(c *Cabinet) {
			c.Press("anna", 0)
			c.pulse(*point(1))
			c.Press("anna", 0)
			c.pulse(*point(2))
		}, Verdict{Presses: 2, Pulses: 2, TwoOpen: 1}},
		"one by force": {func(c *Cabinet) {
			_ = c.Force("mallory", 3)
			c.Press("anna", 0)
			c.pulse(*point(2))
		}, Verdict{Presses: 1, Pulses: 1}},
		"no gate": {func(c *Cabinet) {
			c.config.Interlock = false
			c.pulse(*point(1))
		}, Verdict{Pulses: 1, Unpressed: 1}},
	}
	for name, test := range cases {
		inBubble(t, func(t *testing.T, c *Cabinet) {
			test.act(c)
			if got := c.State().Verdict; got != test.want {
				t.Errorf("%s: %+v, want %+v", name, got, test.want)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	inBubble(t, func(t *testing.T, c *Cabinet) {
		for _, f := range []Fault{{Kind: Jam, Compartment: 1}, {Kind: StuckOpen, Compartment: 2}, {Kind: StuckClosed, Compartment: 3}, {Kind: SensorOccupied, Compartment: 1}} {
			if err := c.SetFault(f); err != nil {
				t.Fatal(err)
			}
		}
		c.Press("anna", 0)
		c.pulse(*point(1))
		c.Press("anna", 0)
		c.pulse(*point(3))
		time.Sleep(time.Second)
		s := c.State()
		if s.Compartments[0].Open || !s.Compartments[1].SwitchOpen || s.Compartments[1].Open || !s.Compartments[2].Open || s.Compartments[2].SwitchOpen {
			t.Errorf("%+v", s.Compartments)
		}
		if !c.inside(*point(1)) || c.inside(*point(2)) {
			t.Error("the lying sensor does not lie, or another does")
		}
		c.ClearFault(Fault{Kind: StuckClosed, Compartment: 3})
		if !c.State().Compartments[2].SwitchOpen {
			t.Error("a mended switch still lies")
		}
		if err := c.SetFault(Fault{Kind: SupplyDead}); err != nil {
			t.Fatal(err)
		}
		c.Press("anna", 0)
		c.pulse(*point(2))
		if v := c.State().Verdict; v.Refused != 1 || v.Pulses != 2 {
			t.Errorf("with a dead supply: %+v", v)
		}
	})
	c, _ := New(smallConfig(), nil)
	for _, f := range []Fault{{Kind: "gremlin"}, {Kind: Jam, Compartment: 9}, {Kind: Noise, Line: "bus7"}, {Kind: Noise, Line: "bus0", Probability: 2}, {Kind: BoardMissing, Board: 1}} {
		if c.SetFault(f) == nil {
			t.Errorf("%+v accepted", f)
		}
	}
}

func TestFlapping(t *testing.T) {
	inBubble(t, func(t *testing.T, c *Cabinet) {
		if err := c.SetFault(Fault{Kind: Flapping, Compartment: 1}); err != nil {
			t.Fatal(err)
		}
		seen := map[bool]int{}
		for range 20 {
			seen[c.contactOpen(*point(1))]++
			time.Sleep(flapEvery)
		}
		if seen[true] != 10 || seen[false] != 10 {
			t.Errorf("%v", seen)
		}
	})
}

func TestWait(t *testing.T) {
	inBubble(t, func(t *testing.T, c *Cabinet) {
		began := time.Now()
		time.AfterFunc(time.Second, func() { c.Press("anna", 0); c.pulse(*point(2)) })
		if err := c.Wait(t.Context(), Condition{Compartment: 2, Door: "open"}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != time.Second+switchDelay {
			t.Errorf("after %v", took)
		}
		if err := c.Wait(t.Context(), Condition{Compartment: 2, What: DoorOpened}); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := c.Wait(ctx, Condition{What: DoorOpened, Since: len(c.Log(0))}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an old entry ended the wait: %v", err)
		}
		for _, bad := range []Condition{{}, {Door: "ajar", Compartment: 1}, {Door: "open"}, {Door: "open", Compartment: 9}} {
			if c.Wait(t.Context(), bad) == nil {
				t.Errorf("waited for %+v", bad)
			}
		}
	})
}

func TestLogIsWholeAndCopied(t *testing.T) {
	var file bytes.Buffer
	c, err := New(smallConfig(), &file)
	if err != nil {
		t.Fatal(err)
	}
	c.Press("anna", 0)
	c.pulse(*point(1))
	lines := strings.Split(strings.TrimSpace(file.String()), "\n")
	log := c.Log(0)
	if len(lines) != len(log) || len(log) != 4 {
		t.Fatalf("%d lines, %d entries", len(lines), len(log))
	}
	for i, line := range lines {
		var e Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.N != i+1 || e.What != log[i].What {
			t.Errorf("%s: %v", line, err)
		}
	}
	log[0].What = "spoilt"
	if c.Log(0)[0].What == "spoilt" || len(c.Log(99)) != 0 || len(c.Log(-1)) != 4 {
		t.Error("the log can be changed, or is cut wrongly")
	}
}

func TestConfigsThatCannotBeBuilt(t *testing.T) {
	cases := map[string]func(*Config){
		"family":   func(c *Config) { c.Boards[0].Family = "wkly" },
		"channels": func(c *Config) { c.Boards[0].Channels = 51 },
		"line":     func(c *Config) { c.Boards[0].Line = "../bus0" },
		"speeds": func(c *Config) {
			c.Boards = append(c.Boards, statement.Board{Line: "bus0", Family: "cu16", Channels: 16})
		},
		"channel":   func(c *Config) { c.Compartments[0].Channel = 9 },
		"channel 0": func(c *Config) { c.Compartments[0].Channel = 0 },
		"twice":     func(c *Config) { c.Compartments[0].Channel = 2 },
		"number":    func(c *Config) { c.Compartments[0].Number = 2 },
		"input":     func(c *Config) { c.Inputs.Gate = point(1) },
		"board":     func(c *Config) { c.Inputs.Case.Board = 3 },
	}
	for name, spoil := range cases {
		c := smallConfig()
		spoil(&c)
		if c.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := smallConfig().Check(); err != nil {
		t.Error(err)
	}
}
