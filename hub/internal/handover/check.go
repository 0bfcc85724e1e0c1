package handover

import (
	"context"
	"fmt"
)

// Check holds accepted acts against the words of couriers that they rest on (checkWords), and the acts of money against the shipments that they settled, which are custody's: each is of the act's merchant, was paid in its
// currency what the act says, and names the act; and none names an act that has it not. Each string is one difference.
func (h *Handovers) Check(ctx context.Context) (differences []string, err error) {
	differences, err = h.checkWords(ctx)
	if err != nil {
		return nil, err
	}
	acts, err := h.MoneyTotals(ctx, "")
	if err != nil || len(acts) == 0 {
		return differences, err
	}
	entered := 0
	for _, a := range acts { // what they say is not changed any more
		found, err := h.checkAct(ctx, a.Number)
		if err != nil {
			return nil, err
		}
		differences, entered = append(differences, found...), entered+a.Shipments
	}
	last := acts[len(acts)-1].Number
	settled, err := h.Custody.CountSettled(ctx, last)
	if err == nil && settled != int64(entered) {
		differences = append(differences, fmt.Sprintf("%d shipments name acts of money up to %d, which have %d", settled, last, entered))
	}
	return differences, err
}

func (h *Handovers) checkAct(ctx context.Context, number int64) (differences []string, err error) {
	a, err := h.MoneyAct(ctx, "", number)
	if err != nil {
		return nil, err
	}
	sums, err := h.Sums(ctx, a)
	for i, is := range sums {
		if s := is.Of; s.Settled != a.Number || s.Paid == 0 || s.COD.Amount != is.Paid || s.COD.Currency != a.Currency || is.Returned != 0 && is.Returned != is.Paid {
			differences = append(differences, fmt.Sprintf("act of money %d: it has not what shipment %s says", a.Number, a.Settled[i].Shipment))
		}
	}
	return differences, err
}
