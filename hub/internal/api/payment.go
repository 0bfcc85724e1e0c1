package api

import (
	"net/http"

	"lockstep/hub/internal/account"
	"lockstep/hub/internal/custody"
	"lockstep/internal/web"
)

// The payment service's door. It asks what is due, and brings what it has signed: its key is not here.
type (
	charge struct {
		Shipment string         `json:"shipment"`
		Amount   int64          `json:"amount"` // in the currency's smallest unit
		Currency string         `json:"currency"`
		Paid     int64          `json:"paid"` // µs UTC; 0 before
		Parcels  []chargeParcel `json:"parcels"`
	}
	chargeParcel struct {
		Barcode string `json:"barcode"`
		Locker  string `json:"locker"`
	}
	misaddressed struct {
		Barcode  string `json:"barcode"`
		Locker   string `json:"locker"` // where it is now
		Envelope []byte `json:"envelope"`
	}
)

func (d *door) payments() {
	d.service(account.Payments, "GET /payment/v1/charges/{barcode}", d.charge)
	d.service(account.Payments, "POST /payment/v1/payments", d.pay)
	d.service(account.Payments, "GET /payment/v1/misaddressed", d.misaddressed)
}

func (d *door) charge(r *http.Request) (any, error) {
	barcode := r.PathValue("barcode")
	if err := known(barcode, "unknown_parcel", "parcel"); err != nil {
		return nil, err
	}
	s, err := d.Custody.Charged(r.Context(), barcode)
	return charged(s), err
}

func charged(s custody.Shipment) charge {
	out := charge{Shipment: s.ID, Amount: s.COD.Amount, Currency: s.COD.Currency, Paid: s.Paid, Parcels: []chargeParcel{}}
	for _, p := range s.Parcels {
		out.Parcels = append(out.Parcels, chargeParcel{p.Barcode, p.Locker})
	}
	return out
}

// pay takes one payment's statements, one for each parcel.
func (d *door) pay(r *http.Request) (any, error) {
	var body struct {
		Envelopes [][]byte `json:"envelopes"`
	}
	if err := web.ReadJSON(nil, r, maxBody, &body); err != nil {
		return nil, err
	}
	s, err := d.Custody.Pay(r.Context(), body.Envelopes)
	if err != nil {
		return nil, err
	}
	return charged(s), d.Accounts.Audit(r.Context(), "payments", "paid", s.ID)
}

func (d *door) misaddressed(r *http.Request) (any, error) {
	list, err := d.Custody.MisaddressedWords(r.Context())
	out := []misaddressed{}
	for _, m := range list {
		out = append(out, misaddressed{m.Barcode, m.Locker, m.Envelope})
	}
	return map[string]any{"misaddressed": out}, err
}
