// Package label draws the label that a merchant sticks on a parcel: the barcode that lockers read, in bars and as a QR code, the size,
// where it goes, the merchant's reference, and an SSCC where the operator has a GS1 prefix. One layout is drawn by several pens: as a
// PDF, in ZPL for label printers, as SVG. Of the recipient a label says at most a name and the last digits of a phone number, where the
// notifier tells them.
package label

import (
	"fmt"
	"time"

	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/names"
	"lockstep/parcel"
)

//go:generate go run ./drawing ../../../docs/label.svg

// A label is A6, in millimetres.
const width, height = 105.0, 148.0

// Label is what one parcel's label says.
type Label struct {
	Barcode       string // 12 digits
	SSCC          string // 18 digits, may be empty
	Size          parcel.Size
	Place, Of     int    // "1 / 3" within its shipment
	LockerID      string // as couriers know it
	LockerName    string
	LockerAddress string
	Merchant      string // the merchant's name
	Reference     string // the merchant's own, may be empty
	WeightG       int    // grams, 0 for unknown
	Low           bool   // its recipient needs a low door
	Recipient     string // name and last digits, may be empty
	Made          time.Time
}

// Of are the labels of a shipment's parcels. A parcel's own reference goes before the shipment's.
func Of(merchant string, prefix parcel.GS1Prefix, locker fleet.Locker, s custody.Shipment) (list []Label) {
	for _, p := range s.Parcels {
		reference := s.Reference
		if p.Reference != "" {
			reference = p.Reference
		}
		list = append(list, Label{Barcode: p.Barcode, SSCC: prefix.SSCC(p.Barcode), Size: p.Size, Place: p.Place, Of: len(s.Parcels), LockerID: locker.ID,
			LockerName: locker.Name, LockerAddress: locker.Address, Merchant: merchant, Reference: reference, WeightG: p.WeightG, Low: p.Low,
			Made: time.UnixMicro(p.Created).UTC()})
	}
	return list
}

// Address writes on labels what the notifier tells of their parcels' recipients.
func Address(list []Label, told map[string]names.Recipient) {
	for i, l := range list {
		list[i].Recipient = told[l.Barcode].Line()
	}
}

// Barcodes are those of labels.
func Barcodes(list []Label) (barcodes []string) {
	for _, l := range list {
		barcodes = append(barcodes, l.Barcode)
	}
	return barcodes
}

// check refuses what no scanner would take for one of our labels.
func (l Label) check() error {
	if err := statement.CheckBarcode(l.Barcode); err != nil {
		return fmt.Errorf("label: %w", err)
	}
	if l.SSCC == "" {
		return nil
	}
	if err := parcel.CheckSSCC(l.SSCC); err != nil {
		return fmt.Errorf("label: %w", err)
	}
	return nil
}
