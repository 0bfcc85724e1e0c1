package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"lockstep/hub/internal/label"
)

// What was handed over, came back and was paid for is on acts.

// Handover shows an act; AcceptHandover says for its carrier that it has everything on it.
func (h *Hub) Handover(ctx context.Context, number int64) (HandoverView, error) {
	a, err := h.handovers.Act(ctx, "", number)
	return handoverView(a), err
}

// AcceptHandover is the house carrier's, or said for another.
func (h *Hub) AcceptHandover(ctx context.Context, number int64) (HandoverView, error) {
	a, err := h.handovers.Accept(ctx, number, operator())
	if err != nil {
		return HandoverView{}, err
	}
	return handoverView(a), h.accounts.Audit(ctx, operator(), "accepted a handover", fmt.Sprint(number))
}

// Returned says that merchants have withdrawn parcels again, all or none, and shows the acts of that: one for each merchant and carrier.
func (h *Hub) Returned(ctx context.Context, barcodes []string) ([]ReturnActView, error) {
	acts, err := h.handovers.Return(ctx, barcodes, operator())
	for _, a := range acts {
		for _, barcode := range a.Barcodes {
			err = errors.Join(err, h.accounts.Audit(ctx, operator(), "said a parcel was returned", barcode))
		}
	}
	return views(acts, returnActView), err
}

// ReturnAct shows an act of what came back.
func (h *Hub) ReturnAct(ctx context.Context, number int64) (ReturnActView, error) {
	a, err := h.handovers.ReturnAct(ctx, "", number)
	return returnActView(a), err
}

// PrintReturnAct draws it as a PDF, with room for both signatures.
func (h *Hub) PrintReturnAct(ctx context.Context, number int64, w io.Writer) error {
	a, err := h.handovers.ReturnAct(ctx, "", number)
	if err != nil {
		return err
	}
	shipments, err := h.custody.ShipmentsWith(ctx, a.Merchant, a.Barcodes)
	if err != nil {
		return err
	}
	return h.print(ctx, w, a.Merchant, func(merchant string) label.Act {
		return label.ReturnAct(a.Number, merchant, a.Carrier, time.UnixMicro(a.Created), a.Barcodes, shipments)
	})
}

// print draws an act with a merchant's name.
func (h *Hub) print(ctx context.Context, w io.Writer, merchant string, of func(merchant string) label.Act) error {
	name, err := h.merchantName(ctx, merchant)
	if err != nil {
		return err
	}
	paper, err := label.ActPDF(of(name))
	if err != nil {
		return err
	}
	_, err = w.Write(paper)
	return err
}

// merchantName is what people call a merchant.
func (h *Hub) merchantName(ctx context.Context, id string) (string, error) {
	m, err := h.accounts.Merchant(ctx, id)
	return m.Name, err
}

// SettlePayments says that a merchant gets, by a payment order, all that was paid for its shipments in a currency and was not settled before.
func (h *Hub) SettlePayments(ctx context.Context, merchant, order, currency string) (MoneyActView, error) {
	if _, err := h.accounts.Merchant(ctx, merchant); err != nil {
		return MoneyActView{}, err
	}
	a, err := h.handovers.Settle(ctx, merchant, order, currency, operator())
	if err != nil {
		return MoneyActView{}, err
	}
	return moneyActView(a.Summed()), h.accounts.Audit(ctx, operator(), "settled payments", fmt.Sprint(a.Number))
}

// MoneyActs lists the acts of what was paid and transferred, of one merchant or of all.
func (h *Hub) MoneyActs(ctx context.Context, merchant string) ([]MoneyActView, error) {
	acts, err := h.handovers.MoneyTotals(ctx, merchant)
	return views(acts, moneyActView), err
}

// MoneyAct shows one of them.
func (h *Hub) MoneyAct(ctx context.Context, number int64) (MoneyActView, error) {
	a, err := h.handovers.MoneyAct(ctx, "", number)
	return moneyActView(a.Summed()), err
}

// PrintMoneyAct draws one as a PDF, with room for both signatures.
func (h *Hub) PrintMoneyAct(ctx context.Context, number int64, w io.Writer) error {
	a, err := h.handovers.MoneyAct(ctx, "", number)
	if err != nil {
		return err
	}
	sums, err := h.handovers.Sums(ctx, a)
	if err != nil {
		return err
	}
	return h.print(ctx, w, a.Merchant, func(merchant string) label.Act {
		return label.MoneyAct(a.Number, merchant, a.Order, a.Currency, time.UnixMicro(a.Created), sums)
	})
}

// Check holds every cached column against the facts it was made from, and acts of money against what was paid. Each string is one difference.
func (h *Hub) Check(ctx context.Context) ([]string, error) {
	found, err1 := h.custody.VerifyFold(ctx)
	acts, err2 := h.handovers.Check(ctx)
	return append(found, acts...), errors.Join(err1, err2)
}
