package lockboard

import (
	"bytes"
	"encoding/hex"
	"os"
	"strconv"
	"strings"
	"testing"

	"lockstep/guard/statement"
)

// vector is one line of testdata/*.vec.
type vector struct {
	family, verb string
	args         []string
	bytes        []byte
}

func (v vector) number(t *testing.T, i int) uint8 {
	t.Helper()
	n, err := strconv.ParseUint(v.args[i], 10, 8)
	if err != nil {
		t.Fatalf("%v: %v", v, err)
	}
	return uint8(n)
}

// locks is the set behind "set=" or "inside=", nil when there is none.
func (v vector) locks(t *testing.T, key string) map[uint8]bool {
	t.Helper()
	for _, arg := range v.args {
		list, ok := strings.CutPrefix(arg, key+"=")
		if !ok {
			continue
		}
		set := map[uint8]bool{}
		for _, field := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
			n, err := strconv.ParseUint(field, 10, 8)
			if err != nil {
				t.Fatalf("%v: %v", v, err)
			}
			set[uint8(n)] = true
		}
		return set
	}
	return nil
}

func vectors(t *testing.T, verbs ...string) (out []vector) {
	t.Helper()
	for family := range families {
		data, err := os.ReadFile("testdata/" + family + ".vec")
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
			v := vector{family, strings.TrimSpace(parts[0]), strings.Fields(parts[1]), frame}
			for _, verb := range verbs {
				if v.verb == verb {
					out = append(out, v)
				}
			}
		}
	}
	if len(out) == 0 {
		t.Fatalf("no vectors of %v", verbs)
	}
	return out
}

// described is the board that a state vector was heard from, with the given meaning of a set bit.
func (v vector) described(t *testing.T, openBit uint8) statement.Board {
	return statement.Board{
		Line: "bus0", Family: v.family, Address: v.number(t, 0), Channels: v.number(t, 1),
		LastByteFirst: v.args[2] == "last", OpenBit: openBit, Sensors: v.locks(t, "inside") != nil,
	}
}

func TestQuestionsMatchVectors(t *testing.T) {
	for _, v := range vectors(t, "open", "readall") {
		f := families[v.family]
		b := statement.Board{Line: "bus0", Family: v.family, Address: v.number(t, 0), Channels: f.channels}
		got := f.readAll(b)
		if v.verb == "open" {
			c, err := NewChannel(b, v.number(t, 1))
			if err != nil {
				t.Fatal(err)
			}
			got = f.open(b, c)
		}
		if !bytes.Equal(got, v.bytes) {
			t.Errorf("%s %s %v: % X, want % X", v.family, v.verb, v.args, got, v.bytes)
		}
	}
}

func TestStatesMatchVectors(t *testing.T) {
	for _, v := range vectors(t, "state") {
		for _, openBit := range []uint8{0, 1} {
			b := v.described(t, openBit)
			if err := Check(b); err != nil {
				t.Fatal(err)
			}
			r, err := families[v.family].parseState(b, v.bytes)
			if err != nil {
				t.Fatalf("%s %v: %v", v.family, v.args, err)
			}
			checkReading(t, v, b, r)
		}
	}
}

func checkReading(t *testing.T, v vector, b statement.Board, r Reading) {
	t.Helper()
	set, inside := v.locks(t, "set"), v.locks(t, "inside")
	for n := uint8(0); n < 255; n++ {
		want, sensed := Unknown, Unsensed
		if n > 0 && n <= b.Channels {
			want = Closed
			if set[n] == (b.OpenBit == 1) {
				want = Open
			}
			if b.Sensors {
				sensed = Empty
				if inside[n] {
					sensed = Occupied
				}
			}
		}
		if r.Contact(n) != want || r.Inside(n) != sensed {
			t.Errorf("%s %v, open bit %d: channel %d is %v, %v; want %v, %v",
				v.family, v.args, b.OpenBit, n, r.Contact(n), r.Inside(n), want, sensed)
		}
	}
}

// Whatever one byte of an answer turns into, no door is read as closed or open that was not.
func TestOneGarbledByteNeverMovesADoor(t *testing.T) {
	strays := [][]byte{nil, {0xFA, 0xFD, 0x99, 0x99}, {0x80}, {0x02, 0x80, 0x01}}
	for _, v := range vectors(t, "state") {
		b := v.described(t, 0)
		for _, stray := range strays {
			heard := append(append([]byte(nil), stray...), v.bytes...)
			garbleEach(t, v.family, b, heard)
			for cut := range v.bytes {
				if _, err := families[v.family].parseState(b, heard[:len(stray)+cut]); err == nil {
					t.Errorf("%s: the first %d bytes of an answer were read as a state", v.family, cut)
				}
			}
		}
	}
}

func garbleEach(t *testing.T, family string, b statement.Board, heard []byte) {
	t.Helper()
	parse := families[family].parseState
	whole, wholeErr := parse(b, heard)
	for at := range heard {
		for value := range 256 {
			garbled := bytes.Clone(heard)
			garbled[at] = byte(value)
			r, err := parse(b, garbled)
			if err != nil && r != (Reading{}) {
				t.Fatalf("%s: % X: a reading beside the error %v", family, garbled, err)
			}
			if err == nil && (wholeErr != nil || r != whole) {
				t.Fatalf("%s: % X read as another state than % X", family, garbled, heard)
			}
		}
	}
}

