package hub

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// What is paid is settled by one act, which the command line shows.
func TestSettlingPayments(t *testing.T) {
	network, keys := newNetwork(t)
	h, err := Open(t.Context(), config(t, keys))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	h.provision(t, network, "l1")
	shop, err := h.AddMerchant(t.Context(), "Shop", "")
	if err != nil {
		t.Fatal(err)
	}
	sent, _, err := h.custody.CreateShipment(t.Context(), custody.NewShipment{Merchant: shop.ID, Range: shop.Range, Carrier: shop.Carrier, Key: "k1", Body: []byte{}, Locker: "l1",
		COD: custody.Money{Amount: 129050, Currency: "RUB"}, Dwell: parcel.DefaultDwell, Parcels: []custody.NewParcel{{Size: parcel.Small}},
		Seal: func(string) ([]byte, error) { return []byte("sealed"), nil }})
	if err != nil {
		t.Fatal(err)
	}
	word, err := statement.Sign(network.Payment, statement.Paid{Locker: "l1", Barcode: sent.Parcels[0].Barcode, Amount: 129050, Currency: "RUB", At: time.Now().UnixMicro(), Reference: "p-1"})
	if err == nil {
		_, err = h.custody.Pay(t.Context(), [][]byte{word})
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.SettlePayments(t.Context(), "nobody", "4711", "RUB"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("of nobody: %v", err)
	}
	v, err := h.SettlePayments(t.Context(), shop.ID, "4711", "RUB")
	if err != nil || v.Shipments != 1 || v.Paid != 129050 || v.Returned != 0 || v.Order != "4711" || v.Merchant != shop.ID || v.Actor == "" {
		t.Fatalf("%+v, %v", v, err)
	}
	if _, err := h.SettlePayments(t.Context(), shop.ID, "4711", "RUB"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("again: %v", err)
	}
	for merchant, want := range map[string]int{"": 1, shop.ID: 1, "nobody": 0} {
		if list, err := h.MoneyActs(t.Context(), merchant); err != nil || len(list) != want || want == 1 && list[0] != v {
			t.Errorf("acts of %q: %+v, %v", merchant, list, err)
		}
	}
	if one, err := h.MoneyAct(t.Context(), v.Number); err != nil || one != v {
		t.Errorf("the act alone: %+v, %v", one, err)
	}
	var paper bytes.Buffer
	if err := h.PrintMoneyAct(t.Context(), v.Number, &paper); err != nil || !bytes.HasPrefix(paper.Bytes(), []byte("%PDF-")) {
		t.Errorf("on paper: %.20q, %v", paper.Bytes(), err)
	}
	if err := h.PrintMoneyAct(t.Context(), v.Number+1, &paper); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an act that is none: %v", err)
	}
	h.spoil(t, sent.ID, v.Number)
}

// spoil changes what an act of money and its shipment say of each other, one way after the other: hub check sees it each time.
func (h *Hub) spoil(t *testing.T, shipment string, act int64) {
	t.Helper()
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := h.db.Writer().Exec(query, args...); err != nil {
			t.Fatal(err)
		}
	}
	for change, seen := range map[string]bool{
		"UPDATE shipment SET settled = settled":        false,
		"UPDATE shipment SET settled = 0":              true,
		"UPDATE shipment SET cod_amount = 1":           true,
		"UPDATE money_act_shipment SET returned = 1":   true,
		"UPDATE money_act SET currency = 'EUR'":        true,
		"UPDATE money_act_shipment SET shipment = 'x'": true,
	} {
		exec(change)
		if found, err := h.Check(t.Context()); err != nil || seen != (len(found) > 0) || seen && !strings.Contains(found[0], "act of money") {
			t.Errorf("%s: %q, %v", change, found, err)
		}
		exec("UPDATE shipment SET settled = $1, cod_amount = 129050", act)
		exec("UPDATE money_act SET currency = 'RUB'")
		exec("UPDATE money_act_shipment SET returned = 0, shipment = $1", shipment)
	}
}

// Both doors for machines are bounded by the flag.
func TestAPIRate(t *testing.T) {
	_, keys := newNetwork(t)
	c := config(t, keys)
	c.APIRate = 0.25
	h, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	shop, err := h.AddMerchant(t.Context(), "Shop", "")
	if err != nil {
		t.Fatal(err)
	}
	base := h.serveForTest(t)
	for i, want := range []int{http.StatusOK, http.StatusTooManyRequests} {
		request, _ := http.NewRequest("GET", base+"/v1/lockers", nil)
		request.Header.Set("Authorization", "Bearer "+shop.Key)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want || response.Header.Get("RateLimit-Limit") != "1" {
			t.Errorf("%d: %s %v", i, response.Status, response.Header)
		}
	}
}
