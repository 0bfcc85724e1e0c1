//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"lockstep/demo"
)

// merchant is a shop with two programs, its fifty orders, and the people before the locker.
type merchant struct {
	*testing.T
	*demo.Stage
	ctx    context.Context
	shops  map[string]*shop
	orders []*order
	begun  time.Time
}

// TestAScriptedMerchant plays a shop's days with programs that were written from PickPoint's reference: it registers fifty sendings and hands
// them over; courier and customers come to the locker; sendings are collected, brought back, overdue, given up. Then the
// service's history of each must be what happened to it.
func TestAScriptedMerchant(t *testing.T) {
	ctx, n := start(t)
	stage, err := n.Open(ctx)
	must(t, err)
	m := &merchant{T: t, Stage: stage, ctx: ctx, shops: shops(t, n), begun: n.Clock.Now()}
	m.sells()
	first, second, third := m.orders[:19], m.orders[19:38], m.orders[38:]

	m.findsTheLocker()
	m.registers(first)
	m.findsItFull(second)
	m.prints(first)
	m.handsOver(first)
	m.callsCouriers()
	m.sends(first)
	m.collects("N-01", "N-02", "P-01")
	m.waits(20 * time.Hour)
	m.pays("N-03")
	m.collects("N-03", "P-02", "P-05")
	m.bringsBack("N-02")
	m.bringsBack("P-02")
	m.givesUpInTheLocker("P-04")
	m.waits(60*time.Hour, "N-04", "P-04")
	m.takesBack("N-04", "P-04", "return of N-02", "return of P-02")
	m.cancels(first[11:]...)

	m.registers(second)
	m.cancels(second...)
	m.registers(third)
	m.tells()
	if state, err := n.Front.State(ctx); err != nil || state.Verdict.Exposed+state.Verdict.Unpressed+state.Verdict.TwoOpen > 0 {
		t.Errorf("the cabinet's verdict: %+v, %v", state.Verdict, err)
	}
}

// sells makes fifty orders. The first nineteen fill the locker's 24 compartments, of whatever size; eleven of them will be of interest.
func (m *merchant) sells() {
	boxes := map[string][]box{"N-02": {small, medium}, "N-06": {medium, large}, "P-01": {small, small, large}, "P-03": {medium}, "P-04": {small, small}}
	ids := []string{"N-01", "N-02", "N-03", "N-04", "N-05", "N-06", "P-01", "P-02", "P-03", "P-04", "P-05"}
	for i := len(ids); i < 50; i++ {
		ids = append(ids, fmt.Sprintf("%c-%02d", "NP"[i%2], i))
	}
	for i, id := range ids {
		o := &order{ID: id, Name: "Покупатель " + id, Phone: fmt.Sprintf("+7916888%04d", i), Boxes: boxes[id]}
		switch {
		case o.Boxes != nil:
		case i >= 38 && i%4 == 0:
			o.Boxes = []box{small, small, medium}
		default:
			o.Boxes = []box{small}
		}
		if id == "N-03" {
			o.Sum = 1290
		}
		m.orders = append(m.orders, o)
	}
}

// findsTheLocker looks it up among those that work.
func (m *merchant) findsTheLocker() {
	for name, s := range m.shops {
		var list []struct {
			Number, City string
			Largest      []float64
		}
		s.do("lockers", told{}, &list)
		if len(list) != 1 || list[0].Number != m.Locker || list[0].City != "Москва" || len(list[0].Largest) != 3 || slices.Min(list[0].Largest) < large.Height {
			m.Fatalf("%s finds %+v", name, list)
		}
	}
}

func (m *merchant) order(id string) *order {
	return m.orders[slices.IndexFunc(m.orders, func(o *order) bool { return o.ID == id })]
}

func (m *merchant) of(o *order) *shop { return m.shops[strings.TrimPrefix(o.ID, "return of ")[:1]] }

// happens does something and remembers what it means to sendings.
func (m *merchant) happens(state int, do func(), orders ...*order) {
	m.Helper()
	begun := m.Clock.Now()
	do()
	for _, o := range orders {
		o.story = append(o.story, chapter{state, begun, m.Clock.Now()})
	}
}

