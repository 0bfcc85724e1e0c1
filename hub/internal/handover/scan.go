package handover

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/handover/store"
	"lockstep/internal/courier"
	"lockstep/internal/fault"
)

// Open are the acts that nobody has accepted for a carrier, as its couriers' phones know them.
func (h *Handovers) Open(ctx context.Context, carrier string) (list []courier.Act, err error) {
	rows, err := store.New(h.DB.Reads()).Open(ctx, store.OpenParams{Carrier: carrier, Limit: courier.MaxActs})
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		a, err := h.Act(ctx, "", row.Number)
		if fault.KindOf(err) == fault.NotFound && err != nil {
			continue // its last shipment was taken out just now
		}
		if err != nil {
			return nil, err
		}
		shown, err := h.phone(ctx, a)
		if err != nil {
			return nil, err
		}
		list = append(list, shown)
	}
	return list, nil
}

// Scanned finds a carrier's act by its number, or by a barcode in it.
func (h *Handovers) Scanned(ctx context.Context, carrier, code string) (courier.Act, error) {
	a, err := h.coded(ctx, code)
	if err == nil && a.Carrier != carrier {
		err = fault.New(fault.NotFound, "unknown_act", "there is no such act")
	}
	if err != nil {
		return courier.Act{}, err
	}
	return h.phone(ctx, a)
}

func (h *Handovers) coded(ctx context.Context, code string) (Act, error) {
	unknown := fault.New(fault.NotFound, "unknown_act", "there is no such act")
	if statement.CheckBarcode(code) == nil {
		p, err := h.Custody.Parcel(ctx, "", code)
		if err != nil {
			return Act{}, err
		}
		a, found, err := h.Of(ctx, p.Shipment)
		if err == nil && !found {
			err = unknown
		}
		if err != nil {
			return Act{}, err
		}
		return h.Act(ctx, "", a.Number)
	}
	number, err := strconv.ParseInt(code, 10, 64)
	if err != nil {
		return Act{}, unknown
	}
	return h.Act(ctx, "", number)
}

// phone is an act as a courier's phone shows it.
func (h *Handovers) phone(ctx context.Context, a Act) (courier.Act, error) {
	name, err := h.Name(ctx, a.Merchant)
	if err != nil {
		return courier.Act{}, err
	}
	shown := courier.Act{Number: a.Number, Merchant: name, City: a.City, Reference: a.Reference, Created: a.Created, Accepted: a.Accepted, Shipments: [][]string{}}
	named, err := h.Custody.ShipmentsNamed(ctx, a.Merchant, a.Shipments)
	for _, id := range a.Shipments {
		shown.Shipments = append(shown.Shipments, barcodes(named[id]))
	}
	return shown, err
}

func barcodes(s custody.Shipment) (list []string) {
	for _, p := range s.Parcels {
		list = append(list, p.Barcode)
	}
	return list
}

// AcceptScanned is a courier's word, signed by their phone, that their carrier has these parcels of an act. Shipments of which a parcel is
// missing are taken out of it, so that the act is what was handed over; their merchant may put them into another. The same word again
// changes nothing. Conflict "accepted" where another word was taken before, "incomplete" where no shipment is complete; Invalid
// "not_in_act" for parcels that are not on it.
func (h *Handovers) AcceptScanned(ctx context.Context, by courier.Courier, w courier.Word) (courier.Act, error) {
	said, err := w.Verify(h.Charters...)
	if err == nil && (said.Carrier != by.Carrier || said.ID != by.ID || !w.Fresh(h.Now())) {
		err = fault.New(fault.Denied, "bad_proof", "this is not the courier's word, or it is too old")
	}
	if err != nil {
		return courier.Act{}, err
	}
	a, err := h.Act(ctx, "", w.Act)
	if err == nil && a.Carrier != by.Carrier {
		err = fault.New(fault.NotFound, "unknown_act", "there is no such act")
	}
	if err != nil {
		return courier.Act{}, err
	}
	word, err := json.Marshal(w)
	if err != nil {
		return courier.Act{}, err
	}
	if a.Word != string(word) {
		if err := h.accept(ctx, a, w.Barcodes, string(word), "courier "+by.Carrier+"/"+by.ID); err != nil {
			return courier.Act{}, err
		}
	}
	return h.Scanned(ctx, by.Carrier, strconv.FormatInt(w.Act, 10))
}

