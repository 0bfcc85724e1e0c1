package audit

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// perMillion is how far the guard's powered clock may be off.
const perMillion = 200

// Moment is when a record was written: between two times, as the guard's clock knew it then or as later records show.
type Moment struct {
	Record    uint64     `json:"record"`
	NotBefore *time.Time `json:"not_before,omitempty"` // missing: no lower bound was known
	NotAfter  *time.Time `json:"not_after,omitempty"`  // missing: nothing bounds it from above
	TimeSet   uint64     `json:"time_set,omitempty"`   // the record of the last agreement of two time keys' receipts before
	Bounded   uint64     `json:"bounded,omitempty"`    // the later record that not_after was reckoned back from, where its own had none
	Boot      uint64     `json:"boot"`
	Powered   int64      `json:"powered"` // µs that the locker had been powered, ever
}

// moments reckons the time of each line. An upper bound reaches back from later records: at least the powered time between lies
// between. It does not reach back over a charter that set the clock back, before which no bound was to be relied on.
func moments(lines []line, location *time.Location) []Moment {
	out := make([]Moment, len(lines))
	set := uint64(0)
	for i, l := range lines {
		r := l.record
		if r.Kind == journal.TimeSet {
			set = l.place
		}
		out[i] = Moment{Record: l.place, NotBefore: wall(r.Low, location), NotAfter: wall(r.High, location), TimeSet: set, Boot: r.Boot, Powered: r.Powered}
	}
	var high, powered int64
	var from uint64
	for i := len(lines) - 1; i >= 0; i-- {
		r := lines[i].record
		if r.Kind == journal.Chartered && setsBack(r) {
			high = 0
		}
		if high > 0 {
			passed := max(0, powered-r.Powered)
			high, powered = high-passed+passed*perMillion/1e6, r.Powered
		}
		if r.High > 0 {
			high, powered, from = r.High, r.Powered, lines[i].place
		} else if high > 0 {
			out[i].NotAfter, out[i].Bounded = wall(high, location), from
		}
	}
	return out
}

func setsBack(r journal.Record) bool {
	if len(r.Charter) == 0 {
		return false
	}
	c, err := statement.ReadUnverified[statement.Charter](r.Charter[0])
	return err == nil && c.SetBack > 0
}

func wall(micros int64, location *time.Location) *time.Time {
	if micros == 0 {
		return nil
	}
	t := time.UnixMicro(micros).In(location)
	return &t
}

// receipt is a time key's word that is believed.
type receipt struct {
	statement.Receipt
	person statement.Person
}

// witness verifies the receipts. One over a record of another hash is a fork, whoever made it.
func (a *audit) witness() {
	a.chained = chained(a.lines)
	for _, f := range a.files {
		for _, envelope := range f.receipts {
			a.hear(f.Name, envelope)
		}
	}
}

func (a *audit) hear(file string, envelope []byte) {
	said, err := statement.ReadUnverified[statement.Receipt](envelope)
	if err != nil {
		a.find(Receipt, 0, file, "A receipt cannot be read: %v.", err)
		return
	}
	r, person, err := a.believe(said.Position, envelope)
	if err != nil || r.Locker != a.guard.ID {
		a.find(Receipt, said.Position, file, "The receipt over record %d is not one of this network's time keys for this locker.", said.Position)
		return
	}
	i, here := a.at(r.Position)
	switch {
	case !here && r.Position > a.end():
		if !a.knows(Truncated, a.end()+1) {
			a.find(Truncated, a.end()+1, file, "%s has seen record %d; the journal ends with record %d.", person, r.Position, a.end())
		}
	case here && a.lines[i].hash != r.Hash:
		if a.knows(Altered, r.Position) {
			return
		}
		a.find(Fork, r.Position, file, "%s has seen another record %d, with the hash %x.", person, r.Position, r.Hash)
	case here:
		a.receipts = append(a.receipts, receipt{r, person})
	}
}

// believe takes a receipt of a time key of the charter that was in force, or of one before: a key may have been exchanged since.
func (a *audit) believe(position uint64, envelope []byte) (r statement.Receipt, person statement.Person, err error) {
	for _, g := range slices.Backward(a.reigns) {
		if g.from > position {
			continue
		}
		var key statement.Key
		if r, key, err = statement.Verify[statement.Receipt](envelope, g.charter.Time.Lookup); err == nil {
			return r, g.charter.Time.Person(key.ID()), nil
		}
	}
	return r, "", cmp.Or(err, errors.New("no charter was in force"))
}

// Witnessed is what two time keys have seen: everything up to a record, at a time by which it therefore existed.
type Witnessed struct {
	Through uint64             `json:"through"` // a record
	At      *time.Time         `json:"at"`
	By      []statement.Person `json:"by"`
}

// chained gives for each line the last record that it is chained to without a break: a receipt further on says nothing of it.
func chained(lines []line) []uint64 {
	out := make([]uint64, len(lines))
	for i, l := range slices.Backward(lines) {
		out[i] = l.place
		if i+1 < len(lines) && l.signed && lines[i+1].signed && lines[i+1].record.Prev == l.hash {
			out[i] = out[i+1]
		}
	}
	return out
}

// seen is when two time keys had seen a record, the earliest that can be shown.
func (a *audit) seen(record uint64) *Witnessed {
	first := map[statement.Person]int64{}
	through := map[statement.Person]uint64{}
	i, _ := a.at(record)
	end := a.chained[i]
	for _, r := range a.receipts {
		if at, ok := first[r.person]; r.Position >= record && r.Position <= end && (!ok || r.UTC < at) {
			first[r.person], through[r.person] = r.UTC, r.Position
		}
	}
	if len(first) < 2 {
		return nil
	}
	persons := make([]statement.Person, 0, len(first))
	for p := range first {
		persons = append(persons, p)
	}
	slices.SortFunc(persons, func(x, y statement.Person) int { return cmp.Or(cmp.Compare(first[x], first[y]), cmp.Compare(x, y)) })
	two := persons[:2]
	return &Witnessed{min(through[two[0]], through[two[1]]), wall(first[two[1]], a.location), two}
}
