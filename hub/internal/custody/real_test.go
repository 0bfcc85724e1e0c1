package custody_test

import (
	"crypto/rand"
	"database/sql"
	"slices"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/guardtest"
	"lockstep/parcel"
)

// real is a locker whose guard goes by the guard's own rules, without doors.
type real struct {
	*hub
	id      string
	signer  *statement.Signer
	rules   *rules.Rules
	state   rules.State
	heard   rules.Heard
	now     int64
	records [][]byte
}

func (h *hub) real(id string) *real {
	h.t.Helper()
	g := guardtest.New(h.t, h.network, id, 0)
	r := &real{hub: h, id: id, signer: g.Signer, now: rules.Second, rules: &rules.Rules{Key: [32]byte{1}, Seal: statement.SealCode,
		Sign: func(s statement.Statement) ([]byte, error) { return statement.Sign(g.Signer, s) }, Drives: func(statement.Board) error { return nil }}}
	first, facts, err := r.state.Provision(h.network.Bundle.Envelopes, h.certify(g, 1, 1, 2))
	if err != nil {
		h.t.Fatal(err)
	}
	r.state.Facts, r.records = facts, [][]byte{first.Record.Encode()}
	h.addLocker(id)
	r.upload()
	return r
}

func (r *real) fold(e journal.Entry) {
	r.t.Helper()
	facts, err := r.state.Facts.Fold(e)
	if err != nil {
		r.t.Fatal(err)
	}
	r.state.Facts, r.records = facts, append(r.records, e.Record.Encode())
}

func (r *real) upload() {
	r.t.Helper()
	have, err := r.custody.Position(r.t.Context(), r.id)
	if err != nil {
		r.t.Fatal(err)
	}
	head, err := statement.Sign(r.signer, r.state.Head(r.now))
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.custody.Ingest(r.t.Context(), r.id, journal.Stretch{Records: r.records[have.Number:], Head: head}); err != nil {
		r.t.Fatal(err)
	}
}

// judge hands the guard what the link brings, and says what it answers.
func (r *real) judge(number uint64, envelopes ...[]byte) string {
	r.t.Helper()
	r.now += rules.Second
	e := rules.FromLink{At: r.now, Number: number, Envelopes: envelopes}
	rand.Read(e.Entropy[:])
	heard, entries, verdict := r.rules.FromLink(r.state, r.heard, e)
	r.heard = heard
	for _, entry := range entries {
		r.fold(entry)
	}
	if verdict.Accepted != (verdict.Reason == "") {
		r.t.Errorf("accepted %v, %q", verdict.Accepted, verdict.Reason)
	}
	return verdict.Reason
}

// take lets the guard judge everything that waits for it, and gives what it refused, by number.
func (r *real) take() map[uint64]string {
	r.t.Helper()
	refused := map[uint64]string{}
	for {
		list, err := r.dispatch.Down(r.t.Context(), r.id, r.state.Down)
		if err != nil {
			r.t.Fatal(err)
		}
		if len(list) == 0 {
			r.upload()
			return refused
		}
		for _, s := range list {
			if why := r.judge(s.Number, s.Envelope); why != "" {
				refused[s.Number] = why
			}
		}
	}
}

// store writes what a guard writes when a courier has put a parcel in.
func (r *real) store(compartment uint16, barcode string) {
	r.t.Helper()
	for _, kind := range []journal.Kind{journal.DepositIntent, journal.Stored} {
		r.now += rules.Second
		low := r.clock().UnixMicro()
		e := journal.Record{Number: r.state.Position.Number + 1, Prev: r.state.Position.Hash, Boot: r.state.Boot, Powered: r.now, Low: low, Kind: kind,
			Compartment: compartment, Parcel: barcode, Carrier: "house", Courier: "anna", Dwell: 48}
		if kind == journal.DepositIntent {
			r.fold(journal.Entry{Record: e})
			continue
		}
		e.Due = low + 48*rules.Hour
		r.fold(journal.Seal(e, [16]byte{}, statement.Encode(map[int]rules.MAC{1: {1}, 2: {2}})))
	}
}

