// Package audit answers, for somebody who trusts nobody but a charter, who opened a door, when and on what authority. It reads
// charters and what a guard has signed, and needs no network, no hub and no guard.
//
// A journal is held against itself (every record is under a signature of the guard's, in its place), against the guard's rules
// (each record follows from those before), and against the charter that was in force (each person and carrier held the role). What
// does not hold is a Finding that names the record.
package audit

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // a locker's wall clock, on machines without the tables

	"lockstep/guard/statement"
)

// Query is what is asked. The zero Query asks for every opening of whatever locker the files are of.
type Query struct {
	Locker      string
	Compartment uint16
	From, To    string // RFC 3339, or 2006-01-02 or 2006-01-02T15:04 by the locker's wall clock
}

// Audit holds journal files of one guard against the charters of its network, oldest first, and reports. Its error is input from
// which nothing can be told; whatever is wrong with a journal is in the report.
func Audit(charters []statement.Charter, files []File, q Query) (Report, error) {
	a := &audit{charters: charters, files: files, location: time.UTC}
	if err := a.identify(q.Locker); err != nil {
		return Report{}, err
	}
	if a.guard.ID != "" {
		a.read()
		a.judge()
		a.witness()
	}
	return a.report(q)
}

// audit is one audit in progress.
type audit struct {
	charters []statement.Charter
	files    []File
	guard    statement.Locker // the certificate; without an ID no signature could be checked
	threads  []thread
	lines    []line // the journal, by rising number, each record once
	last     uint64 // the last record that a head speaks of
	reigns   []reign
	judged   uint64 // the last record held against the rules
	receipts []receipt
	chained  []uint64       // see there
	location *time.Location // of the locker
	moments  []Moment       // of each line
	openings []Opening
	found    []Finding
}

func (a *audit) find(kind Wrong, record uint64, file, format string, args ...any) {
	a.found = append(a.found, Finding{kind, record, file, fmt.Sprintf(format, args...)})
}

// identify finds the locker certificate: the only road to the key that signs the heads.
func (a *audit) identify(locker string) error {
	for _, f := range a.files {
		for _, l := range f.lines {
			if len(l.record.Certificate) == 0 {
				continue
			}
			guard, err := a.certificate(l.record.Certificate)
			if err != nil {
				a.find(Certificate, l.number(), f.Name, "Record %d: the locker certificate is not to be believed under the charters given: %v.", l.number(), err)
			} else if err := a.same(guard, f.Name, locker); err != nil {
				return err
			}
		}
	}
	if a.guard.ID == "" && len(a.found) == 0 {
		return a.nameless()
	}
	return nil
}

// nameless finds why there is no certificate: the first record is damaged, or is not here at all.
func (a *audit) nameless() error {
	for _, f := range a.files {
		for _, t := range f.torn {
			if t.lines == 0 {
				a.find(Unreadable, 1, f.Name, "From byte %d of the file on, where record 1 should come, it cannot be read: %v.", t.byte, t.err)
			}
		}
		if len(f.lines) > 0 && f.lines[0].bad != nil {
			a.find(Unreadable, 1, f.Name, "Record 1 cannot be read: %v.", f.lines[0].bad)
		}
	}
	if len(a.found) == 0 {
		return errors.New("the journal's first record is not here: without its locker certificate no signature can be checked")
	}
	return nil
}

func (a *audit) certificate(envelopes [][]byte) (l statement.Locker, err error) {
	for _, charter := range a.charters {
		if l, err = statement.VerifyAll[statement.Locker](envelopes, charter.Provisioning); err == nil && l.Network == charter.Network {
			return l, nil
		}
	}
	return l, cmp.Or(err, errors.New("it is of another network"))
}

// same holds one certificate against those before it and against what was asked. The last describes the locker as it is.
func (a *audit) same(guard statement.Locker, file, locker string) error {
	switch {
	case locker != "" && guard.ID != locker:
		return fmt.Errorf("%s is the journal of locker %s, not of %s", file, guard.ID, locker)
	case a.guard.ID != "" && guard.ID != a.guard.ID:
		return fmt.Errorf("the files are of two lockers, %s and %s", a.guard.ID, guard.ID)
	case a.guard.ID != "" && !guard.Guard.Equal(a.guard.Guard):
		return fmt.Errorf("the files are of two guards of locker %s: each has a journal of its own", guard.ID)
	}
	a.guard = guard
	if location, err := time.LoadLocation(guard.Zone); err == nil {
		a.location = location
	}
	return nil
}

