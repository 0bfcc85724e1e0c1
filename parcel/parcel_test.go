package parcel_test

import (
	"os"
	"testing"

	"lockstep/guard/statement"
	"lockstep/parcel"
)

func TestFitTurnsTheBox(t *testing.T) {
	tests := []struct {
		box  parcel.Dimensions
		size parcel.Size
		ok   bool
	}{
		{parcel.Dimensions{80, 380, 640}, parcel.Small, true},
		{parcel.Dimensions{640, 80, 380}, parcel.Small, true},
		{parcel.Dimensions{81, 380, 640}, parcel.Medium, true},
		{parcel.Dimensions{380, 410, 640}, parcel.Large, true},
		{parcel.Dimensions{381, 411, 640}, 0, false},
		{parcel.Dimensions{380, 400, 100}, parcel.Medium, true},
		{parcel.Dimensions{10, 10, 641}, 0, false},
		{parcel.Dimensions{0, 10, 10}, 0, false},
		{parcel.Dimensions{-5, 10, 10}, 0, false},
	}
	for _, tt := range tests {
		if size, ok := parcel.Fit(tt.box); size != tt.size || ok != tt.ok {
			t.Errorf("%v: got %v, %v; want %v, %v", tt.box, size, ok, tt.size, tt.ok)
		}
	}
}

func TestMakeBarcode(t *testing.T) {
	for _, serial := range []int64{0, 1, 999_999} {
		barcode, err := parcel.MakeBarcode("20001", serial)
		if err != nil || statement.CheckBarcode(barcode) != nil || parcel.RangeOf(barcode) != "20001" {
			t.Errorf("serial %d: %q, %v", serial, barcode, err)
		}
	}
	for _, bad := range []struct {
		numberRange string
		serial      int64
	}{{"20001", -1}, {"20001", 1_000_000}, {"2000", 1}, {"2000x", 1}} {
		if barcode, err := parcel.MakeBarcode(bad.numberRange, bad.serial); err == nil {
			t.Errorf("%v made %q", bad, barcode)
		}
	}
}

func TestLifecycleIsSound(t *testing.T) {
	seen := map[parcel.State]map[parcel.Fact]bool{}
	reached := map[parcel.State]bool{parcel.Nowhere: true}
	for _, r := range parcel.Lifecycle() {
		if seen[r.From] == nil {
			seen[r.From] = map[parcel.Fact]bool{}
		}
		if seen[r.From][r.What] {
			t.Errorf("%s in %q has two rows", r.What, r.From)
		}
		seen[r.From][r.What] = true
		reached[r.To] = true
		if (r.By == parcel.ByGuard) != (r.Proof == parcel.Record) {
			t.Errorf("%+v: records come from guards, and guards speak in records", r)
		}
		if r.To.Inside() && !r.From.Inside() && r.Proof != parcel.Record {
			t.Errorf("%+v: nothing comes into a compartment by somebody's word", r)
		}
		if r.From.Inside() && !r.To.Inside() && r.Proof == parcel.Claim {
			t.Errorf("%+v: nothing leaves a compartment by somebody's word", r)
		}
	}
	for _, s := range parcel.States() {
		if !reached[s] {
			t.Errorf("%s cannot be reached", s)
		}
	}
}

func TestCancelHolds(t *testing.T) {
	tests := []struct {
		from parcel.State
		what parcel.Fact
		to   parcel.State
		hold string
	}{
		{parcel.Announced, parcel.WasCancelled, parcel.Cancelled, ""},
		{parcel.Stored, parcel.WasCancelled, parcel.Stored, parcel.HoldCancelled},
		{parcel.Cancelled, parcel.WasStored, parcel.Stored, parcel.HoldCancelled},
		{parcel.Dispatched, parcel.WasStored, parcel.Stored, ""},
	}
	for _, tt := range tests {
		row, ok := parcel.Next(tt.from, tt.what)
		if !ok || row.To != tt.to || row.Hold("") != tt.hold {
			t.Errorf("%s in %s: %+v, hold %q", tt.what, tt.from, row, row.Hold(""))
		}
	}
	if _, ok := parcel.Next(parcel.Collected, parcel.WasCancelled); ok {
		t.Error("a collected parcel was cancelled")
	}
}

func TestDrawingIsFresh(t *testing.T) {
	page, err := os.ReadFile("../docs/lifecycle.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != parcel.Drawing() {
		t.Error("docs/lifecycle.md is stale; run go generate ./parcel")
	}
}
