package ceremony_test

import (
	"os"
	"path/filepath"
	"testing"

	"lockstep/ceremony"
	"lockstep/guard/statement"
)

// rotated is the network under a next charter, signed by the roots of before and its own.
func rotated(t *testing.T, d *ceremony.Development, roots ...*statement.Signer) *ceremony.Development {
	t.Helper()
	next := *d
	next.Charter.Epoch++
	next.Roots = roots
	next.Charter.Roots = statement.Role{Threshold: 1}
	for _, r := range roots {
		next.Charter.Roots.Holders = append(next.Charter.Roots.Holders, statement.Holder{Person: "new", Key: r.Key()})
	}
	private, public, err := statement.NewSealKey()
	must(t, err)
	next.SealKey, next.Charter.Notifier = private, public
	next.Bundle, err = ceremony.SignAll(next.Charter, append(append([]*statement.Signer{}, d.Roots...), roots...)...)
	must(t, err)
	return &next
}

func newSigner(t *testing.T) *statement.Signer {
	t.Helper()
	s, err := statement.SignerFromSeed(statement.NewSeed())
	must(t, err)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestReadCharters(t *testing.T) {
	one, err := ceremony.NewDevelopment("test")
	must(t, err)
	root, other := newSigner(t), newSigner(t)
	two := rotated(t, one, root)
	stranger, err := ceremony.NewDevelopment("test")
	must(t, err)
	three := rotated(t, two, root)
	forged := rotated(t, rotated(t, stranger, other), root) // epoch 3, by other old roots
	for name, c := range map[string]struct {
		today *ceremony.Development
		older []*ceremony.Development
		want  int // how many charters; 0 is a refusal
	}{
		"one":                         {one, nil, 1},
		"one, and its own copy":       {one, []*ceremony.Development{one}, 1},
		"two":                         {two, []*ceremony.Development{one}, 2},
		"three":                       {three, []*ceremony.Development{two, one}, 3},
		"one left out":                {three, []*ceremony.Development{one}, 0},
		"those before are not kept":   {two, nil, 1},
		"after another network's":     {two, []*ceremony.Development{stranger}, 0},
		"signed by others":            {forged, []*ceremony.Development{one, two}, 0},
		"a newer one lies with older": {one, []*ceremony.Development{two}, 0},
	} {
		dir := t.TempDir()
		must(t, c.today.Save(dir))
		must(t, os.MkdirAll(filepath.Join(dir, "charters"), 0o700))
		for i, older := range c.older {
			data, err := older.Bundle.Encode()
			must(t, err)
			must(t, os.WriteFile(filepath.Join(dir, "charters", string(rune('a'+i))+".bundle"), data, 0o600))
		}
		charters, bundles, err := ceremony.ReadCharters(dir)
		if (err == nil) != (c.want > 0) || len(charters) != c.want || len(bundles) != c.want {
			t.Errorf("%s: %d charters, %v", name, len(charters), err)
		}
		for i, charter := range charters {
			if want := c.today.Charter.Epoch - uint64(i); charter.Epoch != want {
				t.Errorf("%s: charter %d is of epoch %d", name, i, charter.Epoch)
			}
		}
	}
}

func TestReadSealKeys(t *testing.T) {
	one, err := ceremony.NewDevelopment("test")
	must(t, err)
	dir := t.TempDir()
	must(t, one.Save(dir))
	must(t, os.MkdirAll(filepath.Join(dir, "seals"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "seals", "2025.seal"), []byte("00ff\n"), 0o600))
	keys, err := ceremony.ReadSealKeys(dir)
	if err != nil || len(keys) != 2 || string(keys[0]) != string(one.SealKey) || string(keys[1]) != "\x00\xff" {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	must(t, os.WriteFile(filepath.Join(dir, "seals", "2024.seal"), []byte("no key\n"), 0o600))
	if _, err := ceremony.ReadSealKeys(dir); err == nil {
		t.Error("a key that is none was read")
	}
}
