package pickpoint

import (
	"cmp"
	"context"
	"slices"
	"time"

	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/handover"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// step is a state that a sending came to.
type step struct {
	State state
	At    time.Time
	told  bool // within the span that was asked for
}

// of is what a parcel's event means to its sending; 0 for nothing new.
func (e happening) of() state {
	switch {
	case e.What == parcel.WasRedirected:
		return 0
	case e.What == parcel.Lapsed:
		return cancelled
	case e.What == parcel.WasCancelled && e.After != parcel.Cancelled:
		return refused // it goes back to the shop when it is due
	}
	switch e.After {
	case parcel.Announced, parcel.Dispatched: // that the locker expects it moves nothing
		return registered
	case parcel.Stored:
		return delivered
	case parcel.Overdue:
		return unclaimed
	case parcel.Collected:
		return collected
	case parcel.Withdrawn, parcel.Recovered:
		return handedBack
	case parcel.Returned:
		return returned
	case parcel.Cancelled:
		return annulled
	}
	return 0
}

type happening custody.Event

// rank orders states by how far a sending has come: one of several places is as far as its last.
func (s state) rank() int {
	return slices.Index([]state{registered, listed, selfDrive, formed, accepted, stock, routed, underWay, delivered, refused, unclaimed, returning, handedBack, returned, collected,
		annulled, cancelled}, s)
}

// note is something that became known about a place, or (-1) about all that are only registered.
type note struct {
	place           int
	to              state
	known, happened int64
	told            bool
}

// span is what a client wants to hear of: the events that were told in it, and the moments between which acts were made or accepted.
type span struct {
	told     map[string]bool // ids of events
	from, to int64           // µs UTC; to is not within
}

func (s span) within(at int64) bool { return at >= s.from && at < s.to }

func notes(events [][]custody.Event, act *handover.Act, asked span) (all []note) {
	for i, list := range events {
		for _, e := range list {
			if to := happening(e).of(); to != 0 {
				all = append(all, note{i, to, e.Received, e.Happened, asked.told[e.ID]})
			}
		}
	}
	if act != nil {
		all = append(all, note{-1, inRegistry(act.Way), act.Created, act.Created, asked.within(act.Created)})
		if act.Accepted > 0 {
			all = append(all, note{-1, accepted, act.Accepted, act.Accepted, asked.within(act.Accepted)})
		}
	}
	slices.SortStableFunc(all, func(a, b note) int { return cmp.Compare(a.known, b.known) })
	return all
}

// history is a sending's states in the order in which they became known. Their times are those at which things happened, by several clocks:
// each printed one is after the one before, because clients sort by it.
func history(places int, all []note) (steps []step) {
	at := make([]state, places)
	for _, n := range all {
		for i := range at {
			if n.place == i || n.place < 0 && at[i].rank() >= 0 && at[i].rank() < n.to.rank() && n.to.rank() <= accepted.rank() {
				at[i] = n.to
			}
		}
		if slices.Contains(at, 0) {
			continue // of another place nothing is known yet
		}
		is := slices.MinFunc(at, func(a, b state) int { return cmp.Compare(a.rank(), b.rank()) })
		if len(steps) > 0 && steps[len(steps)-1].State == is {
			continue
		}
		when := time.UnixMicro(n.happened).In(moscow).Truncate(time.Millisecond)
		if len(steps) > 0 && !when.After(steps[len(steps)-1].At) {
			when = steps[len(steps)-1].At.Add(time.Millisecond)
		}
		steps = append(steps, step{is, when, n.told})
	}
	return steps
}

func (d *door) historyOf(ctx context.Context, c *call, s custody.Shipment) ([]step, error) {
	events, act, err := d.told(ctx, c, s)
	if err != nil {
		return nil, err
	}
	steps := history(len(s.Parcels), notes(events, act, span{}))
	if len(steps) == 0 {
		return nil, fault.New(fault.Internal, "internal", "shipment %s has no history", s.ID)
	}
	return steps, nil
}

// told is everything that is known of a sending: the events of each place, and its registry, if it is in one.
func (d *door) told(ctx context.Context, c *call, s custody.Shipment) (events [][]custody.Event, act *handover.Act, err error) {
	for _, p := range s.Parcels {
		list, err := d.Custody.Events(ctx, c.merchant.ID, p.Barcode)
		if err != nil {
			return nil, nil, err
		}
		events = append(events, list)
	}
	known, found, err := d.Handovers.Of(ctx, s.ID)
	if found {
		act = &known
	}
	return events, act, err
}

func (d *door) stateOf(ctx context.Context, c *call, s custody.Shipment) (state, error) {
	steps, err := d.historyOf(ctx, c, s)
	if err != nil {
		return 0, err
	}
	return steps[len(steps)-1].State, nil
}

// change is a state in an answer.
type change struct {
	State        state
	StateMessage string
	ChangeDT     string
}

func (s step) change() change { return change{s.State, s.State.String(), s.At.Format(dateTime)} }

// track gives the present state of one sending, in an array: some clients read the first, some the last.
func (d *door) track(ctx context.Context, c *call) (any, error) {
	list, err := d.findAll(ctx, c)
	if err != nil {
		return nil, err
	}
	steps, err := d.historyOf(ctx, c, list[0])
	if err != nil {
		return nil, err
	}
	type tracked struct {
		change
		InvoiceNumber, SenderInvoiceNumber string
	}
	return []tracked{{steps[len(steps)-1].change(), numberOf(list[0]), list[0].Reference}}, nil
}

// maxTracked bounds the sendings of one call.
const maxTracked = 1000

// trackAll gives whole histories. Numbers that are nobody's or another shop's are left out.
func (d *door) trackAll(ctx context.Context, c *call) (any, error) {
	numbers := c.texts("invoices")
	if len(numbers) > maxTracked {
		return nil, fault.New(fault.Invalid, "too_many_sendings", "at most %d sendings at once", maxTracked)
	}
	type tracked struct {
		InvoiceNumber, SenderInvoiceNumber string
		States                             []change
	}
	answer := struct {
		Invoices  []tracked
		ErrorCode int
	}{Invoices: []tracked{}}
	for _, number := range numbers {
		s, err := d.find(ctx, c, number)
		if fault.KindOf(err) == fault.NotFound && err != nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		steps, err := d.historyOf(ctx, c, s)
		if err != nil {
			return nil, err
		}
		t := tracked{InvoiceNumber: numberOf(s), SenderInvoiceNumber: s.Reference}
		for _, st := range steps {
			t.States = append(t.States, st.change())
		}
		answer.Invoices = append(answer.Invoices, t)
	}
	return answer, nil
}
