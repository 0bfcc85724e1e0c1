package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lockstep/hub/internal/account"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/epcis"
)

type epcisOut struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (d *door) epcis() {
	document := func() map[string]*huma.Response {
		return map[string]*huma.Response{"200": {Description: "An EPCISDocument (JSON-LD), as GS1's schema of EPCIS 2.0 has it", Content: map[string]*huma.MediaType{
			"application/ld+json": {Schema: &huma.Schema{Type: huma.TypeObject}}}}}
	}
	const description = "For software that speaks GS1 EPCIS 2.0: an ObjectEvent for each event, steps and dispositions by CBV 2.0. Parcels, lockers and shipments are named by " +
		"their addresses here. Words of our own are under lockstep: — fact (what happened), number (within the parcel), proof (record, scan or claim), and, for a record, " +
		"journal (the locker's), guard (which of its guards wrote it) and record (the line's number)."
	route(d, huma.Operation{OperationID: "exportParcelEvents", Method: http.MethodGet, Path: "/v1/parcels/{barcode}/epcis", Tags: []string{"Parcels"},
		Summary: "Export a parcel's events as EPCIS", Description: description, Errors: []int{404}, Responses: document()}, d.parcelEPCIS)
	route(d, huma.Operation{OperationID: "exportShipmentEvents", Method: http.MethodGet, Path: "/v1/shipments/{id}/epcis", Tags: []string{"Shipments"},
		Summary: "Export the events of a shipment's parcels as EPCIS", Description: description, Errors: []int{404}, Responses: document()}, d.shipmentEPCIS)
}

func (d *door) parcelEPCIS(ctx context.Context, m account.Merchant, in *parcelIn) (*epcisOut, error) {
	p, err := d.find(ctx, m, in.Barcode)
	if err != nil {
		return nil, err
	}
	s, err := d.Custody.Shipment(ctx, m.ID, p.Shipment)
	if err != nil {
		return nil, err
	}
	return d.export(ctx, m, s.Reference, p)
}

func (d *door) shipmentEPCIS(ctx context.Context, m account.Merchant, in *shipmentIn) (*epcisOut, error) {
	if err := known(in.ID, "unknown_shipment", "shipment"); err != nil {
		return nil, err
	}
	s, err := d.Custody.Shipment(ctx, m.ID, in.ID)
	if err != nil {
		return nil, err
	}
	return d.export(ctx, m, s.Reference, s.Parcels...)
}

// export writes the events of parcels of one shipment.
func (d *door) export(ctx context.Context, m account.Merchant, reference string, parcels ...custody.Parcel) (*epcisOut, error) {
	var subjects []epcis.Subject
	zones := map[string]*time.Location{}
	for _, p := range parcels {
		events, err := d.Custody.Events(ctx, m.ID, p.Barcode)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			if _, err := once(ctx, zones, e.Locker, d.zone); err != nil {
				return nil, err
			}
		}
		subjects = append(subjects, epcis.Subject{Parcel: p, Reference: reference, Events: events})
	}
	names := epcis.Names{URL: d.PublicURL, Zone: func(locker string) *time.Location { return zones[locker] }}
	data, err := json.Marshal(names.Document(d.Now(), subjects...))
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	return &epcisOut{"application/ld+json", data}, nil
}

// zone is the one that a locker stands in.
func (d *door) zone(ctx context.Context, locker string) (*time.Location, error) {
	l, err := d.Fleet.Locker(ctx, locker)
	if err != nil {
		return nil, err
	}
	return time.LoadLocation(l.Zone)
}
