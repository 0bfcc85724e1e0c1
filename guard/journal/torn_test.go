package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lockstep/guard/journal"
)

const sector = 512

// cut is a journal before and after its last write: n entries, then so many more.
type cut struct {
	before, after []byte
	n, more       int
}

// lastWrite makes a journal whose first record has a text of some length, and whose last write is of some entries.
func lastWrite(t *testing.T, text int, private ...int) (c cut) {
	t.Helper()
	dir := t.TempDir()
	log, err := open(dir, func(journal.Entry) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	add := func(entries ...journal.Entry) []byte {
		if err := log.Append(entries...); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, "000000000001.journal"))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	r := journal.Record{Number: 1, Boot: 1, Powered: 1, Kind: journal.Alarm, Reason: strings.Repeat("x", text)}
	c.before, c.n = add(journal.Entry{Record: r}), 1
	last, entries := journal.Position{Number: 1, Hash: r.Hash()}, []journal.Entry{}
	for _, size := range private {
		r := journal.Record{Number: last.Number + 1, Prev: last.Hash, Boot: 1, Powered: 2, Kind: journal.Alarm, Reason: "last"}
		e := journal.Seal(r, [16]byte{1}, bytes.Repeat([]byte("p"), size))
		entries, last = append(entries, e), journal.Position{Number: e.Record.Number, Hash: e.Record.Hash()}
	}
	c.after, c.more = add(entries...), len(entries)
	return c
}

// left is what the disk holds when the power goes before the last write is synced: of some sectors nothing new, and so many bytes.
func (c cut) left(lost int, size int) []byte {
	data := bytes.Clone(c.after[:size])
	for i, at := 0, len(c.before)/sector*sector; at < len(data); i, at = i+1, at+sector {
		if lost>>i&1 == 1 {
			end := min(at+sector, len(data))
			clear(data[at:end])
			copy(data[at:end], c.before[min(at, len(c.before)):])
		}
	}
	return data
}

// TestAnyPartOfTheLastWriteMayBeMissing: power that goes in the middle of a write leaves any of its sectors and any length. What was
// written before is there, and the journal goes on.
func TestAnyPartOfTheLastWriteMayBeMissing(t *testing.T) {
	tried, dir := 0, t.TempDir()
	path := filepath.Join(dir, "000000000001.journal")
	for text := 0; text < 512; text += 37 {
		for _, private := range [][]int{{0}, {200}, {400, 10, 300}, {1500}} {
			c := lastWrite(t, text, private...)
			first, sectors := len(c.before)/sector, (len(c.after)+sector-1)/sector
			sizes := []int{len(c.after)}
			for at := first + 1; at < sectors; at++ {
				sizes = append(sizes, at*sector)
			}
			for lost := range 1 << (sectors - first) {
				for _, size := range sizes {
					tried++
					data := c.left(lost, size)
					os.WriteFile(path, data, 0o600)
					got, _, err := opened(dir)
					whole := bytes.Equal(data, c.after)
					if err != nil || len(got) < c.n || len(got) > c.n+c.more || whole && len(got) != c.n+c.more {
						t.Fatalf("text %d, last write %v at byte %d of %d, lost %b, size %d: %d entries, %v", text, private, len(c.before), len(c.after), lost, size, len(got), err)
					}
				}
			}
		}
	}
	t.Logf("%d ends", tried)
}

// TestAChangedByteOfTheLastWriteIsRefused, wherever in its sectors it lies.
func TestAChangedByteOfTheLastWriteIsRefused(t *testing.T) {
	dir, placed := t.TempDir(), map[int]bool{}
	path := filepath.Join(dir, "000000000001.journal")
	for text := range 512 {
		c := lastWrite(t, text, 40)
		at := len(c.before) % sector
		if placed[at] || at != 32 && at != 470 && at != 481 && at != 490 && at < 508 {
			continue
		}
		placed[at] = true
		end := len(bytes.TrimRight(c.after, "\xff"))
		for i := len(c.before); i < end; i++ {
			if i/sector == len(c.before)/sector && at > sector-32 {
				continue // zeros that hold a place
			}
			for _, flip := range []byte{0x01, c.after[i]} {
				changed := bytes.Clone(c.after)
				if changed[i] ^= flip; flip == 0 {
					continue
				}
				os.WriteFile(path, changed, 0o600)
				if _, _, err := opened(dir); !errors.Is(err, journal.ErrCorrupt) {
					t.Fatalf("text %d: byte %d of %d..%d xor %#x: %v", text, i, len(c.before), end, flip, err)
				}
			}
		}
	}
	if len(placed) < 6 {
		t.Fatalf("only %d places", len(placed))
	}
}

// trace is a file whose calls are told.
type trace struct {
	*os.File
	path string
	disk *traced
}

type traced struct {
	did  []string
	fail func(call, path string) error
}

func (d *traced) do(call, path string) error {
	d.did = append(d.did, call+" "+filepath.Base(path))
	if d.fail != nil {
		return d.fail(call, path)
	}
	return nil
}

