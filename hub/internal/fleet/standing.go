package fleet

import (
	"cmp"
	"slices"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// Standing is what a locker's records say of it as a whole. Its fold is pure.
type Standing struct {
	Paused     int64    // when the pause ends, µs UTC, reckoned from the guard's lower bound of the time; 0 where nothing is paused
	Lockdown   Lockdown // zero where there is none
	Epoch      uint64   // of the charter its guard goes by
	Technician string   // whose session goes on
}

// Lockdown is the record that began one: what a lift has to name.
type Lockdown struct {
	Record uint64
	Hash   statement.Hash
	Reason string
}

// Apply folds one record.
func (s *Standing) Apply(r journal.Record) {
	switch r.Kind {
	case journal.Provisioned:
		*s = Standing{Epoch: Epoch(r)}
	case journal.Chartered:
		s.Epoch = Epoch(r)
	case journal.Booted:
		s.Technician = ""
	case journal.Serviced:
		s.Technician = ""
		if r.Reason == "begun" && len(r.Persons) > 0 {
			s.Technician = string(r.Persons[0])
		}
	case journal.Paused:
		s.Paused = 0
		if r.Until > r.Powered {
			s.Paused = r.Low + r.Until - r.Powered
		}
	case journal.Lockdown:
		s.Lockdown = Lockdown{r.Number, r.Hash(), r.Reason}
	case journal.Lifted:
		s.Lockdown = Lockdown{}
	}
}

// Epoch is that of a record's charter, 0 where it cannot be read.
func Epoch(r journal.Record) uint64 {
	if len(r.Charter) == 0 {
		return 0
	}
	c, err := statement.ReadUnverified[statement.Charter](r.Charter[0])
	if err != nil {
		return 0
	}
	return c.Epoch
}

// Refusals counts what a guard refused, by day (since 1970, UTC, of its lower bound of the time) and word.
type Refusals map[Refusal]int64

// Refusal is one thing that was refused on one day.
type Refusal struct {
	Day  int64
	What string
}

const day = 24 * 3600 * 1e6 // µs

// manyRefusals is how many of them in one record (of ten minutes) are alarming.
const manyRefusals = 100

// Refused is how often one thing was refused on a day, 2026-12-31.
type Refused struct {
	Day, What string
	Count     int64
}

// List is all of them, latest days first.
func (c Refusals) List() (list []Refused) {
	for what, n := range c {
		list = append(list, Refused{time.UnixMicro(what.Day * day).UTC().Format(time.DateOnly), what.What, n})
	}
	slices.SortFunc(list, func(a, b Refused) int { return cmp.Or(cmp.Compare(b.Day, a.Day), cmp.Compare(a.What, b.What)) })
	return list
}

// Apply folds one record and says how many refusals it tells of.
func (c Refusals) Apply(r journal.Record) (n int64) {
	for _, count := range r.Counts {
		c[Refusal{r.Low / day, count.What}] += int64(count.N)
		n += int64(count.N)
	}
	return n
}
