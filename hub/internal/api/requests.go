package api

import (
	"cmp"
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"lockstep/hub/internal/account"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/dispatch"
	"lockstep/internal/fault"
	"lockstep/internal/secret"
	"lockstep/parcel"
)

type extendIn struct {
	Barcode string `path:"barcode" maxLength:"64" example:"200010000018"`
	Body    struct {
		DwellHours int `json:"dwell_hours" minimum:"24" maximum:"1440" example:"120" doc:"From the deposit on; more than it has now"`
	}
}

type requestOut struct{ Body Request }

type requestsOut struct {
	Body struct {
		Requests []Request `json:"requests" doc:"Newest first"`
	}
}

type newReturn struct {
	Locker    string `json:"locker,omitempty" minLength:"1" maxLength:"32" example:"msk-0042" doc:"Where the customer brings it; the shipment's, where none is named"`
	Shipment  string `json:"shipment,omitempty" maxLength:"64" example:"0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e4f" doc:"What comes back: a shipment of yours that was collected. Absent where it is none of ours."`
	Size      string `json:"size" enum:"S,M,L" example:"M"`
	Low       bool   `json:"low,omitempty" doc:"The customer needs a low door"`
	Reference string `json:"reference,omitempty" maxLength:"100" example:"RMA-117" doc:"Yours; printed on the label, so nothing about the customer"`
}

type returnIn struct {
	Key  string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"255" example:"rma-117-1" doc:"Yours, one for each return: send it again after a doubt, and you get the same answer"`
	Body newReturn
}

type returnOut struct {
	Location string `header:"Location" doc:"Of the shipment"`
	Replayed string `header:"Idempotency-Replayed" doc:"true when this key had made the return before"`
	Body     struct {
		Shipment Shipment `json:"shipment"`
		Code     string   `json:"code" example:"1234567897" doc:"Ten digits for the customer to type at the locker. It opens one empty compartment and nothing that holds a parcel. It is shown here, and again only for the same key."`
	}
}

func (d *door) requests() {
	route(d, huma.Operation{OperationID: "extendParcel", Method: http.MethodPost, Path: "/v1/parcels/{barcode}/extend", Tags: []string{"Parcels"}, DefaultStatus: 202,
		Summary:     "Let a parcel wait longer",
		Description: "Asked of the locker, which decides when it hears of it; asking twice is no error. Codes: not_stored, not_longer (409).",
		Errors:      []int{400, 404, 409, 413, 415}}, d.extend)
	route(d, huma.Operation{OperationID: "reissueCode", Method: http.MethodPost, Path: "/v1/parcels/{barcode}/reissue", Tags: []string{"Parcels"}, DefaultStatus: 202,
		Summary:     "Send the recipient a new code",
		Description: "The old code dies in the same moment. It goes to the contact of the announcement and nowhere else. At most three for a parcel, ten minutes apart. Codes: not_stored, too_soon, too_many_codes (409).",
		Errors:      []int{404, 409}}, d.reissue)
	route(d, huma.Operation{OperationID: "listParcelRequests", Method: http.MethodGet, Path: "/v1/parcels/{barcode}/requests", Tags: []string{"Parcels"},
		Summary: "What was asked of a parcel's locker", Errors: []int{404}}, d.asked)
	route(d, huma.Operation{OperationID: "createReturn", Method: http.MethodPost, Path: "/v1/returns", Tags: []string{"Returns"}, DefaultStatus: 201,
		Summary:     "Let a customer send a parcel back",
		Description: "All or nothing: a barcode for the label, room at the locker and a permit for one parcel, good for about 14 days. Your carrier takes it away at any time after. Codes: idempotency_conflict, locker_full, locker_not_ready, not_collected (409); unknown_shipment (404); unknown_locker (422).",
		RequestBody: example(map[string]any{"locker": "msk-0042", "size": "M", "reference": "RMA-117"}),
		Errors:      []int{400, 404, 409, 413, 415}}, d.createReturn)
}

func (d *door) extend(ctx context.Context, m account.Merchant, in *extendIn) (*requestOut, error) {
	if _, err := d.find(ctx, m, in.Barcode); err != nil {
		return nil, err
	}
	r, err := d.Custody.Extend(ctx, m.ID, in.Barcode, parcel.DwellTime(in.Body.DwellHours), "merchant "+m.ID)
	return d.audited(ctx, m, r, err)
}

func (d *door) reissue(ctx context.Context, m account.Merchant, in *parcelIn) (*requestOut, error) {
	if _, err := d.find(ctx, m, in.Barcode); err != nil {
		return nil, err
	}
	r, err := d.Custody.Reissue(ctx, m.ID, in.Barcode, "merchant "+m.ID)
	return d.audited(ctx, m, r, err)
}

// audited answers with a request, once the audit log has who asked for it.
func (d *door) audited(ctx context.Context, m account.Merchant, r dispatch.Request, err error) (*requestOut, error) {
	if err != nil {
		return nil, err
	}
	return &requestOut{asked(r)}, d.Accounts.Audit(ctx, "merchant "+m.ID, "asked: "+r.Kind, r.Subject)
}

func (d *door) asked(ctx context.Context, m account.Merchant, in *parcelIn) (*requestsOut, error) {
	if _, err := d.find(ctx, m, in.Barcode); err != nil {
		return nil, err
	}
	list, err := d.Custody.Requests(ctx, m.ID, in.Barcode)
	if err != nil {
		return nil, err
	}
	out := &requestsOut{}
	out.Body.Requests = []Request{}
	for _, r := range list {
		out.Body.Requests = append(out.Body.Requests, asked(r))
	}
	return out, nil
}

func (d *door) createReturn(ctx context.Context, m account.Merchant, in *returnIn) (*returnOut, error) {
	locker, err := d.returnedAt(ctx, m, in.Body)
	if err != nil {
		return nil, err
	}
	size, err := parcel.ParseSize(in.Body.Size)
	if err != nil {
		return nil, err
	}
	s, replayed, err := d.Custody.CreateShipment(ctx, custody.NewShipment{Merchant: m.ID, Range: m.Range, Carrier: m.Carrier, Key: in.Key,
		Body: secret.Keyed(d.BodyKey, []byte(m.ID), []byte("return"), marshal(in.Body)), Locker: locker, Reference: in.Body.Reference,
		Parcels: []custody.NewParcel{{Size: size, Low: in.Body.Low}}, Return: true, ReturnOf: in.Body.Shipment, Code: d.ReturnCode})
	if err != nil {
		return nil, err
	}
	out := &returnOut{Location: "/v1/shipments/" + s.ID}
	out.Body.Shipment, out.Body.Code = d.shipment(s), d.ReturnCode(s.Parcels[0].Barcode)
	if replayed {
		out.Replayed = "true"
	}
	return out, nil
}

// returnedAt is the locker that a return is brought to: the one that is named, else its shipment's.
func (d *door) returnedAt(ctx context.Context, m account.Merchant, n newReturn) (string, error) {
	locker := n.Locker
	if n.Shipment != "" {
		if err := known(n.Shipment, "unknown_shipment", "shipment"); err != nil {
			return "", err
		}
		s, err := d.Custody.Shipment(ctx, m.ID, n.Shipment)
		if err != nil {
			return "", err
		}
		locker = cmp.Or(locker, s.Locker)
	}
	if !id.MatchString(locker) {
		return "", fault.New(fault.Invalid, "unknown_locker", "there is no such locker")
	}
	return locker, nil
}
