package custody

import (
	"context"

	"lockstep/hub/internal/custody/store"
	"lockstep/internal/db"
)

// The widths of what the queries for many take.
const BarcodeWidth, IDWidth, referenceWidth = 12, 36, 100

// maxReferred bounds the shipments under a few hundred references: a merchant may use one of them for all.
const maxReferred = 5000

// ShipmentsWith are a merchant's shipments by the barcodes of their parcels. What is nobody's or another merchant's is not among them.
func (c *Custody) ShipmentsWith(ctx context.Context, merchant string, barcodes []string) (map[string]Shipment, error) {
	with := map[string]Shipment{}
	for _, list := range db.Lists(BarcodeWidth, barcodes) {
		rows, err := store.New(c.DB.Reads()).ShipmentsWithBarcodes(ctx, store.ShipmentsWithBarcodesParams{Merchant: merchant, Barcodes: list})
		if err != nil {
			return nil, err
		}
		for _, s := range gathered(rows) {
			for _, p := range s.Parcels {
				with[p.Barcode] = s
			}
		}
	}
	return with, nil
}

// ShipmentsNamed are a merchant's shipments by their ids; otherwise as ShipmentsWith.
func (c *Custody) ShipmentsNamed(ctx context.Context, merchant string, ids []string) (map[string]Shipment, error) {
	named := map[string]Shipment{}
	for _, list := range db.Lists(IDWidth, ids) {
		rows, err := store.New(c.DB.Reads()).ShipmentsWithIDs(ctx, store.ShipmentsWithIDsParams{Merchant: merchant, Ids: list})
		if err != nil {
			return nil, err
		}
		for _, s := range gathered(rows) {
			named[s.ID] = s
		}
	}
	return named, nil
}

// ShipmentsReferred are a merchant's shipments by its own references, which several may have: newest first.
func (c *Custody) ShipmentsReferred(ctx context.Context, merchant string, references []string) (map[string][]Shipment, error) {
	referred := map[string][]Shipment{}
	for _, list := range db.Lists(referenceWidth, references) {
		rows, err := store.New(c.DB.Reads()).ShipmentsWithReferences(ctx, store.ShipmentsWithReferencesParams{Merchant: merchant, Refs: list, AtMost: maxReferred})
		if err != nil {
			return nil, err
		}
		for _, s := range gathered(rows) {
			referred[s.Reference] = append(referred[s.Reference], s)
		}
	}
	return referred, nil
}

// EventsOf are the events of shipments' parcels by barcode, oldest first.
func (c *Custody) EventsOf(ctx context.Context, shipments ...Shipment) (map[string][]Event, error) {
	var barcodes []string
	for _, s := range shipments {
		for _, p := range s.Parcels {
			barcodes = append(barcodes, p.Barcode)
		}
	}
	of := map[string][]Event{}
	for _, list := range db.Lists(BarcodeWidth, barcodes) {
		rows, err := store.New(c.DB.Reads()).EventsOfParcels(ctx, list)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			of[row.Barcode] = append(of[row.Barcode], event(row))
		}
	}
	return of, nil
}

// gathered puts parcels, in the order of their shipments and places, together.
func gathered[R ~struct {
	Shipment store.Shipment
	Parcel   store.Parcel
}](rows []R) (list []Shipment) {
	for _, r := range rows {
		row := struct {
			Shipment store.Shipment
			Parcel   store.Parcel
		}(r)
		if n := len(list); n == 0 || list[n-1].ID != row.Shipment.ID {
			list = append(list, shipment(row.Shipment))
		}
		s := &list[len(list)-1]
		s.Parcels = append(s.Parcels, item(row.Parcel))
	}
	return list
}
