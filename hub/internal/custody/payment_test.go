package custody_test

import (
	"slices"
	"testing"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/dispatch"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

var price = custody.Money{Amount: 129000, Currency: "RUB"}

// charge announces a shipment that is to be paid for.
func (h *hub) charge(key string, sizes ...parcel.Size) custody.Shipment {
	n := shipment(key, sizes...)
	n.COD = price
	return h.create(n)
}

// words are what the payment service signs for a shipment as it stands; change spoils each before.
func (h *hub) words(s custody.Shipment, change ...func(*statement.Paid)) (envelopes [][]byte) {
	h.t.Helper()
	for _, p := range s.Parcels {
		w := statement.Paid{Locker: p.Locker, Barcode: p.Barcode, Amount: price.Amount, Currency: price.Currency, At: h.clock().UnixMicro(), Reference: "p-1"}
		for _, f := range change {
			f(&w)
		}
		envelopes = append(envelopes, h.signed(h.network.Payment, w))
	}
	return envelopes
}

func (h *hub) signed(signer *statement.Signer, s statement.Statement) []byte {
	h.t.Helper()
	envelope, err := statement.Sign(signer, s)
	if err != nil {
		h.t.Fatal(err)
	}
	return envelope
}

// policies are what the manifests for the locker have said of a parcel, one after the other.
func (h *hub) policies(locker, barcode string) (said []statement.Policy) {
	h.t.Helper()
	statements, err := h.dispatch.Down(h.t.Context(), locker, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, s := range statements {
		m, _, err := statement.Verify[statement.Manifest](s.Envelope, h.network.Charter.Dispatch.Lookup)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, p := range m.Parcels {
			if p.Barcode == barcode {
				said = append(said, p.Policy)
			}
		}
	}
	return said
}

// waiting are the barcodes whose payments wait for a locker's guard.
func (h *hub) waiting(locker string) (barcodes []string) {
	h.t.Helper()
	list, err := h.dispatch.CosignedAt(h.t.Context(), locker)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, c := range list {
		bundle, err := statement.DecodeBundle(c.Bundle)
		if err != nil || c.Kind != dispatch.Payment || len(bundle.Envelopes) != 1 {
			h.t.Fatalf("%+v, %v", c, err)
		}
		w, _, err := statement.Verify[statement.Paid](bundle.Envelopes[0], h.network.Charter.Payments.Lookup)
		if err != nil || w.Locker != locker {
			h.t.Fatalf("%+v, %v", w, err)
		}
		if c.Decided == 0 {
			barcodes = append(barcodes, w.Barcode)
		}
	}
	slices.Sort(barcodes)
	return barcodes
}

// A parcel that is in is paid for: its guard hears of it, and its record ends the waiting.
func TestPaidInsideTheLocker(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		s := h.charge("k1", 1)
		barcode := s.Parcels[0].Barcode
		h.take()
		if said := h.policies("l1", barcode); !slices.Equal(said, []statement.Policy{statement.CodeAndPaid}) {
			t.Fatalf("the manifest says %v", said)
		}
		h.guard.DepositUnder(statement.CodeAndPaid, 1, barcode)
		h.up(h.guard)
		if w := h.waiting("l1"); w != nil {
			t.Fatalf("%v wait before anything was paid", w)
		}
		is, err := h.custody.Pay(t.Context(), h.words(s))
		if err != nil || is.Paid != h.clock().UnixMicro() || is.PaidReference != "p-1" || is.COD != price {
			t.Fatalf("%+v, %v", is, err)
		}
		if w := h.waiting("l1"); !slices.Equal(w, []string{barcode}) {
			t.Fatalf("%v wait", w)
		}
		if _, err := h.custody.Pay(t.Context(), h.words(is)); err != nil {
			t.Errorf("again: %v", err)
		}
		h.guard.Write(journal.Record{Kind: journal.Paid, Compartment: 1, Parcel: barcode, Statement: make([]byte, 32)})
		h.up(h.guard)
		if w := h.waiting("l1"); w != nil {
			t.Errorf("%v wait after the record", w)
		}
		events, err := h.custody.Events(t.Context(), "m1", barcode)
		if last := events[len(events)-1]; err != nil || last.What != parcel.WasPaid || last.Proof != parcel.Record || last.After != parcel.Stored {
			t.Errorf("%+v, %v", last, err)
		}
	})
}

// Paid for on its way: manifests to come ask for the code only, and a guard that goes by an older one is told when it has the parcel, and no other.
func TestPaidOnTheWay(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		s := h.charge("k1", 1, 1)
		one, two := s.Parcels[0].Barcode, s.Parcels[1].Barcode
		h.take()
		if _, err := h.custody.Pay(t.Context(), h.words(s)); err != nil {
			t.Fatal(err)
		}
		if w := h.waiting("l1"); w != nil {
			t.Fatalf("%v wait for a guard that has nothing", w)
		}
		h.pass(25 * time.Hour)
		h.take()
		if said := h.policies("l1", two); !slices.Equal(said, []statement.Policy{statement.CodeAndPaid, statement.CodeOnly}) {
			t.Errorf("the manifests say %v", said)
		}
		h.guard.DepositUnder(statement.CodeAndPaid, 1, one)
		h.guard.Deposit(2, two) // by the newer manifest
		h.up(h.guard)
		if w := h.waiting("l1"); !slices.Equal(w, []string{one}) {
			t.Errorf("%v wait", w)
		}
		if _, err := h.dispatch.Judged(t.Context(), dispatch.Cosigned{Locker: "l1", Kind: dispatch.Payment, Mark: mark(t, one)}, "not due"); err != nil {
			t.Fatal(err)
		}
		if w := h.waiting("l1"); w != nil {
			t.Errorf("%v wait though the guard asks for no payment", w)
		}
	})
}

