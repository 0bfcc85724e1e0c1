package api

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"lockstep/internal/fault"
	"lockstep/internal/sheet"
)

// TestAnImportStopsWhereItFaresNoBetter: after a fault of ours, or when it is late, no row is tried any more, and each is in the report.
func TestAnImportStopsWhereItFaresNoBetter(t *testing.T) {
	tests := []struct {
		what  string
		third error
		late  int // after so many rows
		want  string
	}{
		{"nothing wrong", nil, 9, "created created created created"},
		{"the sender's fault", fault.New(fault.Invalid, "invalid_phone", "x"), 9, "created created invalid_phone created"},
		{"no room", fault.New(fault.Conflict, "locker_full", "x"), 9, "created created locker_full created"},
		{"our fault", errors.New("the disk is full"), 9, "created created internal not_tried"},
		{"used up", fault.New(fault.Unavailable, "range_exhausted", "x"), 9, "created created range_exhausted not_tried"},
		{"late", nil, 1, "created not_tried not_tried not_tried"},
	}
	for _, tt := range tests {
		tried := 0
		done := tryRows([]sheet.Row{{Line: 2}, {Line: 3}, {Line: 4}, {Line: 5}}, func() bool { return tried >= tt.late }, func(r sheet.Row) (ImportedRow, error) {
			tried++
			if r.Line == 4 && tt.third != nil {
				return ImportedRow{}, tt.third
			}
			return ImportedRow{Status: "created"}, nil
		})
		var got []string
		for i, r := range done.Rows {
			if r.Row != i+2 || (r.Status == "rejected") != (r.Code != "") || strings.Contains(r.Error, "disk") {
				t.Errorf("%s: %+v", tt.what, r)
			}
			if r.Code == "" {
				r.Code = r.Status
			}
			got = append(got, r.Code)
		}
		if strings.Join(got, " ") != tt.want || done.Created+done.Rejected != 4 {
			t.Errorf("%s: %s, want %s", tt.what, fmt.Sprint(got), tt.want)
		}
	}
}
