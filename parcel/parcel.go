// Package parcel holds the words of the trade: sizes, barcodes, dwell times and the table of a parcel's life. It is pure.
package parcel

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lockstep/guard/statement"
)

// Size is a rank of compartments and of what fits them; 1 is the smallest. Its text is the letter on the door.
type Size uint8

const (
	Small  Size = 1
	Medium Size = 2
	Large  Size = 3
)

// Sizes are all sizes, smallest first.
func Sizes() []Size { return []Size{Small, Medium, Large} }

// Valid says whether it is one of ours.
func (s Size) Valid() bool { return s >= Small && s <= Large }

func (s Size) String() string {
	if !s.Valid() {
		return fmt.Sprintf("size %d", uint8(s))
	}
	return "SML"[s-1 : s]
}

// ParseSize reads S, M or L.
func ParseSize(text string) (Size, error) {
	i := slices.IndexFunc(Sizes(), func(s Size) bool { return s.String() == text })
	if i < 0 {
		return 0, fmt.Errorf("parcel: a size is S, M or L")
	}
	return Sizes()[i], nil
}

// MarshalText writes the letter.
func (s Size) MarshalText() ([]byte, error) {
	if !s.Valid() {
		return nil, fmt.Errorf("parcel: there is no %v", s)
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads the letter.
func (s *Size) UnmarshalText(text []byte) error {
	size, err := ParseSize(string(text))
	*s = size
	return err
}

// Dimensions are three edges in millimetres, in any order.
type Dimensions [3]int

// inner are the compartments' inner edges by size, shortest first.
var inner = map[Size]Dimensions{Small: {80, 380, 640}, Medium: {190, 380, 640}, Large: {380, 410, 640}}

// Inner is what a compartment of this size measures inside, shortest edge first; zero for a size that is not ours.
func (s Size) Inner() Dimensions { return inner[s] }

// Fit finds the smallest size that takes a box of these dimensions, turned as it may be. It is false when none does or an
// edge is not positive.
func Fit(d Dimensions) (Size, bool) {
	slices.Sort(d[:])
	if d[0] <= 0 {
		return 0, false
	}
	for _, s := range Sizes() {
		if in := inner[s]; d[0] <= in[0] && d[1] <= in[1] && d[2] <= in[2] {
			return s, true
		}
	}
	return 0, false
}

// DwellTime is how long a stored parcel may wait before it is overdue, in hours.
type DwellTime uint16

// DefaultDwell is used where a merchant names none.
const DefaultDwell DwellTime = 72

// Check holds the bounds that the guard also holds.
func (d DwellTime) Check() error {
	if d < statement.MinDwellHours || d > statement.MaxDwellHours {
		return fmt.Errorf("parcel: a dwell time is %d to %d hours", statement.MinDwellHours, statement.MaxDwellHours)
	}
	return nil
}

// Duration is the same as a time.Duration.
func (d DwellTime) Duration() time.Duration { return time.Duration(d) * time.Hour }

// SerialsPerRange is how many barcodes one number range holds.
const SerialsPerRange = 1_000_000

// InFours writes a barcode as people read it: its digits in fours, with a gap between.
func InFours(barcode, gap string) string {
	var out []string
	for four := range slices.Chunk([]byte(barcode), 4) {
		out = append(out, string(four))
	}
	return strings.Join(out, gap)
}

// MakeBarcode writes the barcode of a serial in a number range: five digits, six digits and the GS1 check digit.
func MakeBarcode(numberRange string, serial int64) (string, error) {
	if len(numberRange) != 5 || serial < 0 || serial >= SerialsPerRange {
		return "", fmt.Errorf("parcel: no barcode for serial %d of range %q", serial, numberRange)
	}
	digits := fmt.Sprintf("%s%06d", numberRange, serial)
	barcode := digits + string(statement.GS1CheckDigit(digits))
	return barcode, statement.CheckBarcode(barcode)
}

// RangeOf is the number range a barcode belongs to.
func RangeOf(barcode string) string { return barcode[:min(5, len(barcode))] }