// read makes one journal of all files: each is traced for itself, then they are held against each other.
func (a *audit) read() {
	var heads []head
	for _, f := range a.files {
		t := a.trace(f)
		a.threads, heads = append(a.threads, t), append(heads, t.heads...)
	}
	a.lines = a.merge()
	a.gaps()
	for _, h := range heads {
		a.last = max(a.last, h.Position)
		i, here := a.at(h.Position)
		if here && a.lines[i].signed && a.lines[i].hash != h.Hash && !a.forked(h.Position) {
			a.find(Fork, h.Position, h.file, "The guard has also signed another record %d, with the hash %x; the one here has %x.", h.Position, h.Hash, a.lines[i].hash)
		}
	}
	if end := a.end(); a.last > end {
		a.find(Truncated, end+1, "", "The guard has signed %d records; the journal ends with record %d.", a.last, end)
	}
}

func (a *audit) at(number uint64) (int, bool) {
	return slices.BinarySearchFunc(a.lines, number, func(l line, n uint64) int { return cmp.Compare(l.place, n) })
}

func (a *audit) end() uint64 {
	if len(a.lines) == 0 {
		return 0
	}
	return a.lines[len(a.lines)-1].place
}

func (a *audit) knows(kind Wrong, record uint64) bool {
	return slices.ContainsFunc(a.found, func(f Finding) bool { return f.Kind == kind && f.Record == record })
}

// forked says that a fork at or before a record is known.
func (a *audit) forked(number uint64) bool {
	return slices.ContainsFunc(a.found, func(f Finding) bool { return f.Kind == Fork && f.Record <= number })
}

// gaps are records that no file has.
func (a *audit) gaps() {
	next := uint64(1)
	for _, l := range a.lines {
		if l.place > next && !a.knows(Gap, next) {
			a.find(Gap, next, "", "%s missing.", is(span(next, l.place-1)))
		}
		next = l.place + 1
	}
}

// merge takes each record once, the signed copy of it where there is one. The first that differs between two files is a fork.
func (a *audit) merge() []line {
	best, differ := map[uint64]line{}, map[uint64][2]line{}
	for _, t := range a.threads {
		for _, l := range t.lines {
			known, ok := best[l.place]
			if _, told := differ[l.place]; ok && known.hash != l.hash && !told && known.file != l.file {
				differ[l.place] = [2]line{known, l}
			}
			if !ok || l.signed && !known.signed {
				best[l.place] = l
			}
		}
	}
	if len(differ) > 0 {
		first := uint64(0)
		for n := range differ {
			if first == 0 || n < first {
				first = n
			}
		}
		a.fork(differ[first])
	}
	out := make([]line, 0, len(best))
	for _, l := range best {
		out = append(out, l)
	}
	slices.SortFunc(out, func(x, y line) int { return cmp.Compare(x.place, y.place) })
	return out
}

func (a *audit) fork(two [2]line) {
	verdict := "Neither is under a signature."
	switch {
	case two[0].signed && two[1].signed:
		verdict = "The guard's key has signed both: it has told two histories."
	case two[0].signed:
		verdict = "Only that of " + two[0].file + " is under the guard's signature."
	case two[1].signed:
		verdict = "Only that of " + two[1].file + " is under the guard's signature."
	}
	a.find(Fork, two[0].place, "", "%s and %s are the same up to record %d and differ in record %d (SHA-256 %x and %x). %s",
		two[0].file, two[1].file, two[0].place-1, two[0].place, two[0].hash, two[1].hash, verdict)
}

// moment reads a time of a query.
func moment(text string, zone *time.Location) (int64, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t.UnixMicro(), nil
		}
	}
	return 0, fmt.Errorf("%q is no time: write 2026-03-01T09:00 by the locker's clock, or 2026-03-01T09:00:00+03:00", text)
}

func is(what string, many bool) string {
	if many {
		return what + " are"
	}
	return what + " is"
}

// span names records from first to last.
func span(first, last uint64) (text string, many bool) {
	if first == last {
		return fmt.Sprintf("Record %d", first), false
	}
	return fmt.Sprintf("Records %d to %d", first, last), true
}
