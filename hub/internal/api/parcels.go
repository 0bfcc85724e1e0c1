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
	"lockstep/parcel"
)

type parcelIn struct {
	Barcode string `path:"barcode" maxLength:"64" example:"200010000018"`
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
	Barcode string `path:"barcode" maxLength:"64" example:"200010000018"`
	Paper   string `query:"paper" enum:"a6,a4" default:"a6" doc:"a6: one label a page; a4: four a page"`
}

type labelsIn struct {
	Shipments []string `query:"shipments" required:"true" minItems:"1" maxItems:"100" maxLength:"64" example:"0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e4f" doc:"Ids, separated by commas: their labels come in this order"`
}

type labelsPDFIn struct {
	Shipments []string `query:"shipments" required:"true" minItems:"1" maxItems:"100" maxLength:"64" example:"0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e4f" doc:"Ids, separated by commas: their labels come in this order"`
	Paper     string   `query:"paper" enum:"a6,a4" default:"a6" doc:"a6: one label a page; a4: four a page"`
}

type labelOut struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

// kindZPL is no registered media type; label software asks for it by this name.
const kindPDF, kindZPL = "application/pdf", "application/zpl"

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
	file := func(kind, doc string) map[string]*huma.Response {
		return map[string]*huma.Response{"200": {Description: doc, Content: map[string]*huma.MediaType{
			kind: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}}
	}
	const (
		aPDF  = "A PDF"
		zplII = "ZPL II in UTF-8 for 203 dpi and media of 105 × 148 mm, one format a label: send it to the printer as it is"
		codes = "The barcode as Code 128 and as a QR code; where the parcel has an SSCC, that as GS1-128 with application identifier 00. Where we can ask for them, the recipient's name and the last digits of the phone number. What is cancelled has no label. Code: cancelled (409)."
	)
	shipments, parcels := []string{"Shipments"}, []string{"Parcels"}
	route(d, huma.Operation{OperationID: "printLabels", Method: http.MethodGet, Path: "/v1/labels.pdf", Tags: shipments,
		Summary: "Print the labels of many shipments", Description: codes, Errors: []int{404, 409, 422}, Responses: file(kindPDF, aPDF)}, d.labelsPDF)
	route(d, huma.Operation{OperationID: "printLabelsZPL", Method: http.MethodGet, Path: "/v1/labels.zpl", Tags: shipments,
		Summary: "Print the labels of many shipments on a label printer", Description: codes, Errors: []int{404, 409, 422}, Responses: file(kindZPL, zplII)}, d.labelsZPL)
	route(d, huma.Operation{OperationID: "printShipmentLabels", Method: http.MethodGet, Path: "/v1/shipments/{id}/label.pdf", Tags: shipments,
		Summary: "Print the labels of a shipment", Description: codes, Errors: []int{404, 409}, Responses: file(kindPDF, aPDF)}, d.shipmentLabel)
	route(d, huma.Operation{OperationID: "printParcelLabel", Method: http.MethodGet, Path: "/v1/parcels/{barcode}/label.pdf", Tags: parcels,
		Summary: "Print the label of a parcel", Description: codes, Errors: []int{404, 409}, Responses: file(kindPDF, aPDF)}, d.parcelLabel)
	route(d, huma.Operation{OperationID: "printShipmentLabelsZPL", Method: http.MethodGet, Path: "/v1/shipments/{id}/label.zpl", Tags: shipments,
		Summary: "Print the labels of a shipment on a label printer", Description: codes, Errors: []int{404, 409}, Responses: file(kindZPL, zplII)}, d.shipmentZPL)
	route(d, huma.Operation{OperationID: "printParcelLabelZPL", Method: http.MethodGet, Path: "/v1/parcels/{barcode}/label.zpl", Tags: parcels,
		Summary: "Print the label of a parcel on a label printer", Description: codes, Errors: []int{404, 409}, Responses: file(kindZPL, zplII)}, d.parcelZPL)
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
	return &parcelOut{shape(p, d.GS1Prefix, d.Tracking)}, err
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

func (d *door) shipmentLabel(ctx context.Context, m account.Merchant, in *shipmentLabelIn) (*labelOut, error) {
	list, err := d.shipmentLabels(ctx, m, in.ID)
	if err != nil {
		return nil, err
	}
	return pdf(d.addressed(ctx, list), in.Paper)
}

func (d *door) parcelLabel(ctx context.Context, m account.Merchant, in *parcelLabelIn) (*labelOut, error) {
	list, err := d.parcelLabels(ctx, m, in.Barcode)
	if err != nil {
		return nil, err
	}
	return pdf(d.addressed(ctx, list), in.Paper)
}

func (d *door) shipmentZPL(ctx context.Context, m account.Merchant, in *shipmentIn) (*labelOut, error) {
	list, err := d.shipmentLabels(ctx, m, in.ID)
	if err != nil {
		return nil, err
	}
	return zpl(d.addressed(ctx, list))
}

func (d *door) parcelZPL(ctx context.Context, m account.Merchant, in *parcelIn) (*labelOut, error) {
	list, err := d.parcelLabels(ctx, m, in.Barcode)
	if err != nil {
		return nil, err
	}
	return zpl(d.addressed(ctx, list))
}

func (d *door) labelsPDF(ctx context.Context, m account.Merchant, in *labelsPDFIn) (*labelOut, error) {
	list, err := d.manyLabels(ctx, m, in.Shipments)
	if err != nil {
		return nil, err
	}
	return pdf(d.addressed(ctx, list), in.Paper)
}

func (d *door) labelsZPL(ctx context.Context, m account.Merchant, in *labelsIn) (*labelOut, error) {
	list, err := d.manyLabels(ctx, m, in.Shipments)
	if err != nil {
		return nil, err
	}
	return zpl(d.addressed(ctx, list))
}

// manyLabels are those of shipments, in their order, without what is cancelled; Conflict "cancelled" where all is.
func (d *door) manyLabels(ctx context.Context, m account.Merchant, ids []string) (list []label.Label, err error) {
	for _, id := range ids {
		some, err := d.shipmentLabels(ctx, m, id)
		if code, _ := fault.Public(err); err != nil && code != "cancelled" {
			return nil, err
		}
		list = append(list, some...)
	}
	return notCancelled(list, func(label.Label) bool { return false })
}

// shipmentLabels are the labels of all parcels of a merchant's shipment but those that are cancelled; Conflict "cancelled" where all are.
func (d *door) shipmentLabels(ctx context.Context, m account.Merchant, id string) ([]label.Label, error) {
	if err := known(id, "unknown_shipment", "shipment"); err != nil {
		return nil, err
	}
	s, err := d.Custody.Shipment(ctx, m.ID, id)
	if err != nil {
		return nil, err
	}
	locker, err := d.Fleet.Locker(ctx, s.Locker)
	if err != nil {
		return nil, err
	}
	return notCancelled(label.Of(m.Name, d.GS1Prefix, locker, s), func(l label.Label) bool {
		return slices.ContainsFunc(s.Parcels, func(p custody.Parcel) bool { return p.Barcode == l.Barcode && p.State == parcel.Cancelled })
	})
}

// notCancelled leaves labels out; Conflict "cancelled" where none is left, because no locker takes what is cancelled.
func notCancelled(list []label.Label, out func(label.Label) bool) ([]label.Label, error) {
	if list = slices.DeleteFunc(list, out); len(list) == 0 {
		return nil, fault.New(fault.Conflict, "cancelled", "no locker takes this any more: it is cancelled")
	}
	return list, nil
}

// parcelLabels is the label of one parcel of a merchant's.
func (d *door) parcelLabels(ctx context.Context, m account.Merchant, barcode string) ([]label.Label, error) {
	p, err := d.find(ctx, m, barcode)
	if err != nil {
		return nil, err
	}
	list, err := d.shipmentLabels(ctx, m, p.Shipment)
	if err != nil {
		return nil, err
	}
	return notCancelled(list, func(l label.Label) bool { return l.Barcode != barcode })
}

// addressed puts on labels what the notifier tells of recipients.
func (d *door) addressed(ctx context.Context, list []label.Label) []label.Label {
	label.Address(list, d.Names.Recipients(ctx, label.Barcodes(list)...))
	return list
}

func pdf(list []label.Label, paper string) (*labelOut, error) {
	data, err := label.PDF(label.Paper(paper), list)
	if err != nil {
		return nil, err
	}
	return &labelOut{kindPDF, `inline; filename="label-` + list[0].Barcode + `.pdf"`, data}, nil
}

func zpl(list []label.Label) (*labelOut, error) {
	data, err := label.ZPL(list)
	if err != nil {
		return nil, err
	}
	return &labelOut{kindZPL, `attachment; filename="label-` + list[0].Barcode + `.zpl"`, data}, nil
}
