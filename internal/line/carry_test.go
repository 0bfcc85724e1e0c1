package line_test

import (
	"bytes"
	"crypto/rand"
	mathrand "math/rand/v2"
	"strings"
	"testing"

	"lockstep/guard/statement"
	"lockstep/internal/line"
)

func TestWhatIsCarriedComesTogether(t *testing.T) {
	for _, size := range []int{8, 9, 700, 701, 1400, 60_000} {
		cargo := make([]byte, size)
		rand.Read(cargo)
		parts := line.Parts(line.PrefixUp, cargo, 700)
		other := line.Parts(line.PrefixUp, append(cargo, 1), 700)
		mathrand.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		var g line.Gathering
		if _, err := g.Add(line.PrefixUp, other[0]); err != nil { // the end of another one
			t.Fatal(err)
		}
		for i, part := range parts {
			for again := range 2 {
				got, err := g.Add(line.PrefixUp, part)
				if last := i == len(parts)-1; err != nil || last != (got != nil) || last && !bytes.Equal(got, cargo) {
					t.Fatalf("%d bytes, part %d of %d, time %d: %d bytes, %v", size, i, len(parts), again, len(got), err)
				}
			}
			if g.Have != i+1 || g.Of() != len(parts) {
				t.Fatalf("%d of %d parts", g.Have, g.Of())
			}
		}
	}
}

func TestWhatIsNoPartIsRefused(t *testing.T) {
	good := line.Parts(line.PrefixDown, []byte("a number, and a load"), 700)[0]
	for name, text := range map[string]string{"nothing": "", "the prefix": "LSD:", "the other way": strings.Replace(good, "LSD:", "LSU:", 1), "cut off": good[:12], "small letters": strings.ToLower(good), "changed": good[:len(good)-3] + "ABC", "endless": "LSD:" + strings.Repeat("0", 4000)} {
		var g line.Gathering
		if cargo, err := g.Add(line.PrefixDown, text); err == nil {
			t.Errorf("%s is taken for a part: %q", name, cargo)
		}
	}
}

// FuzzGather: whatever is shown, what comes together is what was cut up, and no more memory is held than was shown.
func FuzzGather(f *testing.F) {
	f.Add(line.Parts(line.PrefixDown, []byte("12345678"), 3)[0], line.Parts(line.PrefixDown, []byte("12345678"), 3)[1])
	f.Fuzz(func(t *testing.T, one, two string) {
		var g line.Gathering
		for _, text := range []string{one, two, one} {
			if cargo, err := g.Add(line.PrefixDown, text); err == nil && cargo != nil && len(line.Parts(line.PrefixDown, cargo, 1200)) > 256 {
				t.Fatalf("%d bytes", len(cargo))
			}
			if g.Have > g.Of() || g.Of() > 256 {
				t.Fatalf("%d of %d", g.Have, g.Of())
			}
		}
	})
}

func TestALoadIsBounded(t *testing.T) {
	var l line.Load
	for l.Add(line.Item{Kind: line.Down, Number: uint64(len(l.Items) + 1), Statement: make([]byte, 300)}) {
	}
	if len(l.Items) != line.MaxItems {
		t.Errorf("%d small items", len(l.Items))
	}
	l = line.Load{Locker: "l1"}
	for l.Add(line.Item{Kind: line.Down, Number: uint64(len(l.Items) + 1), Statement: make([]byte, 8000)}) {
	}
	if read, err := line.ReadLoad(statement.Encode(l)); err != nil || len(read.Items) != 3 || read.Locker != "l1" {
		t.Errorf("%d, %v", len(read.Items), err)
	}
	for name, l := range map[string]line.Load{"no number": {Items: []line.Item{{Kind: line.Down}}}, "a numbered receipt": {Items: []line.Item{{Kind: line.Receipt, Number: 1}}}, "another kind": {Items: []line.Item{{Kind: line.Welcome}}},
		"a great statement": {Items: []line.Item{{Kind: line.Persons, Statement: make([]byte, line.MaxStatement+1)}}}, "many": {Items: make([]line.Item, line.MaxItems+1)}} {
		if _, err := line.ReadLoad(statement.Encode(l)); err == nil {
			t.Errorf("%s is read", name)
		}
	}
	if _, err := line.ReadLoad([]byte("x")); err == nil {
		t.Error("rubbish is read")
	}
}
