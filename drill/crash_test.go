package drill

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestPlatterForgets: what was not synced is gone, in each way that it can be, and nothing else is.
func TestPlatterForgets(t *testing.T) {
	above := t.TempDir()
	path := func(name string) string { return filepath.Join(above, "state", name) }
	os.Mkdir(filepath.Join(above, "state"), 0o700)
	os.WriteFile(path("old"), bytes.Repeat([]byte("o"), 700), 0o600)
	written := bytes.Repeat([]byte("n"), 1500)
	for way, want := range map[string]struct{ old, fresh, named string }{
		forgotAll:   {"o700", "-", "-"},
		forgotBytes: {"o700", "", ""},
		forgotNames: {"o700n1500", "-", "-"},
		lostAll:     {"o700z1500", "z4", "z3"},
		lostFirst:   {"o700z324n1176", "z4", "z3"},
		lostLast:    {"o700n1348z152", "z4", "z3"},
		lostOdd:     {"o700z324n512z512n152", "z4", "z3"},
	} {
		p, err := readPlatter(above, "state")
		if err != nil {
			t.Fatal(err)
		}
		if ways := p.ways(); len(ways) > 0 {
			t.Fatalf("what lay there could be forgotten: %v", ways)
		}
		p.write(path("old"), 700, written)
		p.create(path("fresh"), false)
		p.write(path("fresh"), 0, []byte("data"))
		p.create(path("made"), false)
		p.write(path("made"), 0, []byte("two"))
		p.rename(path("made"), path("named"))
		p.create(path("gone"), false)
		p.remove(path("gone"))
		if got := p.ways(); !slices.Equal(got, []string{forgotAll, forgotBytes, forgotNames, lostAll, lostFirst, lostLast, lostOdd}) {
			t.Fatalf("ways %v", got)
		}
		q := &platter{t.TempDir(), p.root}
		if err := q.spill("state", way); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"old": want.old, "fresh": want.fresh, "named": want.named, "made": "-", "gone": "-"} {
			data, err := os.ReadFile(filepath.Join(q.above, "state", name))
			got := runs(data)
			if err != nil {
				got = "-"
			}
			if got != want {
				t.Errorf("%s: %s is %s, not %s", way, name, got, want)
			}
		}
		for _, name := range []string{"old", "fresh", "named", ""} {
			p.sync(strings.TrimSuffix(path(name), "/"))
		}
		if ways := p.ways(); len(ways) > 0 {
			t.Errorf("after it was synced: %v", ways)
		}
	}
}

// runs says of what bytes, and how many of each in a row, data is; z stands for zeros.
func runs(data []byte) (said string) {
	for len(data) > 0 {
		n := len(data) - len(bytes.TrimLeft(data, string(data[:1])))
		name := string(data[:1])
		if data[0] == 0 {
			name = "z"
		}
		said, data = said+name+strconv.Itoa(n), data[n:]
	}
	return said
}

func TestTableBetweenMarks(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	os.WriteFile(page, []byte("before\n"+tableBegins+"old\n"+tableEnds+"after\n"), 0o600)
	all := []Crash{{Flow: "deposit", blow: blow{Touch{Kind: "write", On: "segment", N: 1}, killBefore}}, {Flow: "deposit", blow: blow{Touch{Kind: "write", On: "segment", N: 1}, "EIO"}, Missed: true}}
	if err := PutBetween(page, CrashTable(all, 9)); err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile(page)
	if text := string(data); !strings.HasPrefix(text, "before\n") || !strings.HasSuffix(text, "after\n") || strings.Contains(text, "old") || !strings.Contains(text, "2 of 9 blows") || !strings.Contains(text, "| deposit | write segment | 1 | 2 | 1 | 1 |") {
		t.Error(text)
	}
	if err := PutBetween(page, "x"); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(page, []byte("no marks"), 0o600)
	if PutBetween(page, "x") == nil {
		t.Error("a page without marks was written")
	}
	if verdict(all) == nil || verdict(nil) == nil || verdict(all[:1]) != nil {
		t.Error("what was missed, or not played at all, passes")
	}
}
