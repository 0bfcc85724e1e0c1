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

// meanings are the states that a sending comes to with its parcels': one for a recipient, and a return. 0 for nothing new.
var meanings = map[parcel.State]struct{ out, back state }{
	parcel.Announced:  {registered, registered},
	parcel.Dispatched: {registered, registered}, // that the locker expects it moves nothing
	parcel.Stored:     {delivered, returnIn},
	parcel.Overdue:    {unclaimed, returnIn},
	parcel.Collected:  {collected, 0}, // of a return there is nobody to do that
	parcel.Withdrawn:  {handedBack, handedBack},
	parcel.Recovered:  {handedBack, handedBack},
	parcel.Returned:   {returned, returned},
	parcel.Cancelled:  {annulled, annulled},
}

// of is what a parcel's event means to its sending, which may be a return; 0 for nothing new.
func (e happening) of(back bool) state {
	means := meanings[e.After]
	switch {
	case e.What == parcel.WasRedirected:
		return 0
	case e.What == parcel.Lapsed:
		return cancelled
	case back:
		return means.back
	case e.What == parcel.WasCancelled && e.After != parcel.Cancelled:
		return refused // it goes back to the shop when it is due
	case e.What == parcel.WasDeclined, e.What == parcel.WasRefused:
		return refused
	}
	return means.out
}

type happening custody.Event

// rank orders states by how far a sending has come: one of several places is as far as its last.
func (s state) rank() int {
	return slices.Index([]state{registered, listed, selfDrive, formed, accepted, stock, routed, underWay, delivered, refused, unclaimed, returnIn, returning, handedBack, returned, collected,
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

// past is a sending with all that is known of it.
type past struct {
	custody.Shipment
	events map[string][]custody.Event // by barcode
	act    *handover.Act              // the registry that it is in, if it is in one
}

// pasts are those of sendings, in their order. However many there are, the database is asked twice for a few hundred.
func (d *door) pasts(ctx context.Context, sendings ...custody.Shipment) (list []past, err error) {
	events, err := d.Custody.EventsOf(ctx, sendings...)
	if err != nil {
		return nil, err
	}
	acts, err := d.Handovers.ActsOf(ctx, sendings...)
	for _, s := range sendings {
		p := past{Shipment: s, events: events}
		if a, in := acts[s.ID]; in {
			p.act = &a
		}
		list = append(list, p)
	}
	return list, err
}

// place is the past of one place alone.
func (p past) place(i int) past {
	p.Parcels = p.Parcels[i : i+1]
	return p
}

func (p past) notes(asked span) (all []note) {
	for i, of := range p.Parcels {
		toCarrier := of.Onward // a customer has put it in, or will
		for _, e := range p.events[of.Barcode] {
			to := happening(e).of(of.Outbound && !of.Onward)
			if toCarrier && (e.After.Inside() || e.After == parcel.Withdrawn) {
				to = 0 // nobody's news yet
			}
			toCarrier = toCarrier && e.What != parcel.WasRedirected
			if to != 0 {
				all = append(all, note{i, to, e.Received, e.Happened, asked.told[e.ID]})
			}
		}
	}
	if p.act != nil {
		all = append(all, note{-1, inRegistry(p.act.Way), p.act.Created, p.act.Created, asked.within(p.act.Created)})
		if p.act.Accepted > 0 {
			all = append(all, note{-1, accepted, p.act.Accepted, p.act.Accepted, asked.within(p.act.Accepted)})
		}
	}
	slices.SortStableFunc(all, func(a, b note) int { return cmp.Compare(a.known, b.known) })
	return all
}

// history is a sending's states in the order in which they became known. Their times are those at which things happened, by several clocks:
// each printed one is after the one before, because clients sort by it.
func (p past) history(asked span) (steps []step) {
	at := make([]state, len(p.Parcels))
	for _, n := range p.notes(asked) {
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

// histories are those of sendings, in their order; each has a state at least.
func (d *door) histories(ctx context.Context, sendings ...custody.Shipment) (list [][]step, err error) {
	pasts, err := d.pasts(ctx, sendings...)
	if err != nil {
		return nil, err
	}
	for _, p := range pasts {
		steps := p.history(span{})
		if len(steps) == 0 {
			return nil, fault.New(fault.Internal, "internal", "shipment %s has no history", p.ID)
		}
		list = append(list, steps)
	}
	return list, nil
}

// statesOf are where sendings stand, in their order.
func (d *door) statesOf(ctx context.Context, sendings ...custody.Shipment) (states []state, err error) {
	histories, err := d.histories(ctx, sendings...)
	for _, steps := range histories {
		states = append(states, steps[len(steps)-1].State)
	}
	return states, err
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
	histories, err := d.histories(ctx, list[0])
	if err != nil {
		return nil, err
	}
	type tracked struct {
		change
		InvoiceNumber, SenderInvoiceNumber string
	}
	steps := histories[0]
	return []tracked{{steps[len(steps)-1].change(), list[0].Number(), list[0].Reference}}, nil
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
	found, err := d.findMany(ctx, c, numbers)
	if err != nil {
		return nil, err
	}
	var sendings []custody.Shipment
	for _, number := range numbers {
		if s, ok := found[number]; ok {
			sendings = append(sendings, s)
		}
	}
	histories, err := d.histories(ctx, sendings...)
	for i, steps := range histories {
		t := tracked{InvoiceNumber: sendings[i].Number(), SenderInvoiceNumber: sendings[i].Reference}
		for _, st := range steps {
			t.States = append(t.States, st.change())
		}
		answer.Invoices = append(answer.Invoices, t)
	}
	return answer, err
}