// each has every shop do something with its part of some orders.
func (m *merchant) each(orders []*order, do func(s *shop, part []*order)) {
	for _, prefix := range []string{"N", "P"} {
		var part []*order
		for _, o := range orders {
			if m.of(o) == m.shops[prefix] {
				part = append(part, o)
			}
		}
		do(m.shops[prefix], part)
	}
}

type registration struct {
	Created []struct {
		ID, Number string
		Barcodes   []string
	}
	Rejected []struct {
		ID   string
		Code int
		Text string
	}
}

func (m *merchant) asked(s *shop, orders []*order) (r registration) {
	s.do("register", told{"locker": m.Locker, "orders": orders}, &r)
	return r
}

// registers has all of some orders registered.
func (m *merchant) registers(orders []*order) {
	m.Helper()
	m.happens(101, func() {
		m.each(orders, func(s *shop, part []*order) {
			r := m.asked(s, part)
			if len(r.Rejected) > 0 || len(r.Created) != len(part) {
				m.Fatalf("%d of %d are registered; rejected: %+v", len(r.Created), len(part), r.Rejected)
			}
			for _, c := range r.Created {
				o := m.order(c.ID)
				if o.number, o.barcodes = c.Number, c.Barcodes; len(c.Barcodes) != len(o.Boxes) || c.Barcodes[0][:11] != c.Number {
					m.Errorf("%+v", c)
				}
			}
		})
	}, orders...)
}

// findsItFull has orders rejected for which the locker has no room, and sees that nothing of them is left behind.
func (m *merchant) findsItFull(orders []*order) {
	m.Helper()
	m.each(orders, func(s *shop, part []*order) {
		r := m.asked(s, part)
		if len(r.Created) > 0 || len(r.Rejected) != len(part) {
			m.Fatalf("a full locker takes %+v", r.Created)
		}
		for _, r := range r.Rejected {
			if r.Code != -1 || !strings.Contains(r.Text, "нет свободной ячейки") {
				m.Errorf("%+v", r)
			}
		}
		var left []told
		if s.do("info", told{"id": part[0].ID}, &left); len(left) > 0 {
			m.Errorf("what was rejected: %v", left)
		}
	})
}

func numbers(orders ...*order) (list []string) {
	for _, o := range orders {
		list = append(list, o.number)
	}
	return list
}

func (m *merchant) prints(orders []*order) {
	m.each(orders, func(s *shop, part []*order) { s.paper("labels", told{"numbers": numbers(part...)}) })
	if is := m.shops["N"].refused("labels", told{"numbers": []string{"99999999999"}}); !strings.HasPrefix(is.Text, "Error") {
		m.Errorf("labels of nothing: %+v", is)
	}
}

// handsOver puts what goes further into registries, one for each way of handing over, and has the carrier accept them. One sending is taken out
// of its registry before that, one is given up after, and what is in none can be cancelled.
func (m *merchant) handsOver(orders []*order) {
	listed := orders[:11]
	var registries struct{ Numbers []int64 }
	cancelled, unlisted, givenUp := m.order("N-05"), m.order("P-03"), m.order("N-06")
	m.cancels(cancelled)
	listed = slices.DeleteFunc(slices.Clone(listed), func(o *order) bool { return o == cancelled })
	m.happens(102, func() {
		m.shops["N"].do("registry", told{"numbers": numbers(listed...), "city": "Казань", "region": "Татарстан респ."}, &registries)
	}, listed...)
	if len(registries.Numbers) != 2 {
		m.Fatalf("two ways of handing over are in registries %v", registries.Numbers)
	}
	if is := m.shops["P"].refused("registry", told{"numbers": numbers(listed[0]), "city": "", "region": ""}); !strings.Contains(is.Text, "Не все отправления находятся в статусе") {
		m.Errorf("a second registry: %+v", is)
	}
	var of struct{ Registry int64 }
	m.shops["P"].do("registryof", told{"number": unlisted.number}, &of)
	if !slices.Contains(registries.Numbers, of.Registry) {
		m.Errorf("%d is not among %v", of.Registry, registries.Numbers)
	}
	m.of(unlisted).do("unlist", told{"number": unlisted.number}, nil)
	unlisted.story = unlisted.story[:1] // it is only registered again
	m.cancels(unlisted)
	for _, s := range m.shops {
		s.paper("act", told{"registry": of.Registry})
	}
	m.happens(105, func() {
		for _, number := range registries.Numbers {
			must(m.T, m.HubCommand(nil, "handover", "accept", fmt.Sprint(number)))
		}
	}, slices.DeleteFunc(listed, func(o *order) bool { return o == unlisted })...)
	if is := m.of(givenUp).refused("cancel", told{"number": givenUp.number}); is.Code != -1 {
		m.Errorf("cancelled after it was handed over: %+v", is)
	}
	m.happens(128, func() { m.of(givenUp).do("reject", told{"number": givenUp.number}, nil) }, givenUp)
}