func (d *traced) open(path string, flag int) (journal.File, error) {
	call := "open"
	if flag&os.O_CREATE != 0 {
		call = "create"
	}
	if err := d.do(call, path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, flag, 0o600)
	return trace{f, path, d}, err
}

func (f trace) Write(p []byte) (int, error) {
	if err := f.disk.do("write", f.path); err != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, err
	}
	return f.File.Write(p)
}

func (f trace) Sync() error { return f.disk.do("sync", f.path) }

func (f trace) Truncate(size int64) error {
	if err := f.disk.do("truncate", f.path); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

// TestWhatIsTakenBackStaysAway: a write that failed is cut off, and the cut itself is made durable before anything else.
func TestWhatIsTakenBackStaysAway(t *testing.T) {
	d := &traced{}
	log, err := journal.OpenWith(t.TempDir(), d.open, func(journal.Entry) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	d.did, d.fail = nil, func(call, _ string) error { return map[string]error{"write": syscall.ENOSPC}[call] }
	if err := log.Append(chain(log.End(), 1)...); !errors.Is(err, syscall.ENOSPC) || log.Broken() {
		t.Fatalf("%v, broken %v", err, log.Broken())
	}
	if got := fmt.Sprint(d.did); got != "[write 000000000001.journal truncate 000000000001.journal sync 000000000001.journal]" {
		t.Errorf("it did %s", got)
	}
	d.fail = func(call, _ string) error {
		return map[string]error{"write": syscall.ENOSPC, "sync": syscall.EIO}[call]
	}
	if err := log.Append(chain(log.End(), 1)...); err == nil || !log.Broken() {
		t.Errorf("a cut that is not durable was trusted: %v", err)
	}
}

// TestNamesAreMadeDurable: those of a new journal's folder and segment, and again at every start, for whoever made them may have been
// ended before.
func TestNamesAreMadeDurable(t *testing.T) {
	state := t.TempDir()
	for range 2 {
		d := &traced{}
		log, err := journal.OpenWith(filepath.Join(state, "journal"), d.open, func(journal.Entry) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		log.Close()
		did := fmt.Sprint(d.did)
		for _, call := range []string{"sync " + filepath.Base(state), "sync journal"} {
			if !strings.Contains(did, call) {
				t.Errorf("no %q: %s", call, did)
			}
		}
		if made, safe := strings.Index(did, "create 000000000001.journal"), strings.Index(did, "sync journal"); made > safe {
			t.Errorf("a name that is made after it is safe: %s", did)
		}
	}
}

// TestASegmentThatCouldNotBeginMayBeginLater: the disk fails while a new segment's name is made durable, and so does taking it back.
func TestASegmentThatCouldNotBeginMayBeginLater(t *testing.T) {
	dir, d := t.TempDir(), &traced{}
	log, err := journal.OpenWith(dir, d.open, func(journal.Entry) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if err := log.Append(chain(log.End(), 3)...); err != nil {
		t.Fatal(err)
	}
	d.fail = func(call, path string) error {
		if call == "sync" && path == dir {
			return syscall.EIO
		}
		return nil
	}
	checkpoint := journal.Seal(journal.Record{Number: 4, Prev: log.End().Hash, Kind: journal.Checkpoint}, [16]byte{}, []byte("state"))
	if err := log.Append(checkpoint); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	next := filepath.Join(dir, "000000000004.journal")
	os.WriteFile(next, []byte("records"), 0o600)
	d.fail = nil
	if err := log.Append(checkpoint); err == nil {
		t.Fatal("a segment that holds something was begun anew")
	}
	if data, err := os.ReadFile(next); string(data) != "records" {
		t.Fatalf("it holds %q now, %v", data, err)
	}
	os.WriteFile(next, nil, 0o600) // it could not be removed
	if err := log.Append(checkpoint); err != nil {
		t.Fatal("when the disk works again:", err)
	}
}

// TestSegmentsGoOneByOne: wherever the power goes while old segments do, what is left is a journal.
func TestSegmentsGoOneByOne(t *testing.T) {
	dir, d := t.TempDir(), &traced{}
	log, err := journal.OpenWith(dir, d.open, func(journal.Entry) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for range 4 {
		checkpoint := journal.Seal(journal.Record{Number: log.End().Number + 1, Prev: log.End().Hash, Kind: journal.Checkpoint}, [16]byte{}, []byte("state"))
		if err := log.Append(checkpoint); err != nil {
			t.Fatal(err)
		}
	}
	var left []int
	d.fail = func(call, path string) error {
		if call == "sync" && path == dir {
			names, _ := filepath.Glob(filepath.Join(dir, "*.journal"))
			left = append(left, len(names))
			if n, err := reopen(dir); err != nil || n != 1 {
				t.Errorf("with %d segments left: %d entries, %v", len(names), n, err)
			}
		}
		return nil
	}
	if err := log.Forget(4); err != nil || fmt.Sprint(left) != "[3 2 1]" {
		t.Errorf("made durable with %v segments left, %v", left, err)
	}
}
