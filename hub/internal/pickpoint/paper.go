package pickpoint

import (
	"context"

	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/label"
	"lockstep/internal/fault"
)

// named are the shipments whose numbers a request lists; NotFound where one is nobody's or another shop's.
func (d *door) named(ctx context.Context, c *call) (list []custody.Shipment, err error) {
	numbers := c.texts("invoices")
	switch {
	case len(numbers) == 0:
		return nil, fault.New(fault.Invalid, "no_sendings", "there are no sendings")
	case len(numbers) > maxSendings:
		return nil, fault.New(fault.Invalid, "too_many_sendings", "at most %d sendings at once", maxSendings)
	}
	found, err := d.findMany(ctx, c, numbers)
	if err != nil {
		return nil, err
	}
	for _, number := range numbers {
		s, ok := found[number]
		if !ok {
			return nil, unknownSending()
		}
		list = append(list, s)
	}
	return list, nil
}

// labels draws the labels of sendings that the carrier does not have yet, all or none.
func (d *door) labels(paper label.Paper) func(context.Context, *call) (any, error) {
	return func(ctx context.Context, c *call) (any, error) {
		shipments, err := d.named(ctx, c)
		if err != nil {
			return nil, err
		}
		states, err := d.statesOf(ctx, shipments...)
		if err != nil {
			return nil, err
		}
		var list []label.Label
		for i, s := range shipments {
			if states[i].rank() > formed.rank() {
				return nil, fault.New(fault.Conflict, "no_label", "a label is printed before the carrier has the parcel")
			}
			locker, err := d.Fleet.Locker(ctx, s.Locker)
			if err != nil {
				return nil, err
			}
			list = append(list, label.Of(c.merchant.Name, d.GS1Prefix, locker, s)...)
		}
		label.Address(list, d.Names.Recipients(ctx, label.Barcodes(list)...))
		return label.PDF(paper, list)
	}
}
