package sign

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"lockstep/guard/statement"
	"lockstep/parcel"
	"lockstep/sign/desk"
	"lockstep/sign/keys"
)

type lockerSign struct {
	File  string `arg:"" help:"Description of the locker, in TOML; see docs/ceremony.md."`
	Guard string `help:"File with what lockstep-guard init printed. Without it you are asked to type both lines."`
	charterFlag
	keyFlag
	outFlag
}

func (s lockerSign) Run(d *desk.Desk) error {
	charter, err := s.read(d)
	if err != nil {
		return err
	}
	guard, err := s.guard(d)
	if err != nil {
		return err
	}
	l, err := readMachine(s.File, charter.Network, guard)
	if err != nil {
		return err
	}
	return lockerPaper(l, statement.Bundle{}, charter).cosign(d, s.Key, s.Out)
}

// guard is the key of the guard on site: its digits and its fingerprint must fit each other, so that a slip is noticed.
func (s lockerSign) guard(d *desk.Desk) (statement.Key, error) {
	printed := [2]string{}
	if s.Guard != "" {
		data, err := os.ReadFile(s.Guard)
		if err != nil {
			return statement.Key{}, err
		}
		lines := strings.Split(strings.TrimSpace(string(data)), "\n")
		if len(lines) != 2 {
			return statement.Key{}, fmt.Errorf("%s is not what lockstep-guard init prints: a line key and a line fingerprint", s.Guard)
		}
		printed = [2]string(lines)
	}
	for i, name := range []string{"key", "fingerprint"} {
		if s.Guard == "" {
			line, err := d.Line("The guard's " + name + ", as its own screen shows it: ")
			if err != nil {
				return statement.Key{}, err
			}
			printed[i] = line
		}
		printed[i] = strings.TrimPrefix(strings.TrimSpace(printed[i]), name+" ")
	}
	key, err := keys.Parse(printed[0])
	if err != nil {
		return key, err
	}
	if digits(key.Fingerprint()) != digits(printed[1]) {
		return key, errors.New("the guard's key and its fingerprint do not belong together: one of them was misread")
	}
	return key, nil
}

type lockerFiles struct {
	Files []string `arg:"" help:"The certificate as others have signed it."`
	charterFlag
}

func (f lockerFiles) paper(d *desk.Desk) (*paper[statement.Locker], error) {
	charter, err := f.read(d)
	if err != nil {
		return nil, err
	}
	l, bundle, err := load[statement.Locker](d, f.Files)
	if err != nil {
		return nil, err
	}
	if l.Network != charter.Network {
		return nil, fmt.Errorf("the locker belongs to the network %s, the charter to %s", l.Network, charter.Network)
	}
	return lockerPaper(l, bundle, charter), nil
}

func lockerPaper(l statement.Locker, bundle statement.Bundle, charter statement.Charter) *paper[statement.Locker] {
	mark := l.Guard.Fingerprint()
	return &paper[statement.Locker]{
		said: l, bundle: bundle, sides: []side{{"provisioning", charter.Provisioning, int(charter.Provisioning.Threshold)}},
		complete: func(e [][]byte) error {
			_, err := statement.VerifyAll[statement.Locker](e, charter.Provisioning)
			return err
		},
		words:     func(d *desk.Desk) { sayLocker(d, l) },
		what:      "the locker's id and the last four digits of the guard's fingerprint, from the guard's own screen",
		want:      l.ID + " " + mark[len(mark)-4:],
		addressee: "the guard, with lockstep-guard provision",
	}
}

func sayLocker(d *desk.Desk, l statement.Locker) {
	d.Say("")
	d.Say("LOCKER %s of %s, in the time zone %s", l.ID, l.Network, l.Zone)
	if _, err := time.LoadLocation(l.Zone); err != nil {
		d.Say("WARNING: this computer knows no time zone %s", l.Zone)
	}
	if l.Interlock {
		d.Say("INTERLOCK: YES. The button gates the power of the locks: no software opens a door without a hand.")
	} else {
		d.Say("INTERLOCK: NO. SOFTWARE ALONE CAN OPEN EVERY DOOR. The guard leaves this locker half the budgets.")
	}
	d.Say("")
	d.Say("  the guard's fingerprint, TO BE COMPARED WITH ITS OWN SCREEN:")
	d.Say("  %s", l.Guard.Fingerprint())
	d.Say("")
	d.Say("  %d compartments: %s", len(l.Compartments), sizes(l))
	for i, b := range l.Boards {
		d.Say("  board %d: %s", i, boardWords(b))
		d.Say("    compartments %s", wired(l, uint8(i)))
	}
	for _, input := range []struct {
		name string
		at   *statement.Point
	}{{"button", l.Inputs.Gate}, {"case switch", l.Inputs.Case}, {"jumper", l.Inputs.Jumper}} {
		if input.at == nil {
			d.Say("  %s: NONE", input.name)
		} else {
			d.Say("  %s: board %d, channel %d", input.name, input.at.Board, input.at.Channel)
		}
	}
}

// sizes says how many compartments of each size there are, and which of all are low.
func sizes(l statement.Locker) string {
	count, low := map[uint8]int{}, []string{}
	for _, c := range l.Compartments {
		count[c.Size]++
		if c.Low {
			low = append(low, fmt.Sprint(c.Number))
		}
	}
	var out []string
	for size := uint8(1); size <= statement.MaxSizeRank; size++ {
		if count[size] > 0 {
			out = append(out, fmt.Sprintf("%d of %v", count[size], parcel.Size(size)))
		}
	}
	if len(low) == 0 {
		low = []string{"none"}
	}
	return fmt.Sprintf("%s; low: %s", strings.Join(out, ", "), strings.Join(low, ", "))
}

// boardWords is everything about a board that decides which door opens and what its switch means.
func boardWords(b statement.Board) string {
	out := []string{desk.Sprintf("family %s at address %d of line %s, %d channels", b.Family, b.Address, b.Line, b.Channels),
		fmt.Sprintf("a bit of %d means open", b.OpenBit)}
	if b.Family == "8a" || b.OpenAnswer != 0 { // the other families answer with no such byte
		out = append(out, fmt.Sprintf("answer %02X means open", b.OpenAnswer))
	}
	for _, also := range []struct {
		is    bool
		words string
	}{{b.LastByteFirst, "last byte first"}, {b.Echo, "echoes"}, {b.Sensors, "has sensors"}} {
		if also.is {
			out = append(out, also.words)
		}
	}
	return strings.Join(out, "; ")
}

// wired says which compartments hang on a board, runs of them in one.
func wired(l statement.Locker, board uint8) string {
	var out []string
	for i := 0; i < len(l.Compartments); i++ {
		first := l.Compartments[i]
		if first.Board != board {
			continue
		}
		last := first
		for i+1 < len(l.Compartments) && follows(last, l.Compartments[i+1]) {
			i++
			last = l.Compartments[i]
		}
		if first == last {
			out = append(out, fmt.Sprintf("%d (%v) on channel %d", first.Number, parcel.Size(first.Size), first.Channel))
		} else {
			out = append(out, fmt.Sprintf("%d–%d (%v) on channels %d–%d", first.Number, last.Number, parcel.Size(first.Size), first.Channel, last.Channel))
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

func follows(a, b statement.Compartment) bool {
	return b.Number == a.Number+1 && b.Board == a.Board && b.Channel == a.Channel+1 && b.Size == a.Size
}
