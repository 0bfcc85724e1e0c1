package audit

import (
	"fmt"
	"slices"

	"lockstep/guard/statement"
)

// thread is one file's journal, traced back from the guard's signatures.
type thread struct {
	lines []line
	heads []head
}

// head is one that the guard has signed.
type head struct {
	statement.Head
	file string
}

// claim is what a signature says of a record: the head over it, or the signed record after it.
type claim struct {
	known  bool
	number uint64
	hash   statement.Hash
}

// trace goes back from each head: a head vouches for the last record before it, and a record that is vouched for vouches, by the
// hash it holds, for the one before. So whatever was changed is found where it was changed, not where the chain next fails.
func (a *audit) trace(f File) thread {
	t := thread{lines: slices.Clone(f.lines)}
	ends := map[int]claim{} // by how many lines come before
	for _, c := range f.stretch {
		if h, ok := a.head(f, c.head, c.until); ok {
			t.heads = append(t.heads, h)
			ends[c.until] = claim{true, h.Position, h.Hash}
		}
	}
	for _, envelope := range f.heads {
		if h, ok := a.head(f, envelope, len(f.lines)); ok {
			t.heads = append(t.heads, h)
		}
	}
	w := walk{audit: a, file: f.Name, lines: t.lines, places: map[statement.Hash]int{}, done: map[int]bool{}}
	for i, l := range t.lines {
		w.places[l.hash] = i
	}
	for i := len(t.lines) - 1; i >= 0; i-- {
		w.vouched(ends[i+1])
		w.look(i)
	}
	a.tears(f, t.lines)
	t.lines = slices.DeleteFunc(t.lines, func(l line) bool { return l.place == 0 })
	return t
}

// head verifies one head; where it does not hold, it names the record that it stands over.
func (a *audit) head(f File, envelope []byte, until int) (head, bool) {
	h, _, err := statement.Verify[statement.Head](envelope, func(id statement.KeyID) (statement.Key, bool) {
		return a.guard.Guard, id == a.guard.Guard.ID()
	})
	over := uint64(1)
	if until > 0 {
		over = f.lines[until-1].number()
	}
	switch {
	case err != nil:
		a.find(Head, over, f.Name, "The head over record %d is not the guard's: %v.", over, err)
	case h.Locker != a.guard.ID:
		a.find(Head, over, f.Name, "The head over record %d is of locker %s.", over, h.Locker)
	default:
		return head{h, f.Name}, true
	}
	return head{}, false
}

// walk is a trace in progress, from the last line of a file to the first.
type walk struct {
	*audit
	file   string
	lines  []line
	places map[statement.Hash]int
	done   map[int]bool // lines that are in their place already
	want   claim        // what is said of the record that should come now
}

// vouched takes a head's word beside that of the record after it.
func (w *walk) vouched(by claim) {
	if !by.known {
		return
	}
	switch {
	case !w.want.known || w.want == by:
	case by.number == w.want.number:
		w.find(Fork, by.number, w.file, "The guard's head says that record %d has the hash %x, record %d, which is signed too, that it has %x: the guard's key has told two histories.",
			by.number, by.hash, by.number+1, w.want.hash)
	case by.number > w.want.number:
		w.find(Order, w.want.number+1, w.file, "Record %d comes after record %d.", w.want.number+1, by.number)
	case !w.here(w.want.hash):
		w.missing(by.number+1, w.want.number)
	}
	w.want = by
}

func (w *walk) missing(first, last uint64) {
	what, many := span(first, last)
	w.find(Gap, first, w.file, "%s missing here.", is(what, many))
}

// here says that a record with this hash stands somewhere in the file.
func (w *walk) here(hash statement.Hash) bool {
	_, ok := w.places[hash]
	return ok
}

// look finds the place of one line. One that stands in another's place is left aside until it is its turn.
func (w *walk) look(i int) {
	l := &w.lines[i]
	if w.done[i] {
		return
	}
	if !w.want.known {
		l.place = l.number()
		return
	}
	at, ok := w.places[w.want.hash]
	switch {
	case l.hash == w.want.hash:
		w.settle(i)
	case ok && at > i && !w.done[at]:
		w.settle(at)
		w.look(i)
	case w.done[w.places[l.hash]]:
		w.find(Order, l.number(), w.file, "Record %d stands here a second time.", l.number())
	case ok && at < i:
		w.find(Order, l.number(), w.file, "Record %d stands where record %d should.", l.number(), w.want.number)
	default:
		w.wrong(i)
	}
}

// settle puts a line that is vouched for into its place.
func (w *walk) settle(i int) {
	l := &w.lines[i]
	l.place, l.signed, w.done[i] = w.want.number, true, true
	w.want = claim{l.bad == nil && w.want.number > 1, w.want.number - 1, l.record.Prev}
	if l.bad != nil {
		w.find(Altered, l.place, w.file, "Record %d is signed and cannot be read: %v.", l.place, l.bad)
	}
}

// wrong judges a line that is not the one that should come.
func (w *walk) wrong(i int) {
	l := &w.lines[i]
	rises := i == 0 || w.lines[i-1].bad != nil || w.lines[i-1].record.Number < l.record.Number
	switch {
	case l.bad == nil && rises && l.number() < w.want.number:
		w.missing(l.number()+1, w.want.number)
		l.place, w.want = l.number(), claim{}
	default:
		l.place = w.want.number
		w.find(Altered, l.place, w.file, "Record %d is not the one that the guard signed: %s.", l.place, difference(*l, w.want))
		w.want = claim{}
	}
}

func difference(l line, want claim) string {
	text := fmt.Sprintf("its SHA-256 is %x, signed is %x", l.hash, want.hash)
	if l.bad != nil {
		text += " (" + l.bad.Error() + ")"
	}
	return text
}

// tears names the record that should have come where a file cannot be read.
func (a *audit) tears(f File, lines []line) {
	for _, t := range f.torn {
		if t.envelope {
			a.find(Receipt, 0, f.Name, "The receipt or head at byte %d of the file cannot be read: %v.", t.byte, t.err)
			continue
		}
		record := uint64(1)
		if t.lines > 0 {
			record = lines[t.lines-1].place + 1
		}
		a.find(Unreadable, record, f.Name, "From byte %d of the file on, where record %d should come, it cannot be read: %v.", t.byte, record, t.err)
	}
}