// TestTheGuardFollowsWhatTheHubSigns: what dispatch signs and queues is judged by the guard's own rules, and its records come back.
func TestTheGuardFollowsWhatTheHubSigns(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		operators := h.operators()
		r := h.real("r1")
		restrict := func(s statement.Restriction) uint64 {
			t.Helper()
			s.Locker = "r1"
			var asked dispatch.Request
			err := h.db.Tx(t.Context(), func(tx *sql.Tx) (err error) {
				asked, err = h.dispatch.Restrict(t.Context(), tx, s, "operator olga")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return asked.Number
		}
		n := shipment("k1", 1)
		n.Locker = "r1"
		barcode := h.create(n).Parcels[0].Barcode
		back := shipment("k2", parcel.Medium)
		back.Locker, back.Return, back.Seal, back.Dwell = "r1", true, nil, 0
		back.Code = func(string) string { return statement.CompleteCode("123456789") }
		returned := h.create(back).Parcels[0].Barcode
		if _, err := h.dispatch.Make(t.Context()); err != nil {
			t.Fatal(err)
		}
		key := h.network.Carrier.Key().ID()
		restrict(statement.Restriction{Kind: statement.Block, Compartments: []uint16{2}})
		restrict(statement.Restriction{Kind: statement.Revoke, Carrier: ceremony.HouseCarrier, Courier: &key, At: h.clock().UnixMicro()})
		long := restrict(statement.Restriction{Kind: statement.Pause, Minutes: 240})
		early := restrict(statement.Restriction{Kind: statement.Reissue, Barcode: barcode})
		if got := r.take(); len(got) != 1 || got[early] != "not here" {
			t.Errorf("refused %v", got)
		}
		if p, q := h.state(barcode).State, h.state(returned).State; p != parcel.Dispatched || q != parcel.Dispatched {
			t.Errorf("%s and %s", p, q)
		}
		if all, err := h.dispatch.RequestsAt(t.Context(), "r1", 20); err != nil || len(all) != 5 || slices.ContainsFunc(all, func(q dispatch.Request) bool {
			return q.State() != map[bool]string{false: "taken", true: "refused"}[q.Number == early]
		}) {
			t.Errorf("%+v, %v", all, err)
		}

		r.store(1, barcode)
		r.upload()
		if _, err := h.custody.Extend(t.Context(), "m1", barcode, 96, "merchant m1"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.custody.Reissue(t.Context(), "m1", barcode, "merchant m1"); err != nil {
			t.Fatal(err)
		}
		for range 3 { // twelve hours in three days, and four are used
			long = restrict(statement.Restriction{Kind: statement.Pause, Minutes: uint16(240)})
			r.now += 4 * rules.Hour
			r.take()
		}
		if got, err := h.dispatch.RequestsAt(t.Context(), "r1", 1); err != nil || got[0].Number != long || got[0].Refused != "too long" {
			t.Errorf("%+v, %v", got, err)
		}
		if p := h.state(barcode); p.State != parcel.Stored || p.Due-p.Stored != (96*time.Hour).Microseconds() {
			t.Errorf("%s, %v", p.State, time.Duration(p.Due-p.Stored)*time.Microsecond)
		}
		r.bundles(operators)
	})
}

// operators puts two into the charter that the hub and every locker from here on begin with.
func (h *hub) operators() (signers []*statement.Signer) {
	h.t.Helper()
	role := statement.Role{Threshold: 2}
	for _, person := range []statement.Person{"olga", "ivan"} {
		signer, err := statement.SignerFromSeed(statement.NewSeed())
		if err != nil {
			h.t.Fatal(err)
		}
		signers = append(signers, signer)
		role.Holders = append(role.Holders, statement.Holder{Key: signer.Key(), Person: person})
	}
	h.rotate(func(c *statement.Charter) { c.Operators = role })
	h.custody.Charters = append(h.custody.Charters, h.network.Charter)
	return signers
}

// bundles brings the guard a lift and a charter, each as the hub keeps it.
func (r *real) bundles(operators []*statement.Signer) {
	r.t.Helper()
	queue := func(kind string, mark uint64, bundle statement.Bundle) {
		r.t.Helper()
		data, err := bundle.Encode()
		if err == nil {
			err = r.dispatch.Queue(r.t.Context(), dispatch.Cosigned{Locker: r.id, Kind: kind, Mark: mark, Bundle: data})
		}
		if err != nil {
			r.t.Fatal(err)
		}
	}
	judge := func() string {
		r.t.Helper()
		c, err := r.dispatch.Persons(r.t.Context(), r.id)
		if err != nil || c == nil {
			r.t.Fatalf("nothing waits: %v", err)
		}
		bundle, err := statement.DecodeBundle(c.Bundle)
		if err != nil {
			r.t.Fatal(err)
		}
		reason := r.judge(0, bundle.Envelopes...)
		if reason != "" {
			if _, err := r.dispatch.Judged(r.t.Context(), *c, reason); err != nil {
				r.t.Fatal(err)
			}
		}
		r.upload()
		return reason
	}
	r.now += rules.Second
	r.fold(journal.Entry{Record: journal.Record{Number: r.state.Position.Number + 1, Prev: r.state.Position.Hash, Boot: r.state.Boot, Powered: r.now,
		Low: r.clock().UnixMicro(), Kind: journal.Lockdown, Reason: "case open"}})
	r.upload()
	l, err := r.fleet.Locker(r.t.Context(), r.id)
	if err != nil || l.Standing.Lockdown.Record != r.state.Lockdown.Record || l.Standing.Lockdown.Hash != r.state.Lockdown.Hash {
		r.t.Fatalf("%+v, the guard says %+v, %v", l.Standing.Lockdown, r.state.Lockdown, err)
	}
	lift, err := ceremony.SignAll(statement.Lift{Locker: r.id, Record: l.Standing.Lockdown.Record, Hash: l.Standing.Lockdown.Hash}, operators...)
	if err != nil {
		r.t.Fatal(err)
	}
	queue(dispatch.Lift, l.Standing.Lockdown.Record, lift)
	if got := judge(); got != "cause" { // this guard has never seen its doors
		r.t.Errorf("the lift: %q", got)
	}
	r.state.Settled = true
	for range r.state.Compartments {
		r.state.Doors = append(r.state.Doors, rules.Sight{Switch: rules.Closed})
	}
	if got := judge(); got != "" {
		r.t.Errorf("the lift, once the doors are seen: %q", got)
	}
	next := r.rotate(func(c *statement.Charter) {
		c.Budgets = &statement.Budgets{Deposit: 50, Recipient: 50, Carrier: 50, Override: 50}
	})
	r.custody.Charters = append(r.custody.Charters, r.network.Charter)
	queue(dispatch.Charter, r.network.Charter.Epoch, next)
	if got := judge(); got != "" {
		r.t.Errorf("the charter: %q", got)
	}
	if waits, err := r.dispatch.Persons(r.t.Context(), r.id); err != nil || waits != nil {
		r.t.Errorf("%+v waits on, %v", waits, err)
	}
	if l, err = r.fleet.Locker(r.t.Context(), r.id); err != nil || l.Standing.Lockdown != (fleet.Lockdown{}) || l.Standing.Epoch != r.network.Charter.Epoch {
		r.t.Errorf("%+v, %v", l.Standing, err)
	}
}
