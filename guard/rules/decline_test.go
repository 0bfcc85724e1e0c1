package rules_test

import (
	"reflect"
	"testing"

	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

func (g *rig) decline() door.Reason { return g.ask(door.KioskRequest{Verb: door.Decline}) }

// said is the kind and reason of the journal's last record.
func (g *rig) said() string {
	r := g.entries[len(g.entries)-1].Record
	return string(r.Kind) + " " + r.Reason
}

// atTheDoor is a recipient whose code has been taken, asked for a press.
func atTheDoor(t *testing.T, sensors bool) (p *phone, x statement.Expected, number uint16) {
	p, x = stocked(t, 24, 2), parcel(1)
	number = p.deposited(x)
	if p.sensors = sensors; sensors {
		p.inside[number] = rules.Something
	}
	p.wish(statement.WantReceipt, "", 0)
	if reason := p.typeCode(x.Barcode); reason != "" {
		t.Fatalf("the right code was refused: %s", reason)
	}
	return p, x, number
}

// A recipient who does not want the parcel says so before its door opens: nothing opens, nothing is lost, no deadline moves, and they
// may still change their mind.
func TestDeclinedBeforeItsDoorOpens(t *testing.T) {
	p, x, number := atTheDoor(t, false)
	before, pulses := p.compartment(number), len(p.pulses)
	if reason := p.decline(); reason != "" {
		t.Fatal(reason)
	}
	if v := p.view(); v.Stage != door.Done || v.Outcome != "declined" || p.said() != "declined " {
		t.Errorf("%+v, %q", v, p.said())
	}
	if r := p.entries[len(p.entries)-1].Record; r.Parcel != x.Barcode || r.Compartment != number || r.Credential != "code" || r.Courier != "" {
		t.Errorf("%+v", r)
	}
	p.press()
	p.pass(rules.Second)
	after := p.compartment(number)
	if before.Declined = true; after != before || len(p.pulses) != pulses {
		t.Errorf("%+v, then %+v; %d pulses", before, after, len(p.pulses)-pulses)
	}
	for range 3 { // once is enough
		p.typeCode(x.Barcode)
		if reason := p.decline(); reason != "" || p.count(journal.Declined) != 1 {
			t.Errorf("again: %q, %d records", reason, p.count(journal.Declined))
		}
	}
	p.pass(11 * rules.Second)
	p.typeCode(x.Barcode)
	p.press()
	p.pass(rules.Second)
	p.closeDoor(number)
	if p.said() != "collected " || p.occupancy(number) != rules.Empty {
		t.Errorf("who has changed their mind: %s, %s", p.said(), p.occupancy(number))
	}
	if !reflect.DeepEqual(p.refold(), p.state.Facts) {
		t.Error("the journal does not tell the facts")
	}
}

// Declined at the open door, the parcel counts as put back where no sensor says otherwise; what a sensor sees is what is.
func TestDeclinedAtTheOpenDoor(t *testing.T) {
	for name, row := range map[string]struct {
		sensors   bool
		inside    rules.Inside
		says      bool
		outcome   string
		last      string
		occupancy rules.Occupancy
	}{
		"no sensor":                      {false, rules.NoSensor, true, "declined", "declined ", rules.Occupied},
		"no sensor, nothing said":        {false, rules.NoSensor, false, "collected", "collected ", rules.Empty},
		"seen inside":                    {true, rules.Something, true, "declined", "declined ", rules.Occupied},
		"seen inside, nothing said":      {true, rules.Something, false, "not taken", "collect failed not taken", rules.Occupied},
		"seen gone, whatever was said":   {true, rules.Nothing, true, "collected", "collected ", rules.Empty},
		"seen gone, and nothing is said": {true, rules.Nothing, false, "collected", "collected ", rules.Empty},
	} {
		t.Run(name, func(t *testing.T) {
			p, x, number := atTheDoor(t, row.sensors)
			due := p.compartment(number).Due
			p.press()
			p.pass(rules.Second)
			if row.says {
				if reason := p.decline(); reason != "" || p.view().Stage != door.Open {
					t.Fatalf("%q, %+v", reason, p.view())
				}
			}
			if row.sensors {
				p.inside[number] = row.inside
			}
			p.closeDoor(number)
			if v := p.view(); v.Outcome != row.outcome || p.said() != row.last || p.occupancy(number) != row.occupancy {
				t.Fatalf("%s, %q, %s", v.Outcome, p.said(), p.occupancy(number))
			}
			if row.outcome == "declined" {
				if c := p.compartment(number); c.Due != due || c.Unclosed || !c.Declined || p.typeCode(x.Barcode) != "" {
					t.Errorf("%+v, the code: %s", c, p.reply.Reason)
				}
			}
		})
	}
}

// Nothing else can be declined, and a door that stays open, or a crash, is read as it would have been.
func TestWhatCannotBeDeclined(t *testing.T) {
	p, x, number := atTheDoor(t, false)
	for name, go_ := range map[string]func(p *phone){
		"a prompt whose time is over": func(p *phone) { p.pass(21 * rules.Second) },
		"a door that is opening":      func(p *phone) { p.stuck[number] = true; p.press() },
		"a jam":                       func(p *phone) { p.stuck[number] = true; p.press(); p.pass(4 * rules.Second) },
		"what was collected": func(p *phone) {
			p.press()
			p.pass(rules.Second)
			p.closeDoor(number)
			p.pass(11 * rules.Second)
			p.typeCode(x.Barcode) // its grace
		},
		"what was collected, its door open": func(p *phone) {
			p.press()
			p.pass(rules.Second)
			p.closeDoor(number)
			p.pass(11 * rules.Second)
			p.typeCode(x.Barcode)
			p.press()
			p.pass(rules.Second)
		},
		"nobody's":       func(p *phone) { p.ask(door.KioskRequest{Verb: door.Cancel}) },
		"without a disk": func(p *phone) { p.noDisk = true; p.do(rules.StorageFault{}) },
		"a courier's parcel": func(p *phone) {
			p.ask(door.KioskRequest{Verb: door.Cancel})
			p.scan()
			p.wish(statement.WantDeposit, parcel(2).Barcode, 0)
		},
	} {
		q := p.fork()
		q.T = t
		go_(q)
		if reason := q.decline(); reason != door.NotNow && reason != door.OutOfOrder || q.count(journal.Declined) > 0 {
			t.Errorf("%s: %q, %d records", name, reason, q.count(journal.Declined))
		}
	}
	q := p.fork()
	q.press()
	q.pass(rules.Second)
	q.decline()
	q.reboot()
	if c := q.compartment(number); c.Occupancy != rules.Occupied || c.Declined || q.count(journal.Declined) > 0 {
		t.Errorf("after a crash at the open door: %+v", c)
	}
	p.press()
	p.pass(rules.Second)
	p.decline()
	p.pass(181 * rules.Second)
	p.typeCode(x.Barcode) // the next visitor is asked to close it
	p.pass(61 * rules.Second)
	if got := p.occupancy(number); got != rules.Quarantine || p.count(journal.Declined) > 0 {
		t.Errorf("a door left open: %s, %d", got, p.count(journal.Declined))
	}
}

// Another parcel in the same compartment has nothing of it.
func TestADepositForgetsWhatWasDeclined(t *testing.T) {
	p := stocked(t, 1, 2)
	number := p.deposited(parcel(1))
	p.typeCode(parcel(1).Barcode)
	p.decline()
	p.pass(11 * rules.Second)
	p.typeCode(parcel(1).Barcode)
	p.press()
	p.pass(rules.Second)
	p.closeDoor(number)
	p.deposited(parcel(2))
	if c := p.compartment(number); c.Declined || c.Parcel != parcel(2).Barcode {
		t.Errorf("%+v", c)
	}
}