func TestStrayBytesBeforeAnAnswer(t *testing.T) {
	b := statement.Board{Line: "bus0", Family: "8a", Address: 1, Channels: 24}
	r, err := parseState8A(b, []byte{0xFA, 0xFD, 0x99, 0x99, 0x80, 0x01, 0x01, 0x01, 0x01, 0x33, 0xB3})
	if err != nil || r.Contact(1) != Closed || r.Contact(2) != Open {
		t.Fatalf("%v %v, %v", r.Contact(1), r.Contact(2), err)
	}
	k := statement.Board{Line: "bus0", Family: "cu16", Channels: 16}
	if _, err := parseStateCU16(k, []byte{0xFA, 0x02, 0x00, 0x35, 0xFF, 0xFF, 0, 0, 0x03, 0x38}); err == nil {
		t.Fatal("a KERONG board sends no stray bytes, yet they were accepted")
	}
}

// Every frame that any family can send, for every board and channel it accepts, against the frames it must not know.
func TestNothingSentOpensMoreThanOneDoor(t *testing.T) {
	sent := map[string]bool{}
	for name, f := range families {
		for address := range 256 {
			b := statement.Board{Line: "bus0", Family: name, Address: uint8(address), Channels: f.channels}
			if Check(b) != nil {
				continue
			}
			sent[string(f.readAll(b))] = true
			for n := range 256 {
				if c, err := NewChannel(b, uint8(n)); err == nil {
					frame := f.open(b, c)
					if sent[string(frame)] {
						t.Errorf("%s: % X is sent for two different things", name, frame)
					}
					sent[string(frame)] = true
				}
			}
		}
	}
	for _, v := range vectors(t, "never") {
		if sent[string(v.bytes)] {
			t.Errorf("%s: % X can be sent", v.family, v.bytes)
		}
	}
	for frame := range sent {
		all8A := frame[0] == 0x8A && frame[2] == 0 || frame[0] == 0x90 || frame[0] == 0x9A
		allKerong := len(frame) == 5 && frame[0] == 0x02 && (frame[2] == 0x33 || frame[1] == 0xF0)
		if all8A || allKerong {
			t.Errorf("% X opens more than one door", frame)
		}
	}
}

func TestAnswersToOpen(t *testing.T) {
	for _, v := range vectors(t, "answer") {
		for _, openAnswer := range []uint8{0x00, 0x11} {
			b := statement.Board{Line: "bus0", Family: v.family, Address: v.number(t, 0), Channels: 24, OpenAnswer: openAnswer}
			c, _ := NewChannel(b, v.number(t, 1))
			want := map[string]Contact{"00": Open, "11": Unknown}[v.args[2]]
			if openAnswer == 0x11 && v.args[2] == "00" {
				want = Closed
			}
			if got, err := parseOpened8A(b, c, v.bytes); err != nil || got != want {
				t.Errorf("% X with open=%02x: %v, %v; want %v", v.bytes, openAnswer, got, err, want)
			}
			other, _ := NewChannel(b, 20)
			if _, err := parseOpened8A(b, other, v.bytes); err == nil {
				t.Errorf("% X taken as the answer for another lock", v.bytes)
			}
		}
	}
}

func TestOtherFramesAreNoState(t *testing.T) {
	for _, v := range vectors(t, "other", "answer", "open", "readall", "never") {
		for channels := uint8(1); channels <= families[v.family].channels; channels++ {
			b := statement.Board{Line: "bus0", Family: v.family, Address: v.number(t, 0), Channels: channels}
			if _, err := families[v.family].parseState(b, v.bytes); err == nil {
				t.Errorf("%s: % X read as a state", v.family, v.bytes)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	good := statement.Board{Line: "bus0", Family: "cu16", Address: 9, Channels: 16, Sensors: true}
	if err := Check(good); err != nil {
		t.Fatal(err)
	}
	cases := map[string]func(*statement.Board){
		"family":               func(b *statement.Board) { b.Family = "wkly" },
		"no channels":          func(b *statement.Board) { b.Channels = 0 },
		"too many channels":    func(b *statement.Board) { b.Channels = 17 },
		"broadcast address":    func(b *statement.Board) { b.Address = 15 },
		"bit":                  func(b *statement.Board) { b.OpenBit = 2 },
		"answer of another":    func(b *statement.Board) { b.OpenAnswer = 0x11 },
		"8a board 0":           func(b *statement.Board) { b.Family, b.Sensors, b.Address = "8a", false, 0 },
		"8a sensors":           func(b *statement.Board) { b.Family, b.Address = "8a", 1 },
		"8a impossible answer": func(b *statement.Board) { b.Family, b.Sensors, b.Address, b.OpenAnswer = "8a", false, 1, 0x22 },
	}
	for name, spoil := range cases {
		b := good
		spoil(&b)
		if Check(b) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, n := range []uint8{0, 17, 255} {
		if _, err := NewChannel(good, n); err == nil {
			t.Errorf("channel %d of 16 accepted", n)
		}
	}
}
