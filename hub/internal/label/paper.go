package label

import (
	"fmt"
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

// MoneyAct is the paper of what was paid on collection and transferred to a merchant by a payment order.
func MoneyAct(number int64, merchant, order, currency string, made time.Time, sums []custody.Sum) Act {
	say := func(amount int64) string { return fmt.Sprintf("%d,%02d %s", amount/100, amount%100, currency) }
	a := Act{Kind: Money, Number: strconv.FormatInt(number, 10), Merchant: merchant, Order: order, Made: made}
	total := custody.Sum{}
	for _, s := range sums {
		a.Rows = append(a.Rows, ActRow{Number: s.Of.Number(), Reference: s.Of.Reference, Paid: say(s.Paid), Returned: say(s.Returned)})
		total.Paid, total.Returned = total.Paid+s.Paid, total.Returned+s.Returned
	}
	a.Paid, a.Returned = say(total.Paid), say(total.Returned)
	return a
}