// cancels gives up what is only registered.
func (m *merchant) cancels(orders ...*order) {
	m.Helper()
	for _, o := range orders {
		m.happens(128, func() { m.of(o).do("cancel", told{"number": o.number}, nil) }, o)
	}
}

// callsCouriers has each shop call a courier; one is called off, the other is on the way.
func (m *merchant) callsCouriers() {
	call := func(s *shop, days int) (order string) {
		var said struct{ Order string }
		s.do("courier", told{"city": "Казань", "address": "ул. Баумана, 7", "name": "Склад", "phone": "+78432000042", "places": 5, "weight": 12.5,
			"date": m.Clock.Now().AddDate(0, 0, days).Format(time.DateOnly), "from": 540, "to": 840}, &said)
		return said.Order
	}
	m.shops["N"].do("uncourier", told{"order": call(m.shops["N"], 2)}, nil)
	order := call(m.shops["P"], 3)
	must(m.T, m.HubCommand(nil, "pickup", "assign", order))
	for _, s := range m.shops {
		if is := s.refused("uncourier", told{"order": order}); is.Code != -1 {
			m.Errorf("called off on the way: %+v", is)
		}
	}
	if is := m.shops["P"].refused("courier", told{"city": "Казань", "address": "ул. Баумана, 7", "name": "Склад", "phone": "+78432000042", "places": 5, "weight": 1,
		"date": m.Clock.Now().AddDate(0, 0, -1).Format(time.DateOnly), "from": 540, "to": 840}); is.Code != 20 {
		m.Errorf("a courier for yesterday: %+v", is)
	}
}

func (m *merchant) parcel(o *order, place int) demo.Parcel {
	return demo.Parcel{Announced: demo.Announced{Barcode: o.barcodes[place]}, Owner: o.Phone, Phone: o.Phone, Bearers: []string{demo.Courier}}
}

// sends has the courier put in what is handed over, and customers told.
func (m *merchant) sends(orders []*order) {
	must(m.T, m.BeginSession(m.ctx))
	for _, o := range orders {
		if len(o.story) < 3 || o.story[2].state != 105 || len(o.story) > 3 {
			continue
		}
		m.happens(109, func() {
			for place, barcode := range o.barcodes {
				must(m.T, m.Until(m.ctx, barcode, "dispatched"))
				_, err := m.Deposit(m.ctx, m.parcel(o, place))
				must(m.T, err)
				if must(m.T, m.Until(m.ctx, barcode, "stored")); place+1 < len(o.barcodes) {
					m.stands(o, 105) // until it is all there
				}
			}
		}, o)
	}
	must(m.T, m.EndSession(m.ctx))
}

// stands asks where a sending is.
func (m *merchant) stands(o *order, state int) {
	m.Helper()
	var is step
	if m.of(o).do("state", told{"number": o.number}, &is); is.State != state {
		m.Errorf("%s stands at %d %s, want %d", o.ID, is.State, is.Text, state)
	}
}

// reads waits for the message that has all codes of a sending.
func (m *merchant) reads(o *order) {
	m.Helper()
	ctx, cancel := context.WithTimeout(m.ctx, 30*time.Second)
	defer cancel()
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		messages, err := m.Messages(ctx)
		must(m.T, err)
		i := slices.IndexFunc(messages, func(x demo.Message) bool { return x.To == o.Phone && len(x.Codes) == len(o.barcodes) })
		if i >= 0 {
			o.codes = messages[i].Codes
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			m.Fatalf("no message has the codes of %s", o.ID)
		}
	}
}

