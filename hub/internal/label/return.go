package label

import (
	"slices"
	"strconv"
	"time"

	"lockstep/hub/internal/custody"
)

// ReturnAct is the paper of what a carrier gives back to a merchant: parcels by their barcodes, in order, with their shipments.
func ReturnAct(number int64, merchant, carrier string, made time.Time, barcodes []string, of map[string]custody.Shipment) Act {
	a := Act{Number: strconv.FormatInt(number, 10), Merchant: merchant, Carrier: carrier, Made: made, Kind: Returned}
	for _, barcode := range barcodes {
		s := of[barcode]
		i := slices.IndexFunc(a.Rows, func(r ActRow) bool { return r.Number == s.Number() })
		if i < 0 {
			i, a.Rows = len(a.Rows), append(a.Rows, ActRow{Number: s.Number(), Reference: s.Reference, Locker: s.Locker})
		}
		a.Rows[i].Barcodes = append(a.Rows[i].Barcodes, barcode)
	}
	return a
}
