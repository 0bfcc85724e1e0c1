package journal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"lockstep/guard/journal"
)

// chain makes n records that follow after.
func chain(after journal.Position, n int) []journal.Entry {
	var out []journal.Entry
	for range n {
		r := journal.Record{Number: after.Number + 1, Prev: after.Hash, Boot: 1, Powered: int64(after.Number), Kind: journal.Alarm, Reason: "test"}
		e := journal.Entry{Record: r}
		if r.Number%2 == 0 {
			e = journal.Seal(r, [16]byte{byte(r.Number)}, []byte("private"))
		}
		out = append(out, e)
		after = journal.Position{Number: e.Record.Number, Hash: e.Record.Hash()}
	}
	return out
}

func written(t *testing.T, n int) (dir string, entries []journal.Entry) {
	t.Helper()
	dir = t.TempDir()
	log, err := journal.Open(dir, func(journal.Entry) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	entries = chain(log.End(), n)
	for _, e := range entries {
		if err := log.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	return dir, entries
}

func segmentOf(t *testing.T, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.journal"))
	if err != nil || len(names) != 1 {
		t.Fatalf("segments %v, %v", names, err)
	}
	return names[0]
}

func reopen(dir string) (n int, err error) {
	log, err := journal.Open(dir, func(journal.Entry) error { n++; return nil })
	if err == nil {
		log.Close()
	}
	return n, err
}

func TestReopenReadsAll(t *testing.T) {
	dir, entries := written(t, 9)
	var got []journal.Entry
	log, err := journal.Open(dir, func(e journal.Entry) error { got = append(got, e); return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if len(got) != len(entries) || got[8].Record.Hash() != entries[8].Record.Hash() || string(got[1].Data()) != "private" {
		t.Fatalf("got %d entries back", len(got))
	}
	public, err := log.Public(4, 1<<16)
	if err != nil || len(public) != 5 {
		t.Fatalf("%d records after the fourth, %v", len(public), err)
	}
	records, end, err := journal.Chain(journal.Position{Number: 4, Hash: entries[3].Record.Hash()}, public)
	if err != nil || end != log.End() || records[0].Number != 5 {
		t.Fatalf("the chain ends at %v, %v", end, err)
	}
	if bytes.Contains(bytes.Join(public, nil), []byte("private")) {
		t.Fatal("a private part was handed out")
	}
}

func TestCutAnywhereLosesOnlyTheLastRecord(t *testing.T) {
	dir, _ := written(t, 5)
	path := segmentOf(t, dir)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := lastFrame(whole)
	for size := last; size < len(whole); size++ {
		os.WriteFile(path, whole[:size], 0o600)
		if n, err := reopen(dir); err != nil || n != 4 {
			t.Fatalf("cut to %d of %d bytes: %d records, %v", size, len(whole), n, err)
		}
	}
}

func TestForgottenSectorsAreATornRecord(t *testing.T) {
	dir := t.TempDir()
	log, _ := journal.Open(dir, func(journal.Entry) error { return nil })
	entries := chain(log.End(), 2)
	entries[1].Record.Reason, entries[1].Private = string(bytes.Repeat([]byte("x"), 2000)), nil
	entries[1].Record.Private = nil
	if err := log.Append(entries...); err != nil {
		t.Fatal(err)
	}
	log.Close()
	path := segmentOf(t, dir)
	data, _ := os.ReadFile(path)
	for _, at := range []int{512, 1024, 1536} {
		torn := bytes.Clone(data)
		copy(torn[at:], make([]byte, min(512, len(data)-at)))
		os.WriteFile(path, torn, 0o600)
		if n, err := reopen(dir); err != nil || n != 1 {
			t.Fatalf("sector at %d forgotten: %d records, %v", at, n, err)
		}
		os.WriteFile(path, data, 0o600)
	}
}

func TestAnyChangedByteIsRefused(t *testing.T) {
	dir, _ := written(t, 4)
	path := segmentOf(t, dir)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	end := len(bytes.TrimRight(whole, "\xff")) // what fills a write up says nothing
	for i := range whole[:end] {
		for _, flip := range []byte{0x01, 0x80, 0xff} {
			changed := bytes.Clone(whole)
			changed[i] ^= flip
			os.WriteFile(path, changed, 0o600)
			if _, err := reopen(dir); !errors.Is(err, journal.ErrCorrupt) {
				t.Fatalf("byte %d of %d changed: %v", i, len(whole), err)
			}
		}
	}
}

func TestMissingRecordIsRefused(t *testing.T) {
	dir := t.TempDir()
	log, _ := journal.Open(dir, func(journal.Entry) error { return nil })
	defer log.Close()
	entries := chain(log.End(), 3)
	if err := log.Append(entries[0], entries[2]); err == nil {
		t.Fatal("a gap was written")
	}
	if err := log.Append(entries...); err != nil {
		t.Fatal("the log did not go on after a refused append:", err)
	}
}

func TestSegmentsEndWithACheckpointAndAreForgotten(t *testing.T) {
	dir, _ := written(t, 3)
	log, err := journal.Open(dir, func(journal.Entry) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	checkpoint := chain(log.End(), 1)[0]
	checkpoint = journal.Seal(journal.Record{Number: 4, Prev: log.End().Hash, Kind: journal.Checkpoint}, [16]byte{}, []byte("state"))
	if err := log.Append(checkpoint); err != nil {
		t.Fatal(err)
	}
	if err := log.Append(chain(log.End(), 2)...); err != nil {
		t.Fatal(err)
	}
	if all, err := log.Public(0, 1<<20); err != nil || len(all) != 6 {
		t.Fatalf("%d records over two segments, %v", len(all), err)
	}
	if err := log.Forget(4); err != nil || log.First() != 4 {
		t.Fatalf("first %d, %v", log.First(), err)
	}
	if _, err := log.Public(1, 1<<20); err == nil {
		t.Fatal("forgotten records were read")
	}
	log.Close()
	if n, err := reopen(dir); err != nil || n != 3 {
		t.Fatalf("%d records from the checkpoint on, %v", n, err)
	}
}

// faultyFile is a file on a disk that fails.
type faultyFile struct {
	*os.File
	disk *disk
}

type disk struct{ write, sync error }

func (f *faultyFile) Write(p []byte) (int, error) {
	if f.disk.write != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, f.disk.write
	}
	return f.File.Write(p)
}

func (f *faultyFile) Sync() error {
	if f.disk.sync != nil {
		return f.disk.sync
	}
	return f.File.Sync()
}

func TestFullDiskAndBrokenFlush(t *testing.T) {
	dir := t.TempDir()
	d := &disk{}
	open := func(path string, flag int) (journal.File, error) {
		f, err := os.OpenFile(path, flag, 0o600)
		return &faultyFile{f, d}, err
	}
	log, err := journal.OpenWith(dir, open, func(journal.Entry) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	entries := chain(log.End(), 3)
	d.write = syscall.ENOSPC
	if err := log.Append(entries[0]); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal("a full disk went unnoticed:", err)
	}
	d.write = nil
	if err := log.Append(entries[0]); err != nil {
		t.Fatal("there is room again:", err)
	}
	d.sync = syscall.EIO
	if err := log.Append(entries[1]); !errors.Is(err, syscall.EIO) {
		t.Fatal("a failed flush went unnoticed:", err)
	}
	d.sync = nil
	if err := log.Append(entries[1]); err == nil {
		t.Fatal("a disk whose flush failed was trusted again")
	}
	if n, err := reopen(dir); err != nil || n < 1 {
		t.Fatalf("%d records after the restart, %v", n, err)
	}
}

// lastFrame finds where the last frame begins.
func lastFrame(data []byte) int {
	at := 0
	for {
		next := at + 8 + int(uint32(data[at])<<24|uint32(data[at+1])<<16|uint32(data[at+2])<<8|uint32(data[at+3])) + 32
		if next >= len(data) {
			return at
		}
		at = next
	}
}
