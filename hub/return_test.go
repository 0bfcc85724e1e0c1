package hub

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"lockstep/guard/journal"
	"lockstep/hub/internal/custody"
	"lockstep/parcel"
)

// A return that was made at one door is the same at the other, with the same code; and its merchant gets it back with an act.
func TestAReturnAtBothDoors(t *testing.T) {
	network, keys := newNetwork(t)
	h, err := Open(t.Context(), config(t, keys))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	guard := h.provision(t, network, "l1")
	shop, err := h.AddMerchant(t.Context(), "Shop", "")
	if err == nil {
		_, err = h.SetLogin(t.Context(), shop.ID, "shop", "9990003041", "secret")
	}
	if err != nil {
		t.Fatal(err)
	}
	sent, _, err := h.custody.CreateShipment(t.Context(), custody.NewShipment{Merchant: shop.ID, Range: shop.Range, Carrier: shop.Carrier, Key: "k1", Body: []byte{}, Locker: "l1",
		Dwell: parcel.DefaultDwell, Parcels: []custody.NewParcel{{Size: parcel.Small}}, Seal: func(string) ([]byte, error) { return []byte("sealed"), nil }})
	if err != nil {
		t.Fatal(err)
	}
	goes := func(barcode string, compartment uint16, kinds ...journal.Kind) {
		for _, kind := range kinds {
			h.record(t, "l1", guard, journal.Record{Kind: kind, Compartment: compartment, Parcel: barcode, Carrier: "house", Courier: "anna", Dwell: 48})
		}
	}
	goes(sent.Parcels[0].Barcode, 1, journal.DepositIntent, journal.Stored, journal.CollectIntent, journal.Collected)

	base := h.serveForTest(t)
	ask := func(path, body string, into any) {
		t.Helper()
		request, _ := http.NewRequest("POST", base+path, strings.NewReader(body))
		request.Header = http.Header{"Authorization": {"Bearer " + shop.Key}, "Idempotency-Key": {"r1"}, "Content-Type": {"application/json"}}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if err := json.NewDecoder(response.Body).Decode(into); err != nil || response.StatusCode >= 400 {
			t.Fatalf("%s: %s, %v", path, response.Status, err)
		}
	}
	var made struct {
		Code     string
		Shipment struct {
			ReturnOf string `json:"return_of"`
			Parcels  []struct{ Barcode string }
		}
	}
	ask("/v1/returns", `{"shipment":"`+sent.ID+`","size":"S"}`, &made)
	var session struct{ SessionId string }
	ask("/api/login", `{"Login":"shop","Password":"secret"}`, &session)
	var same []struct{ ReturnCode string }
	ask("/api/makereturn", `{"SessionId":"`+session.SessionId+`","InvoiceNumber":"`+sent.Number()+`"}`, &same)
	if made.Shipment.ReturnOf != sent.ID || len(same) != 1 || same[0].ReturnCode != made.Code || len(made.Code) != 10 {
		t.Fatalf("%+v, %+v", made, same)
	}

	barcode := made.Shipment.Parcels[0].Barcode
	goes(barcode, 2, journal.DepositIntent, journal.Stored, journal.WithdrawIntent, journal.Withdrawn)
	acts, err := h.Returned(t.Context(), []string{barcode})
	if err != nil || len(acts) != 1 || acts[0].Merchant != shop.ID || len(acts[0].Parcels) != 1 || acts[0].Parcels[0] != barcode {
		t.Fatalf("%+v, %v", acts, err)
	}
	if shown, err := h.ReturnAct(t.Context(), acts[0].Number); err != nil || shown.Number != acts[0].Number || !strings.HasPrefix(shown.Actor, "operator") {
		t.Errorf("%+v, %v", shown, err)
	}
	var paper bytes.Buffer
	if err := h.PrintReturnAct(t.Context(), acts[0].Number, &paper); err != nil || !strings.HasPrefix(paper.String(), "%PDF-") {
		t.Errorf("%v, %.40q", err, paper.String())
	}
	for _, number := range []int64{1, acts[0].Number + 1} {
		if _, err := h.ReturnAct(t.Context(), number); code(err) != "unknown_return_act" {
			t.Errorf("act %d: %v", number, err)
		}
	}
	audits, _, err := h.accounts.AuditPage(t.Context(), "", "", 1)
	if err != nil || len(audits) != 1 || audits[0].Act != "said a parcel was returned" || audits[0].Subject != barcode {
		t.Errorf("%+v, %v", audits, err)
	}
	if found, err := h.Check(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("%q, %v", found, err)
	}
}
