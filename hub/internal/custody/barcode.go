package custody

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"lockstep/guard/statement"
	"lockstep/hub/internal/custody/store"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// MaxBlock bounds the barcodes that are given at once.
const MaxBlock = 1000

// ReserveBarcodes gives a merchant the next barcodes of its number range, for parcels that it announces later. The same key gives
// the same barcodes again. Faults: Conflict "idempotency_conflict" (same key, another count), Unavailable "range_exhausted",
// Invalid otherwise.
func (c *Custody) ReserveBarcodes(ctx context.Context, merchant, numberRange, key string, count int) (barcodes []string, replayed bool, err error) {
	if !plain(key, 1, 255) {
		return nil, false, fault.New(fault.Invalid, "invalid_idempotency_key", "an idempotency key has 1 to 255 characters")
	}
	if count < 1 || count > MaxBlock {
		return nil, false, fault.New(fault.Invalid, "invalid_count", "1 to %d barcodes at once", MaxBlock)
	}
	err = c.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		if err := lockRange(ctx, q, numberRange); err != nil {
			return err
		}
		known, err := q.Block(ctx, store.BlockParams{Merchant: merchant, Key: key})
		if replayed = err == nil; replayed {
			barcodes, err = again(known, count)
			return err
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		barcodes, err = c.reserve(ctx, q, merchant, numberRange, key, count)
		return err
	})
	return barcodes, replayed, err
}

// lockRange keeps others out of a number range until the transaction ends.
func lockRange(ctx context.Context, q *store.Queries, numberRange string) error {
	_, err := q.TakeSerials(ctx, store.TakeSerialsParams{NumberRange: numberRange, Count: 0})
	return err
}

func again(b store.BarcodeBlock, count int) ([]string, error) {
	if b.Count != int64(count) {
		return nil, fault.New(fault.Conflict, "idempotency_conflict", "this idempotency key was used for another number of barcodes")
	}
	return serials(b.NumberRange, b.First, count)
}

func (c *Custody) reserve(ctx context.Context, q *store.Queries, merchant, numberRange, key string, count int) ([]string, error) {
	barcodes, err := takeBarcodes(ctx, q, numberRange, count)
	if err != nil {
		return nil, err
	}
	first, err := serialOf(barcodes[0])
	if err != nil {
		return nil, err
	}
	return barcodes, q.AddBlock(ctx, store.AddBlockParams{Merchant: merchant, Key: key, NumberRange: numberRange, First: first, Count: int64(count), Created: c.now()})
}

// serials are the barcodes of consecutive serials.
func serials(numberRange string, first int64, count int) (barcodes []string, err error) {
	for serial := first; serial < first+int64(count); serial++ {
		barcode, err := parcel.MakeBarcode(numberRange, serial)
		if err != nil {
			return nil, fmt.Errorf("custody: %w", err)
		}
		barcodes = append(barcodes, barcode)
	}
	return barcodes, nil
}

// serialOf is the part of a barcode between its number range and its check digit.
func serialOf(barcode string) (int64, error) {
	return strconv.ParseInt(barcode[len(parcel.RangeOf(barcode)):len(barcode)-1], 10, 64)
}

// takeNamed checks the barcodes that a merchant names for its parcels: of its own range, reserved, each not used yet.
func takeNamed(ctx context.Context, q *store.Queries, n NewShipment) (barcodes []string, err error) {
	if err := lockRange(ctx, q, n.Range); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i, p := range n.Parcels {
		if statement.CheckBarcode(p.Barcode) != nil || parcel.RangeOf(p.Barcode) != n.Range {
			return nil, fault.New(fault.Invalid, "not_your_barcode", "parcels[%d]: the barcode is none of your number range", i)
		}
		if err := mayUse(ctx, q, n.Range, p.Barcode, i); err != nil {
			return nil, err
		}
		if seen[p.Barcode] {
			return nil, usedBarcode(i)
		}
		seen[p.Barcode] = true
		barcodes = append(barcodes, p.Barcode)
	}
	return barcodes, nil
}

func mayUse(ctx context.Context, q *store.Queries, numberRange, barcode string, place int) error {
	_, err := q.Parcel(ctx, barcode)
	if err == nil {
		return usedBarcode(place)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	serial, err := serialOf(barcode)
	if err != nil {
		return fmt.Errorf("custody: %w", err)
	}
	block, err := q.BlockBefore(ctx, store.BlockBeforeParams{NumberRange: numberRange, Serial: serial})
	if errors.Is(err, sql.ErrNoRows) || err == nil && serial >= block.First+block.Count {
		return fault.New(fault.Invalid, "barcode_not_reserved", "parcels[%d]: the barcode was not reserved; ask for barcodes first", place)
	}
	return err
}

func usedBarcode(place int) error {
	return fault.New(fault.Conflict, "barcode_used", "parcels[%d]: the barcode has a parcel already", place)
}
