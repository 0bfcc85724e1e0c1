package journal_test

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// twoSegments is a journal of three records, a checkpoint that opens the second segment, and three more.
func twoSegments(t testing.TB) (dir string, entries []journal.Entry) {
	t.Helper()
	dir = t.TempDir()
	log, err := journal.Open(dir, func(journal.Entry) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for i := range 7 {
		more := chain(log.End(), 1)
		if i == 3 {
			r := more[0].Record
			r.Kind, r.Reason = journal.Checkpoint, ""
			more[0] = journal.Seal(r, [16]byte{4}, []byte("the whole state"))
		}
		if err := log.Append(more...); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, more...)
	}
	return dir, entries
}

// unsynced is a file on a machine that never loses power.
type unsynced struct{ *os.File }

func (unsynced) Sync() error { return nil }

func open(dir string, apply func(journal.Entry) error) (*journal.Log, error) {
	return journal.OpenWith(dir, func(path string, flag int) (journal.File, error) {
		file, err := os.OpenFile(path, flag, 0o600)
		return unsynced{file}, err
	}, apply)
}

// opened is what a journal hands on, and where it ends.
func opened(dir string) (entries []journal.Entry, end journal.Position, err error) {
	log, err := open(dir, func(e journal.Entry) error { entries = append(entries, e); return nil })
	if err != nil {
		return nil, end, err
	}
	return entries, log.End(), log.Close()
}

// FuzzOpen changes, cuts or takes away one of a journal's files. What is then opened is what was written, up to some record: no
// record is invented, none is missing in between, what was opened once is opened again and goes on. What is refused is left as it is.
func FuzzOpen(f *testing.F) {
	f.Add(false, []byte{}, uint16(0), uint16(0))
	f.Add(true, []byte{0xff}, uint16(9), uint16(0))
	f.Add(true, make([]byte, 64), uint16(100), uint16(30))
	f.Add(true, []byte{}, uint16(0), uint16(1))
	f.Add(false, []byte{}, uint16(0), uint16(1))
	dir, written := twoSegments(f)
	first, second := filepath.Join(dir, "000000000001.journal"), filepath.Join(dir, "000000000004.journal")
	f.Fuzz(func(t *testing.T, newest bool, patch []byte, at, cut uint16) {
		dir := t.TempDir()
		for _, path := range []string{first, second} {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if newest == (path == second) {
				copy(data[int(at)%len(data):], patch)
				data = data[:len(data)-int(cut)%(len(data)+1)]
			}
			os.WriteFile(filepath.Join(dir, filepath.Base(path)), data, 0o600)
		}
		before := contents(t, dir)
		got, end, err := opened(dir)
		if err != nil {
			if contents(t, dir) != before {
				t.Fatal("a journal that is refused was changed")
			}
			return
		}
		if end.Number < 3 || end.Hash != written[end.Number-1].Record.Hash() {
			t.Fatalf("it ends at %v, where nothing was written", end)
		}
		from := int(end.Number) - len(got)
		if from != 0 && from != 3 { // the first record, or the checkpoint
			t.Fatalf("%d entries up to record %d", len(got), end.Number)
		}
		same(t, got, written[from:end.Number])
		goesOn(t, dir, got)
	})
}

// goesOn holds a journal that was opened to being opened again, taking a record more, and having it.
func goesOn(t *testing.T, dir string, before []journal.Entry) {
	t.Helper()
	log, err := open(dir, func(journal.Entry) error { return nil })
	if err != nil {
		t.Fatalf("opened once and not again: %v", err)
	}
	more := chain(log.End(), 1)
	if err := log.Append(more...); err != nil {
		t.Fatal(err)
	}
	log.Close()
	after, _, err := opened(dir)
	if err != nil {
		t.Fatalf("with a record more: %v", err)
	}
	same(t, after, append(before[:len(before):len(before)], more...))
}

