package journal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lockstep/guard/journal"
)

// TestALostSectorInDurableRecordsIsRefused: a hole with two later writes behind it is no torn end, and to read it as one would
// bring back what has been since: codes that are used, guesses that were counted.
func TestALostSectorInDurableRecordsIsRefused(t *testing.T) {
	dir, _ := written(t, 40)
	path := segmentOf(t, dir)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 512; at+512 < len(whole)-1024; at += 512 {
		holed := bytes.Clone(whole)
		copy(holed[at:], make([]byte, 512))
		os.WriteFile(path, holed, 0o600)
		if _, err := reopen(dir); !errors.Is(err, journal.ErrCorrupt) {
			t.Fatalf("sector at %d of %d lost: %v", at, len(whole), err)
		}
	}
}

// TestNoRoomForANewSegment: the disk is full when a checkpoint comes. The old segment goes on.
func TestNoRoomForANewSegment(t *testing.T) {
	full := false
	open := func(path string, flag int) (journal.File, error) {
		if full && flag&os.O_CREATE != 0 {
			return nil, syscall.ENOSPC
		}
		return os.OpenFile(path, flag, 0o600)
	}
	dir := t.TempDir()
	log, err := journal.OpenWith(dir, open, func(journal.Entry) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if err := log.Append(chain(log.End(), 3)...); err != nil {
		t.Fatal(err)
	}
	checkpoint := journal.Seal(journal.Record{Number: 4, Prev: log.End().Hash, Kind: journal.Checkpoint}, [16]byte{}, []byte("state"))
	full = true
	if err := log.Append(checkpoint); !errors.Is(err, syscall.ENOSPC) || log.Broken() {
		t.Fatalf("a full disk: %v, broken %v", err, log.Broken())
	}
	full = false
	if err := log.Append(checkpoint); err != nil || len(log.Segments()) != 2 {
		t.Fatalf("when there is room: %v, segments %v", err, log.Segments())
	}
	if n, err := reopen(dir); n != 1 || err != nil {
		t.Fatalf("%d entries from the checkpoint on, %v", n, err)
	}
}

func TestASegmentThatIsMissingIsRefused(t *testing.T) {
	dir, _ := written(t, 3)
	log, err := journal.Open(dir, func(journal.Entry) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		e := journal.Seal(journal.Record{Number: log.End().Number + 1, Prev: log.End().Hash, Kind: journal.Checkpoint}, [16]byte{}, []byte("state"))
		if err := log.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	log.Close()
	names, _ := filepath.Glob(filepath.Join(dir, "*.journal"))
	if len(names) != 3 || !strings.HasSuffix(names[1], "4.journal") {
		t.Fatal(names)
	}
	os.Remove(names[1])
	if _, err := reopen(dir); !errors.Is(err, journal.ErrCorrupt) {
		t.Fatalf("a segment from the middle is gone: %v", err)
	}
}