// collects has customers take out whole sendings.
func (m *merchant) collects(ids ...string) {
	m.Helper()
	for _, id := range ids {
		o := m.order(id)
		m.reads(o)
		m.happens(111, func() {
			for i, code := range o.codes {
				must(m.T, m.EnterCode(m.ctx, demo.Parcel{Code: code}))
				at, err := m.PressAndOpen(m.ctx, o.Phone)
				must(m.T, err)
				taken, err := m.Front.Take(m.ctx, o.Phone, at, "")
				must(m.T, err)
				must(m.T, m.Close(m.ctx, o.Phone, at, "collected"))
				if !slices.Contains(o.barcodes, taken.Barcode) {
					m.Fatalf("a code of %s opened the door of %s", id, taken.Barcode)
				}
				if must(m.T, m.Until(m.ctx, taken.Barcode, "collected")); i+1 < len(o.codes) {
					m.stands(o, 109)
				}
			}
		}, o)
	}
}

// pays has a customer find that the code alone is not enough, and pay.
func (m *merchant) pays(id string) {
	o := m.order(id)
	m.reads(o)
	_, err := m.Screen.Wait(m.ctx, "a settled screen", func(v demo.ScreenState) bool { return v.Guard && v.Stage != "press" && v.Stage != "open" })
	must(m.T, err)
	answer, err := m.Screen.Type(m.ctx, o.codes[0])
	must(m.T, err)
	if answer.Reason != "unpaid" {
		m.Fatalf("a code before its sending is paid for: %+v", answer)
	}
	must(m.T, m.Pay(m.ctx, o.barcodes[0], int64(o.Sum*100)))
	ctx, cancel := context.WithTimeout(m.ctx, 40*time.Second)
	defer cancel()
	for tick := time.NewTicker(100 * time.Millisecond); !answer.Accepted; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			m.Fatalf("the locker never heard that %s is paid for: %+v", id, answer)
		}
		answer, err = m.Screen.Type(m.ctx, o.codes[0])
		must(m.T, err)
	}
	_, err = m.Screen.Cancel(m.ctx)
	must(m.T, err)
}

// waits lets time pass until some sendings are overdue.
func (m *merchant) waits(long time.Duration, overdue ...string) {
	var orders []*order
	for _, id := range overdue {
		orders = append(orders, m.order(id))
	}
	m.happens(112, func() {
		must(m.T, m.LetPass(m.ctx, long))
		for _, o := range orders {
			for _, barcode := range o.barcodes {
				must(m.T, m.Until(m.ctx, barcode, "overdue"))
			}
		}
	}, orders...)
}

// bringsBack asks for a return, twice, and has the customer put it in.
func (m *merchant) bringsBack(id string) {
	o := m.order(id)
	back := &order{ID: "return of " + id, Phone: o.Phone}
	var first, again struct {
		Number          string
		Barcodes, Codes []string
	}
	m.happens(101, func() { m.of(o).do("return", told{"number": o.number}, &first) }, back)
	for _, s := range m.shops {
		if s.do("return", told{"number": o.number}, &again); again.Number != first.Number || !slices.Equal(again.Codes, first.Codes) {
			m.Errorf("the return of %s was %+v and is %+v", id, first, again)
		}
	}
	back.number, back.barcodes, back.codes = first.Number, first.Barcodes, first.Codes
	if len(first.Codes) != len(o.Boxes) || len(first.Barcodes) != len(o.Boxes) {
		m.Fatalf("a return of %d places: %+v", len(o.Boxes), first)
	}
	m.happens(129, func() {
		for i, code := range back.codes {
			must(m.T, m.Until(m.ctx, back.barcodes[i], "dispatched"))
			p := m.parcel(back, i)
			p.Code = code
			must(m.T, m.BringBack(m.ctx, p))
			must(m.T, m.Until(m.ctx, p.Barcode, "stored"))
		}
	}, back)
	m.orders = append(m.orders, back)
}

// givesUpInTheLocker rejects what lies there: it stays until its time is over.
func (m *merchant) givesUpInTheLocker(id string) {
	o := m.order(id)
	m.happens(114, func() { m.of(o).do("reject", told{"number": o.number}, nil) }, o)
	m.stands(o, 114)
}