func same(t *testing.T, got, want []journal.Entry) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d entries, not %d", len(got), len(want))
	}
	for i := range got {
		if got[i].Record.Hash() != want[i].Record.Hash() || !bytes.Equal(got[i].Private, want[i].Private) {
			t.Fatalf("record %d was never written", got[i].Record.Number)
		}
	}
}

func contents(t *testing.T, dir string) (all string) {
	t.Helper()
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all += filepath.Base(name) + string(data)
	}
	return all
}

// FuzzSegment opens a segment of any bytes at all. What is opened is a chain, every byte of which is accounted for, and goes on.
func FuzzSegment(f *testing.F) {
	dir, _ := twoSegments(f)
	for _, name := range []string{"000000000001.journal", "000000000004.journal"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, name == "000000000004.journal")
	}
	f.Fuzz(func(t *testing.T, data []byte, later bool) {
		dir, number := t.TempDir(), uint64(1)
		path := filepath.Join(dir, "000000000001.journal")
		if later {
			path, number = filepath.Join(dir, "000000000004.journal"), 4
		}
		os.WriteFile(path, data, 0o600)
		got, end, err := opened(dir)
		if err != nil {
			return
		}
		kept, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(data, kept) {
			t.Fatalf("what was opened is not the beginning of what lay there: %v", err)
		}
		log, err := open(dir, func(journal.Entry) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		for n := number; n <= end.Number; n++ {
			public, err := log.Public(n-1, 1)
			if err != nil {
				t.Fatalf("record %d cannot be read back: %v", n, err)
			}
			if r, err := journal.Decode(public[0]); err != nil || r.Number != n {
				t.Fatalf("in the place of record %d lies %d, %v", n, r.Number, err)
			}
		}
		if len(got) > 0 {
			goesOn(t, dir, got)
		}
	})
}

// FuzzStretch: only the stretch that was signed is believed. A record has one encoding.
func FuzzStretch(f *testing.F) {
	seed := sha256.Sum256([]byte("guard"))
	guard, err := statement.SignerFromSeed(seed[:])
	if err != nil {
		f.Fatal(err)
	}
	entries := chain(journal.Position{}, 4)
	signed := map[string]bool{}
	add := func(from, to int) {
		last := entries[to-1].Record
		head, err := statement.Sign(guard, statement.Head{Locker: "l1", Boot: 1, Position: last.Number, Hash: last.Hash()})
		if err != nil {
			f.Fatal(err)
		}
		s := journal.Stretch{Head: head}
		for _, e := range entries[from:to] {
			s.Records = append(s.Records, e.Record.Encode())
		}
		signed[string(statement.Encode(s))] = true
		f.Add(statement.Encode(s))
	}
	add(2, 4)
	add(2, 2) // a heartbeat
	add(1, 3) // a record that is known
	f.Add(entries[0].Record.Encode())
	odd := entries[2].Record
	odd.Parcel = "\x00"
	f.Add(statement.Encode(journal.Stretch{Records: [][]byte{odd.Encode()}}))
	after := journal.Position{Number: 2, Hash: entries[1].Record.Hash()}
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := journal.Decode(data); err == nil && !bytes.Equal(r.Encode(), data) {
			t.Fatalf("%x is written %x", data, r.Encode())
		}
		var s journal.Stretch
		if statement.Decode(data, &s) != nil {
			return
		}
		records, end, err := journal.Chain(after, s.Records)
		if err == nil && end.Number != after.Number+uint64(len(records)) {
			t.Fatalf("%d records after %d end at %d", len(records), after.Number, end.Number)
		}
		for _, r := range records {
			if strings.ContainsAny(string(r.Kind)+r.Parcel+r.Carrier+r.Courier+r.Reason+r.Credential+r.To, "\x00\n\x1b") {
				t.Fatalf("a text that no guard writes: %+v", r)
			}
		}
		if _, _, err := s.Verify(after, "l1", guard.Key()); err == nil && !signed[string(data)] {
			t.Fatalf("believed, and never signed: %x", data)
		}
	})
}
