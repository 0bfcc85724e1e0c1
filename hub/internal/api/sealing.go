package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
)

type reserveIn struct {
	Key  string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"255" example:"block-17" doc:"Yours, one for each block: send it again after a doubt and you get the same barcodes"`
	Body struct {
		Count int `json:"count" minimum:"1" maximum:"1000" example:"100"`
	}
}

type reserveOut struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true when this key had reserved them before"`
	Body     struct {
		Barcodes []string `json:"barcodes" example:"200010000018" doc:"Of your number range; they stay yours until you announce them"`
	}
}

// ContactKey is which key signs the contacts of a merchant's number range, and what a request for one has to name.
type ContactKey struct {
	Network     string `json:"network" example:"city" doc:"Of the charter"`
	Merchant    string `json:"merchant" example:"Book shop" doc:"You, as the statement names you"`
	Prefix      string `json:"prefix" example:"20001" doc:"Your number range: the first digits of your barcodes"`
	Serial      uint64 `json:"serial" example:"1" doc:"Of the key in use; 0 for none"`
	Fingerprint string `json:"fingerprint,omitempty" example:"0f6b 1c2d 3e4f 0199 f3a2 7c1e 7d10 8a44" doc:"Of the key in use"`
}

type contactKeyIn struct {
	Body struct {
		Statement []byte `json:"statement" minLength:"1" maxLength:"16000" doc:"The signed statement of the key, as your own software or two operators made it"`
	}
}

type contactKeyOut struct{ Body ContactKey }

func (d *door) sealing() {
	tags := []string{"Sealing"}
	route(d, huma.Operation{OperationID: "reserveBarcodes", Method: http.MethodPost, Path: "/v1/barcodes", Tags: tags, DefaultStatus: 201,
		Summary:     "Reserve barcodes",
		Description: "For parcels whose contact your software seals before it announces them: a contact is sealed for one barcode. Codes: idempotency_conflict (409); range_exhausted (503).",
		Errors:      []int{400, 409, 413, 415}}, d.reserve)
	route(d, huma.Operation{OperationID: "getContactKey", Method: http.MethodGet, Path: "/v1/contact-key", Tags: tags,
		Summary: "Look at your contact key", Errors: []int{422}}, d.contactKey)
	route(d, huma.Operation{OperationID: "putContactKey", Method: http.MethodPut, Path: "/v1/contact-key", Tags: tags,
		Summary:     "Hand in a contact key",
		Description: "From then on shipments with a plain recipient are refused. The first key is signed by two operators of the network, each next one by the key before. The notifier judges it again for itself. Codes: contact_key_refused, not_your_range (422); contacts_pending (503).",
		Errors:      []int{400, 413, 415}}, d.putContactKey)
}

func (d *door) reserve(ctx context.Context, m account.Merchant, in *reserveIn) (*reserveOut, error) {
	barcodes, replayed, err := d.Custody.ReserveBarcodes(ctx, m.ID, m.Range, in.Key, in.Body.Count)
	if err != nil {
		return nil, err
	}
	out := &reserveOut{}
	out.Body.Barcodes = barcodes
	if replayed {
		out.Replayed = "true"
	}
	return out, nil
}

func (d *door) contactKey(ctx context.Context, m account.Merchant, _ *struct{}) (*contactKeyOut, error) {
	key, err := d.Custody.ContactKey(ctx, m.ID)
	if err != nil || key == nil {
		return &contactKeyOut{ContactKey{Network: d.Network, Merchant: m.Name, Prefix: m.Range}}, err
	}
	return &contactKeyOut{shown(*key)}, nil
}

func (d *door) putContactKey(ctx context.Context, m account.Merchant, in *contactKeyIn) (*contactKeyOut, error) {
	key, err := d.Custody.TakeContactKey(ctx, m.ID, m.Range, in.Body.Statement)
	if err != nil {
		return nil, err
	}
	return &contactKeyOut{shown(key)}, nil
}

func shown(k statement.ContactKey) ContactKey {
	return ContactKey{Network: k.Network, Merchant: k.Merchant, Prefix: k.Prefix, Serial: k.Serial, Fingerprint: k.Key.Fingerprint()}
}