// accept writes a word and takes out of the act what it does not name.
func (h *Handovers) accept(ctx context.Context, a Act, scanned []string, word, actor string) error {
	named, err := h.Custody.ShipmentsNamed(ctx, a.Merchant, a.Shipments)
	if err != nil {
		return err
	}
	complete, missing, err := split(a, named, scanned)
	if err != nil {
		return err
	}
	if complete == 0 {
		return fault.New(fault.Conflict, "incomplete", "no shipment of the act is complete")
	}
	return h.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		for _, shipment := range missing {
			if _, err := q.DropShipment(ctx, store.DropShipmentParams{Shipment: shipment, Merchant: a.Merchant}); err != nil {
				return err
			}
		}
		rows, err := q.Accept(ctx, store.AcceptParams{Number: a.Number, Accepted: h.now(), Actor: actor, Word: word})
		if err == nil && rows == 0 {
			err = fault.New(fault.Conflict, "accepted", "the act was accepted before")
		}
		return err
	})
}

// split counts an act's shipments of which every parcel was scanned, and names the others.
func split(a Act, named map[string]custody.Shipment, scanned []string) (complete int, missing []string, err error) {
	known := 0
	for _, id := range a.Shipments {
		of := barcodes(named[id])
		here := 0
		for _, barcode := range of {
			if _, found := slices.BinarySearch(scanned, barcode); found {
				here++
			}
		}
		known += here
		if here == len(of) {
			complete++
		} else {
			missing = append(missing, id)
		}
	}
	if known != len(scanned) {
		return 0, nil, fault.New(fault.Invalid, "not_in_act", "%d parcels are not on the act", len(scanned)-known)
	}
	return complete, missing, nil
}

// checkWords holds each act that a courier accepted against the word it rests on: a courier of its carrier signed it, about this act and
// every parcel on it.
func (h *Handovers) checkWords(ctx context.Context) (differences []string, err error) {
	const page = 200
	for after := int64(0); ; {
		rows, err := store.New(h.DB.Reads()).Words(ctx, store.WordsParams{Number: after, Limit: page})
		if err != nil {
			return differences, err
		}
		for _, row := range rows {
			wrong, err := h.checkWord(ctx, row.Number)
			if err != nil {
				return differences, err
			}
			if wrong != "" {
				differences = append(differences, fmt.Sprintf("act %d: %s", row.Number, wrong))
			}
			after = row.Number
		}
		if len(rows) < page {
			return differences, nil
		}
	}
}

func (h *Handovers) checkWord(ctx context.Context, number int64) (wrong string, err error) {
	a, err := h.Act(ctx, "", number)
	if err != nil {
		return "", err
	}
	var w courier.Word
	if err := json.Unmarshal([]byte(a.Word), &w); err != nil {
		return "its word cannot be read", nil
	}
	by, err := w.Verify(h.Charters...)
	if err != nil || by.Carrier != a.Carrier || w.Act != a.Number {
		return fmt.Sprintf("its word is not of a courier of %s about it: %v", a.Carrier, err), nil
	}
	named, err := h.Custody.ShipmentsNamed(ctx, a.Merchant, a.Shipments)
	if err != nil {
		return "", err
	}
	for _, id := range a.Shipments {
		for _, barcode := range barcodes(named[id]) {
			if _, found := slices.BinarySearch(w.Barcodes, barcode); !found {
				return "its word does not name parcel " + barcode, nil
			}
		}
	}
	return "", nil
}
