package pickpoint

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"lockstep/hub/internal/custody"
	"lockstep/internal/fault"
)

const (
	longestPeriod = 32 * 24 * time.Hour // a month, and the day of its end
	maxChanged    = 2000                // sendings in one answer
)

// layouts are the dates that clients write, the more precise first, each with how long what it names lasts.
var layouts = []struct {
	layout string
	lasts  time.Duration
}{
	{"02.01.2006 15:04:05", time.Second}, {"02.01.06 15:04:05", time.Second}, {"02.01.2006 15:04", time.Minute}, {"02.01.06 15:04", time.Minute},
	{"02.01.2006", 24 * time.Hour}, {"02.01.06", 24 * time.Hour},
	{"2006-01-02T15:04:05", time.Second}, {"2006-01-02 15:04:05", time.Second}, {"2006-01-02 15:04", time.Minute}, {"2006-01-02", 24 * time.Hour}, {"2006.01.02", 24 * time.Hour},
}

// period reads DateFrom and DateTo, in Moscow's time. What DateTo names is within: all of a day, all of a minute. Without it the period
// goes on.
func (d *door) period(c *call) (from, to int64, err error) {
	wrong := fault.New(fault.Invalid, "needs_period", "DateFrom and DateTo (of acts: DateEnd) are dates, at most 31 days apart")
	begins, _, ok := when(c.text("datefrom"))
	if !ok {
		return 0, 0, wrong
	}
	ends := d.Now().Add(time.Minute)
	if text := c.text("dateto", "datetto", "dateend"); text != "" { // the second is in old documents, the third asks for acts
		last, lasts, ok := when(text)
		if !ok {
			return 0, 0, wrong
		}
		ends = last.Add(lasts)
	}
	if !ends.After(begins) || ends.Sub(begins) > longestPeriod {
		return 0, 0, wrong
	}
	return begins.UnixMicro(), ends.UnixMicro(), nil
}

func when(text string) (at time.Time, lasts time.Duration, ok bool) {
	text = strings.Join(strings.Fields(text), " ")
	for _, l := range layouts {
		if at, err := time.ParseInLocation(l.layout, text, moscow); err == nil {
			return at, l.lasts, true
		}
	}
	return time.Time{}, 0, false
}

// changed is a sending of which something became known in a period.
type changed struct {
	custody.Shipment
	places [][]step // of each place
	steps  []step   // of all together
}

// changedIn lists what became known in a period, whenever it happened: periods that follow each other tell everything once.
func (d *door) changedIn(ctx context.Context, c *call, from, to int64) (list []changed, err error) {
	asked := span{map[string]bool{}, from, to}
	var ids []string
	for after := int64(0); ; {
		page, next, err := d.Custody.ChangesBetween(ctx, c.merchant.ID, from, to, after, custody.MaxChanges)
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			asked.told[e.ID] = true
			ids = append(ids, e.Shipment)
		}
		if len(page) == 0 || len(ids) > maxChanged*20 {
			break
		}
		after = next
	}
	acted, err := d.Handovers.Changed(ctx, c.merchant.ID, from, to, maxChanged+1)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	ids = slices.DeleteFunc(append(ids, acted...), func(id string) bool {
		before := seen[id]
		seen[id] = true
		return before
	})
	if len(ids) > maxChanged {
		return nil, fault.New(fault.Invalid, "too_much", "more than %d sendings changed; ask for a shorter period", maxChanged)
	}
	return d.changesOf(ctx, c, ids, asked)
}

// changesOf are what of some sendings was asked for, in that order.
func (d *door) changesOf(ctx context.Context, c *call, ids []string, asked span) (list []changed, err error) {
	named, err := d.Custody.ShipmentsNamed(ctx, c.merchant.ID, ids)
	if err != nil {
		return nil, err
	}
	var sendings []custody.Shipment
	for _, id := range ids {
		if s, ok := named[id]; ok {
			sendings = append(sendings, s)
		}
	}
	pasts, err := d.pasts(ctx, sendings...)
	for _, p := range pasts {
		one := changed{Shipment: p.Shipment, steps: told(p.history(asked))}
		for i := range p.Parcels {
			one.places = append(one.places, told(p.place(i).history(asked)))
		}
		list = append(list, one)
	}
	return list, err
}

// told are the steps that belong into an answer.
func told(steps []step) (list []step) {
	for _, s := range steps {
		if s.told {
			list = append(list, s)
		}
	}
	return list
}

// changedStates lists the states that sendings came to in a period.
func (d *door) changedStates(ctx context.Context, c *call) (any, error) {
	from, to, err := d.period(c)
	if err != nil {
		return nil, err
	}
	sendings, err := d.changedIn(ctx, c, from, to)
	if err != nil {
		return nil, err
	}
	only, given := c.whole("state")
	type row struct {
		BarCode, ChangeDT, Comment, StateMessage, VisualState string
		State                                                 state
		VisualStateCode                                       int
		InvoiceNumber, SenderInvoiceNumber                    string
		PostageType                                           int
		SubState                                              any
	}
	list := []row{}
	for _, s := range sendings {
		for _, st := range s.steps {
			if given && state(only) != st.State {
				continue
			}
			list = append(list, row{BarCode: s.Parcels[0].Barcode, ChangeDT: st.At.Format("02.01.2006 15:04"), StateMessage: st.State.String(), VisualState: st.State.String(),
				State: st.State, VisualStateCode: int(st.State)*100 + 1, InvoiceNumber: s.Shipment.Number(), SenderInvoiceNumber: s.Reference, PostageType: postage(s.Shipment)})
		}
	}
	return list, nil
}

// changedSendings lists the same by sending and place, with when its time in the locker ends.
func (d *door) changedSendings(ctx context.Context, c *call) (any, error) {
	from, to, err := d.period(c)
	if err != nil {
		return nil, err
	}
	sendings, err := d.changedIn(ctx, c, from, to)
	if err != nil {
		return nil, err
	}
	type status struct {
		Code        state
		Description string
		Modified    string
	}
	type enclose struct {
		Description string
		Measures    []any
		Statuses    []status
	}
	type expiration struct{ Date, Modified string }
	type invoice struct {
		Number, CustomerNumber string
		Encloses               []enclose
		Expirations            []expiration
		Forwards               []any
	}
	answer := struct {
		Invoices []invoice
		failure
	}{Invoices: []invoice{}}
	for _, s := range sendings {
		in := invoice{Number: s.Shipment.Number(), CustomerNumber: s.Reference, Encloses: []enclose{}, Expirations: []expiration{}, Forwards: []any{}}
		for i, p := range s.Parcels {
			place := enclose{p.Barcode, []any{}, []status{}}
			for _, st := range s.places[i] {
				place.Statuses = append(place.Statuses, status{st.State, st.State.String(), wcf(st.At)})
			}
			in.Encloses = append(in.Encloses, place)
			if p.Due > 0 {
				in.Expirations = append(in.Expirations, expiration{wcf(time.UnixMicro(p.Due)), wcf(time.UnixMicro(p.Stored))})
			}
		}
		answer.Invoices = append(answer.Invoices, in)
	}
	return answer, nil
}

// wcf is a time as .NET's older JSON writes it.
func wcf(at time.Time) string { return fmt.Sprintf("/Date(%d+0300)/", at.UnixMilli()) }
