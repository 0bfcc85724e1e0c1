package cabinet

import (
	"bytes"
	"encoding/hex"
	"os"
	"strconv"
	"strings"
	"testing"

	"lockstep/guard/statement"
)

// bench is a wiring whose switches and sensors are set by hand.
type bench struct{ open, occupied map[uint8]bool }

func (b bench) contactOpen(channel uint8) bool { return b.open[channel] }
func (b bench) inside(channel uint8) bool      { return b.occupied[channel] }

type vector struct {
	family, verb string
	args         []string
	bytes        []byte
}

// vectors are the recorded frames that the guard's drivers are tested with, too.
func vectors(t *testing.T) (out []vector) {
	t.Helper()
	for family := range bauds {
		data, err := os.ReadFile("../guard/lockboard/testdata/" + family + ".vec")
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(data), "\n") {
			parts := strings.Split(line, "|")
			if strings.HasPrefix(line, "#") || len(parts) < 3 {
				continue
			}
			frame, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(parts[2]), " ", ""))
			if err != nil {
				t.Fatalf("%s: %q: %v", family, line, err)
			}
			out = append(out, vector{family, strings.TrimSpace(parts[0]), strings.Fields(parts[1]), frame})
		}
	}
	return out
}

func (v vector) number(t *testing.T, i, base int) uint8 {
	t.Helper()
	n, err := strconv.ParseUint(v.args[i], base, 8)
	if err != nil {
		t.Fatalf("%v: %v", v, err)
	}
	return uint8(n)
}

func (v vector) locks(t *testing.T, key string) map[uint8]bool {
	set := map[uint8]bool{}
	for _, arg := range v.args {
		for _, field := range strings.FieldsFunc(strings.TrimPrefix(arg, key+"="), func(r rune) bool { return r == ',' }) {
			if n, err := strconv.ParseUint(field, 10, 8); err == nil && strings.HasPrefix(arg, key+"=") {
				set[uint8(n)] = true
			}
		}
	}
	return set
}

// ask feeds a frame byte by byte and returns the last reaction.
func ask(b board, frame []byte) (r *reaction) {
	for _, x := range frame {
		if next := b.hear(x); next != nil {
			r = next
		}
	}
	return r
}

func TestBoardsAnswerAsRecorded(t *testing.T) {
	question := map[string]func(address uint8) []byte{
		"8a":   func(a uint8) []byte { return sealXor(0x80, a, 0x00, 0x33) },
		"cu16": func(a uint8) []byte { return sealed(0x02, a<<4, 0x30, 0x03) },
		"cu48": func(a uint8) []byte { return sealed(0x02, a, 0x00, 0x60, 0x03) },
	}
	seen := 0
	for _, v := range vectors(t) {
		if v.verb != "state" {
			continue
		}
		for _, openBit := range []uint8{0, 1} {
			config := statement.Board{
				Family: v.family, Address: v.number(t, 0, 10), Channels: v.number(t, 1, 10), LastByteFirst: v.args[2] == "last",
				OpenBit: openBit, Sensors: true,
			}
			set, wires := v.locks(t, "set"), bench{map[uint8]bool{}, v.locks(t, "inside")}
			for _, n := range everyChannel(config) {
				wires.open[n] = set[n] == (openBit == 1)
			}
			r := ask(newBoard(config, wires), question[v.family](config.Address))
			if r == nil || !bytes.Equal(r.reply(), v.bytes) {
				t.Errorf("%s %v, open bit %d: %v, want % X", v.family, v.args, openBit, r, v.bytes)
			}
			seen++
		}
	}
	if seen < 20 {
		t.Fatalf("only %d states", seen)
	}
}

func sealed(frame ...byte) []byte { return append(frame, sumOf(frame)) }

func TestBoardsObeyWhatWasRecorded(t *testing.T) {
	for _, v := range vectors(t) {
		if v.verb != "open" && v.verb != "answer" {
			continue
		}
		config := statement.Board{Family: v.family, Address: v.number(t, 0, 10), Channels: capacities[v.family]}
		lock := v.number(t, 1, 10)
		wires := bench{open: map[uint8]bool{lock: true}}
		frame := v.bytes
		if v.verb == "answer" {
			frame = sealXor(0x8A, config.Address, lock, 0x11)
			wires.open[lock] = v.args[2] == "00"
		}
		r := ask(newBoard(config, wires), frame)
		if r == nil || len(r.pulses) != 1 || r.pulses[0] != lock {
			t.Fatalf("% X: %+v", frame, r)
		}
		if v.verb == "answer" && !bytes.Equal(r.reply(), v.bytes) {
			t.Errorf("answered % X, want % X", r.reply(), v.bytes)
		}
		if v.family != "8a" && r.reply != nil {
			t.Errorf("%s answers an open", v.family)
		}
		config.Address++
		if r := ask(newBoard(config, wires), frame); r != nil {
			t.Errorf("% X: board %d obeys, too", frame, config.Address)
		}
	}
}

// Real boards obey frames that the guard must never send; an emulation that did not would hide the danger.
func TestBoardsKnowTheDangerousFrames(t *testing.T) {
	cases := []struct {
		family string
		frame  []byte
		pulses int
	}{
		{"8a", []byte{0x8A, 0x01, 0x00, 0x11, 0x9A}, 24},
		{"8a", []byte{0x90, 0x01, 0x02, 0x02, 0x02, 0x93}, 3},
		{"8a", []byte{0x9A, 0x01, 0x01, 0x11, 0x8B}, 1},
		{"8a", []byte{0x8A, 0x01, 0x01, 0x11, 0x05, 0x9E}, 1}, // the long open
		{"cu16", []byte{0x02, 0x10, 0x33, 0x03, 0x48}, 16},
		{"cu16", []byte{0x02, 0xF0, 0x33, 0x03, 0x28}, 16},
	}
	for _, c := range cases {
		config := statement.Board{Family: c.family, Address: 1, Channels: min(24, capacities[c.family])}
		r := ask(newBoard(config, bench{}), c.frame)
		if r == nil || len(r.pulses) != c.pulses {
			t.Errorf("% X: %+v, want %d pulses", c.frame, r, c.pulses)
		}
	}
}

func TestBoardsIgnoreSpoiltFrames(t *testing.T) {
	for _, v := range vectors(t) {
		if v.verb != "open" {
			continue
		}
		config := statement.Board{Family: v.family, Address: v.number(t, 0, 10), Channels: capacities[v.family]}
		for at := range v.bytes {
			for flip := 1; flip < 256; flip++ {
				spoilt := bytes.Clone(v.bytes)
				spoilt[at] ^= byte(flip)
				if r := ask(newBoard(config, bench{}), spoilt); r != nil {
					t.Fatalf("%s obeys % X: %+v", v.family, spoilt, r)
				}
			}
		}
		b := newBoard(config, bench{})
		ask(b, v.bytes[:3])
		b.silence()
		if ask(b, v.bytes) == nil {
			t.Errorf("%s: a frame cut off before silence spoils the next", v.family)
		}
	}
}
