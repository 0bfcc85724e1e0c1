package handover

import (
	"context"
	"database/sql"
	"slices"

	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/handover/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
)

// ReturnAct is what a carrier has handed back to a merchant at a time.
type ReturnAct struct {
	Number            int64 // no handover has the same
	Merchant, Carrier string
	Created           int64    // when the merchant had it again, µs UTC
	Actor             string   // who said so
	Barcodes          []string // in their order
}

// Return says for carriers, by actor's word, that merchants have parcels again, and makes an act of them for each merchant and carrier;
// all or nothing. Conflict "not_withdrawn" where one is not out of its locker, or was returned before.
func (h *Handovers) Return(ctx context.Context, barcodes []string, actor string) (acts []ReturnAct, err error) {
	sorted := slices.Compact(slices.Sorted(slices.Values(barcodes)))
	if len(sorted) == 0 || len(sorted) > MaxShipments {
		return nil, fault.New(fault.Invalid, "invalid_act", "an act has 1 to %d parcels", MaxShipments)
	}
	err = h.DB.Tx(ctx, func(tx *sql.Tx) error {
		acts = nil
		q := store.New(tx)
		for _, barcode := range sorted {
			p, err := h.Custody.Returned(ctx, tx, barcode, actor)
			if err != nil {
				return err
			}
			a, err := h.returnActFor(ctx, q, &acts, p, actor)
			if err != nil {
				return err
			}
			a.Barcodes = append(a.Barcodes, barcode)
			if err := q.AddReturned(ctx, store.AddReturnedParams{Barcode: barcode, Act: a.Number, Place: int64(len(a.Barcodes))}); err != nil {
				return err
			}
		}
		return nil
	})
	return acts, err
}

// returnActFor finds the act that a parcel belongs into, or begins it.
func (h *Handovers) returnActFor(ctx context.Context, q *store.Queries, acts *[]ReturnAct, p custody.Parcel, actor string) (*ReturnAct, error) {
	for i := range *acts {
		if a := &(*acts)[i]; a.Merchant == p.Merchant && a.Carrier == p.Carrier {
			return a, nil
		}
	}
	number, err := q.NextNumber(ctx)
	if err != nil {
		return nil, err
	}
	a := ReturnAct{Number: number, Merchant: p.Merchant, Carrier: p.Carrier, Created: h.now(), Actor: actor}
	*acts = append(*acts, a)
	return &(*acts)[len(*acts)-1], q.AddReturnAct(ctx, store.AddReturnActParams{Number: a.Number, Merchant: a.Merchant, Carrier: a.Carrier, Created: a.Created, Actor: a.Actor})
}

// ReturnAct finds a merchant's by its number; NotFound also for another merchant's. An empty merchant finds anybody's.
func (h *Handovers) ReturnAct(ctx context.Context, merchant string, number int64) (ReturnAct, error) {
	rows, err := store.New(h.DB.Reads()).ReturnActs(ctx, store.ReturnActsParams{Merchant: merchant, Number: number})
	if err != nil {
		return ReturnAct{}, err
	}
	if len(rows) == 0 {
		return ReturnAct{}, fault.New(fault.NotFound, "unknown_return_act", "there is no such act")
	}
	return returnActs(rows)[0], nil
}

// ReturnActs are a merchant's from one moment on and before another, oldest first; Invalid "too_much" where they have more than so many parcels.
func (h *Handovers) ReturnActs(ctx context.Context, merchant string, from, to int64, most int) ([]ReturnAct, error) {
	rows, err := store.New(h.DB.Reads()).ReturnActsBetween(ctx, store.ReturnActsBetweenParams{Merchant: merchant, Since: from, Until: to, AtMost: int32(most + 1)})
	if err == nil && len(rows) > most {
		err = fault.New(fault.Invalid, "too_much", "more than %d parcels came back; ask for a shorter period", most)
	}
	return returnActs(rows), err
}

// ReturnedIn are the numbers of the acts in which parcels came back, by their barcodes.
func (h *Handovers) ReturnedIn(ctx context.Context, barcodes []string) (map[string]int64, error) {
	in := map[string]int64{}
	for _, list := range db.Lists(custody.BarcodeWidth, barcodes) {
		rows, err := store.New(h.DB.Reads()).ReturnActsOf(ctx, list)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			in[row.Barcode] = row.Act
		}
	}
	return in, nil
}

// ActsOf are the acts that shipments are in by those shipments' ids, without their lists.
func (h *Handovers) ActsOf(ctx context.Context, shipments ...custody.Shipment) (map[string]Act, error) {
	var ids []string
	for _, s := range shipments {
		ids = append(ids, s.ID)
	}
	of := map[string]Act{}
	for _, list := range db.Lists(custody.IDWidth, ids) {
		rows, err := store.New(h.DB.Reads()).ActsOf(ctx, list)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			of[row.Shipment] = act(row.Handover)
		}
	}
	return of, nil
}

// returnActs puts the parcels of acts, in their order, together.
func returnActs[R ~struct {
	ReturnAct store.ReturnAct
	Barcode   string
}](rows []R) (list []ReturnAct) {
	for _, r := range rows {
		row := struct {
			ReturnAct store.ReturnAct
			Barcode   string
		}(r)
		if n := len(list); n == 0 || list[n-1].Number != row.ReturnAct.Number {
			a := row.ReturnAct
			list = append(list, ReturnAct{Number: a.Number, Merchant: a.Merchant, Carrier: a.Carrier, Created: a.Created, Actor: a.Actor})
		}
		list[len(list)-1].Barcodes = append(list[len(list)-1].Barcodes, row.Barcode)
	}
	return list
}