// Paid for and then sent, or put in, elsewhere: the payment service is told what to sign anew, and only that.
func TestPaidAndMoved(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		h.second("l2")
		s := h.charge("k1", 1)
		barcode := s.Parcels[0].Barcode
		h.take()
		moved, err := h.redirect(s, "l2")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.custody.Pay(t.Context(), h.words(s)); code(err) != "moved" {
			t.Fatalf("a payment for the locker before: %v", err)
		}
		if _, err := h.custody.Pay(t.Context(), h.words(moved)); err != nil {
			t.Fatal(err)
		}
		if list, err := h.custody.MisaddressedWords(t.Context()); err != nil || len(list) != 0 {
			t.Fatalf("%+v, %v", list, err)
		}
		h.guard.DepositUnder(statement.CodeAndPaid, 1, barcode) // by l1's manifest, which asks for a payment
		h.up(h.guard)
		list, err := h.custody.MisaddressedWords(t.Context())
		if err != nil || len(list) != 1 || list[0].Barcode != barcode || list[0].Locker != "l1" {
			t.Fatalf("%+v, %v", list, err)
		}
		if w := h.waiting("l1"); w != nil {
			t.Fatalf("%v wait", w)
		}
		is, err := h.custody.Charged(t.Context(), barcode)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.custody.Pay(t.Context(), h.words(is)); err != nil {
			t.Fatal(err)
		}
		if w := h.waiting("l1"); !slices.Equal(w, []string{barcode}) {
			t.Errorf("%v wait", w)
		}
	})
}

func TestPaymentsRefused(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		s, free := h.charge("k1", 1, 2), h.create(shipment("k2", 1))
		good := h.words(s)
		for what, c := range map[string]struct {
			envelopes [][]byte
			code      string
		}{
			"nothing":        {nil, "invalid_payment"},
			"dispatch's":     {[][]byte{h.signed(h.network.Dispatch, statement.Paid{Locker: "l1", Barcode: s.Parcels[0].Barcode, Amount: 1, Currency: "RUB", At: 1, Reference: "x"})}, "not_a_payment"},
			"less":           {h.words(s, func(w *statement.Paid) { w.Amount-- }), "another_amount"},
			"other money":    {h.words(s, func(w *statement.Paid) { w.Currency = "KZT" }), "another_amount"},
			"one of two":     {good[:1], "invalid_payment"},
			"one twice":      {[][]byte{good[0], good[0]}, "invalid_payment"},
			"a free one":     {h.words(free), "nothing_due"},
			"a stranger too": {append(slices.Clone(good), h.words(free)...), "invalid_payment"},
			"of nobody":      {h.words(s, func(w *statement.Paid) { w.Barcode = "400000000015" }), "unknown_parcel"},
			"elsewhere":      {h.words(s, func(w *statement.Paid) { w.Locker = "l9" }), "moved"},
			"a wrong letter": {[][]byte{append(slices.Clone(good[0]), 0)}, "not_a_payment"},
		} {
			if _, err := h.custody.Pay(t.Context(), c.envelopes); code(err) != c.code {
				t.Errorf("%s: %v", what, err)
			}
			if is, err := h.custody.Shipment(t.Context(), "m1", s.ID); err != nil || is.Paid != 0 {
				t.Fatalf("%s: %+v, %v", what, is, err)
			}
		}
		if _, err := h.custody.Pay(t.Context(), good); err != nil {
			t.Fatal(err)
		}
		if _, err := h.custody.Pay(t.Context(), h.words(s, func(w *statement.Paid) { w.Reference = "p-2" })); code(err) != "paid_already" {
			t.Errorf("another payment: %v", err)
		}
		if err := h.custody.Reprice(t.Context(), "m1", s.ID, custody.Money{Amount: 1, Currency: "RUB"}); code(err) != "paid_already" {
			t.Errorf("another price for what is paid: %v", err)
		}
	})
}

func TestReprice(t *testing.T) {
	each(t, func(t *testing.T, h *hub) {
		s, free := h.charge("k1", 1), h.create(shipment("k2", 1))
		less := custody.Money{Amount: 100, Currency: "RUB"}
		if err := h.custody.Reprice(t.Context(), "m1", s.ID, less); err != nil {
			t.Fatal(err)
		}
		if is, _ := h.custody.Shipment(t.Context(), "m1", s.ID); is.COD != less {
			t.Fatalf("%+v", is)
		}
		for what, c := range map[string]struct {
			merchant, id string
			to           custody.Money
			code         string
		}{
			"to nothing":         {"m1", s.ID, custody.Money{}, "fixed"},
			"what was free":      {"m1", free.ID, less, "fixed"},
			"another merchant's": {"m2", s.ID, less, "unknown_shipment"},
			"below nothing":      {"m1", s.ID, custody.Money{Amount: -1, Currency: "RUB"}, "invalid_amount"},
			"no currency":        {"m1", s.ID, custody.Money{Amount: 1, Currency: "rub"}, "invalid_amount"},
		} {
			if err := h.custody.Reprice(t.Context(), c.merchant, c.id, c.to); code(err) != c.code {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// Nothing is charged where nobody could say that it was paid.
func TestNoPaymentsWithoutAKey(t *testing.T) {
	eachUnchecked(t, func(t *testing.T, h *hub) {
		h.custody.Charters[0].Payments = statement.Role{}
		n := shipment("k1", 1)
		n.COD = price
		if _, _, err := h.custody.CreateShipment(t.Context(), n); code(err) != "no_payments" || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v", err)
		}
	})
}

func mark(t *testing.T, barcode string) (n uint64) {
	t.Helper()
	for _, digit := range barcode {
		n = n*10 + uint64(digit-'0')
	}
	return n
}
