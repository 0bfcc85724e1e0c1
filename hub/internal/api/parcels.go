package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/label"
	"lockstep/internal/fault"
)

type parcelIn struct {
	Barcode string `path:"barcode" maxLength:"64" example:"200010000017"`
}

type parcelOut struct{ Body Parcel }

type eventsOut struct {
	Body struct {
		Events []Event `json:"events" doc:"Oldest first"`
	}
}

type shipmentLabelIn struct {
	ID    string `path:"id" maxLength:"64" example:"0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e4f"`
	Paper string `query:"paper" enum:"a6,a4" default:"a6" doc:"a6: one label a page; a4: four a page"`
}

type parcelLabelIn struct {
	Barcode string `path:"barcode" maxLength:"64" example:"200010000017"`
	Paper   string `query:"paper" enum:"a6,a4" default:"a6" doc:"a6: one label a page; a4: four a page"`
}

type pdfOut struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func (d *door) parcels() {
	tags := []string{"Parcels"}
	route(d, huma.Operation{OperationID: "getParcel", Method: http.MethodGet, Path: "/v1/parcels/{barcode}", Tags: tags,
		Summary: "Look at a parcel", Errors: []int{404}}, d.parcel)
	route(d, huma.Operation{OperationID: "listParcelEvents", Method: http.MethodGet, Path: "/v1/parcels/{barcode}/events", Tags: tags,
		Summary:     "Follow a parcel",
		Description: "Everything that happened to it. Events that a locker saw name the line of its signed journal; what nobody proved is marked as a claim.",
		Errors:      []int{404}}, d.events)
}

func (d *door) labels() {
	pdf := func() map[string]*huma.Response {
		return map[string]*huma.Response{"200": {Description: "A PDF", Content: map[string]*huma.MediaType{
			"application/pdf": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}}
	}
	route(d, huma.Operation{OperationID: "printShipmentLabels", Method: http.MethodGet, Path: "/v1/shipments/{id}/label.pdf", Tags: []string{"Shipments"},
		Summary: "Print the labels of a shipment", Errors: []int{404}, Responses: pdf()}, d.shipmentLabel)
	route(d, huma.Operation{OperationID: "printParcelLabel", Method: http.MethodGet, Path: "/v1/parcels/{barcode}/label.pdf", Tags: []string{"Parcels"},
		Summary: "Print the label of a parcel", Errors: []int{404}, Responses: pdf()}, d.parcelLabel)
}

// find is a merchant's parcel; what cannot be a barcode is not found.
func (d *door) find(ctx context.Context, m account.Merchant, barcode string) (custody.Parcel, error) {
	if statement.CheckBarcode(barcode) != nil {
		return custody.Parcel{}, fault.New(fault.NotFound, "unknown_parcel", "there is no such parcel")
	}
	return d.Custody.Parcel(ctx, m.ID, barcode)
}

func (d *door) parcel(ctx context.Context, m account.Merchant, in *parcelIn) (*parcelOut, error) {
	p, err := d.find(ctx, m, in.Barcode)
	return &parcelOut{shape(p, d.Tracking)}, err
}

func (d *door) events(ctx context.Context, m account.Merchant, in *parcelIn) (*eventsOut, error) {
	if _, err := d.find(ctx, m, in.Barcode); err != nil {
		return nil, err
	}
	list, err := d.Custody.Events(ctx, m.ID, in.Barcode)
	if err != nil {
		return nil, err
	}
	out := &eventsOut{}
	out.Body.Events = []Event{}
	for _, e := range list {
		out.Body.Events = append(out.Body.Events, event(e))
	}
	return out, nil
}

func (d *door) shipmentLabel(ctx context.Context, m account.Merchant, in *shipmentLabelIn) (*pdfOut, error) {
	if err := known(in.ID, "unknown_shipment", "shipment"); err != nil {
		return nil, err
	}
	s, err := d.Custody.Shipment(ctx, m.ID, in.ID)
	if err != nil {
		return nil, err
	}
	return d.print(ctx, m, s, "", in.Paper)
}

func (d *door) parcelLabel(ctx context.Context, m account.Merchant, in *parcelLabelIn) (*pdfOut, error) {
	p, err := d.find(ctx, m, in.Barcode)
	if err != nil {
		return nil, err
	}
	s, err := d.Custody.Shipment(ctx, m.ID, p.Shipment)
	if err != nil {
		return nil, err
	}
	return d.print(ctx, m, s, p.Barcode, in.Paper)
}

// print draws labels of a shipment: all, or one parcel's.
func (d *door) print(ctx context.Context, m account.Merchant, s custody.Shipment, barcode, paper string) (*pdfOut, error) {
	locker, err := d.Fleet.Locker(ctx, s.Locker)
	if err != nil {
		return nil, err
	}
	list := label.Of(m.Name, locker, s)
	if barcode != "" {
		list = slices.DeleteFunc(list, func(l label.Label) bool { return l.Barcode != barcode })
	}
	pdf, err := label.PDF(label.Paper(paper), list)
	if err != nil {
		return nil, err
	}
	return &pdfOut{ContentType: "application/pdf", Disposition: `inline; filename="label-` + list[0].Barcode + `.pdf"`, Body: pdf}, nil
}