// takesBack has the courier take out what goes back, and the merchant receive it.
func (m *merchant) takesBack(ids ...string) {
	must(m.T, m.BeginSession(m.ctx))
	received := []string{"parcel", "returned"}
	var all []*order
	for _, id := range ids {
		o := m.order(id)
		all = append(all, o)
		m.happens(116, func() {
			for _, barcode := range o.barcodes {
				must(m.T, m.Withdraw(m.ctx, barcode))
				must(m.T, m.Until(m.ctx, barcode, "withdrawn"))
				received = append(received, barcode)
			}
		}, o)
	}
	must(m.T, m.EndSession(m.ctx))
	m.happens(113, func() { must(m.T, m.HubCommand(nil, received...)) }, all...)
	m.acts(all)
}

// acts holds what the shops are told of returns against what came back.
func (m *merchant) acts(back []*order) {
	period := told{"from": m.begun.AddDate(0, 0, -1).Format(time.DateOnly), "to": m.Clock.Now().AddDate(0, 0, 1).Format(time.DateOnly)}
	for _, s := range m.shops {
		var listed []struct{ Number, ID, Why string }
		s.do("returns", period, &listed)
		why := map[string]string{}
		for _, l := range listed {
			why[l.Number] = l.Why
		}
		var goods []struct {
			Act, Number string
			Barcodes    []string
		}
		s.do("goods", period, &goods)
		if len(goods) != len(back) || len(listed) != len(back) {
			m.Errorf("%d came back: %+v, %+v", len(back), goods, listed)
		}
		for i, want := range []string{"Невостребованное", "Отказ", "Возврат покупателя", "Возврат покупателя"} {
			if got := why[back[i].number]; got != want {
				m.Errorf("%s came back for %q, want %q", back[i].ID, got, want)
			}
		}
		if len(goods) > 0 {
			s.paper("act", told{"registry": json.Number(goods[0].Act)})
		}
	}
}

// tells holds every sending's history, as each shop is told it, against what happened.
func (m *merchant) tells() {
	m.signsInAgain()
	for name, s := range m.shops {
		history := map[string][]step{}
		s.do("track", told{"numbers": append(numbers(m.orders...), "99999999999")}, &history)
		if len(history) != len(m.orders) {
			m.Errorf("%s is told of %d sendings, want %d", name, len(history), len(m.orders))
		}
		var changes []struct {
			Number string
			State  int
		}
		s.do("changes", told{"from": m.begun.AddDate(0, 0, -1).Format(time.DateOnly), "to": m.Clock.Now().AddDate(0, 0, 1).Format(time.DateOnly)}, &changes)
		for _, o := range m.orders {
			if err := o.agrees(history[o.number]); err != nil {
				m.Errorf("%s: %s: %v\n%+v", name, o.ID, err, history[o.number])
			}
			var states []int
			for _, c := range changes {
				if c.Number == o.number {
					states = append(states, c.State)
				}
			}
			if (name == "N" || len(o.barcodes) == 1) && !slices.Equal(states, o.states()) { // the other asks for changes of places
				m.Errorf("%s: %s changed to %v, want %v", name, o.ID, states, o.states())
			}
		}
	}
}

// signsInAgain sees that a session which the service does not know any more is begun anew without a word.
func (m *merchant) signsInAgain() {
	session := m.shops["N"].session
	must(m.T, os.WriteFile(session, []byte("00000000-0000-0000-0000-000000000000"), 0o600))
	m.stands(m.order("N-01"), 111)
	if now, err := os.ReadFile(session); err != nil || strings.HasPrefix(string(now), "00000000") {
		m.Errorf("session %s, %v", now, err)
	}
}

func (o *order) states() (states []int) {
	for _, c := range o.story {
		states = append(states, c.state)
	}
	return states
}

// agrees holds a history against what happened: the same states in the same order, each at its time, rising.
func (o *order) agrees(history []step) error {
	const clocks = time.Second // between the locker's, the hub's and ours
	if len(history) != len(o.story) {
		return fmt.Errorf("%d states, want %v", len(history), o.states())
	}
	for i, c := range o.story {
		switch is := history[i]; {
		case is.State != c.state || is.Text == "":
			return fmt.Errorf("state %d is %d, want %d", i, is.State, c.state)
		case is.At.Before(c.begun.Add(-clocks)) || is.At.After(c.end.Add(clocks)):
			return fmt.Errorf("state %d at %v; it happened from %v to %v", is.State, is.At, c.begun, c.end)
		case i > 0 && !is.At.After(history[i-1].At):
			return fmt.Errorf("state %d at %v, and the one before at %v", is.State, is.At, history[i-1].At)
		}
	}
	return nil
}
