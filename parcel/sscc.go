package parcel

import (
	"fmt"
	"strings"

	"lockstep/guard/statement"
)

// GS1Prefix is an operator's GS1 Company Prefix; empty for an operator that has none.
type GS1Prefix string

// ssccBody is how many digits an SSCC has before its check digit: extension digit, company prefix, serial reference (GS1 General
// Specifications §3.3.1).
const ssccBody = 17

// rangeLead is how every number range begins, and so every barcode.
const rangeLead = "2"

// UnmarshalText reads a prefix that leaves room for parcels: 7 to 10 digits. GS1 gives out longer ones too, but beside 11 or 12
// digits not even one number range has room.
func (p *GS1Prefix) UnmarshalText(text []byte) error {
	s := string(text)
	if strings.Trim(s, "0123456789") != "" || len(s) < 7 || len(s) > 12 {
		return fmt.Errorf("parcel: a GS1 Company Prefix has 7 to 12 digits")
	}
	if len(s) > 10 {
		return fmt.Errorf("parcel: a GS1 Company Prefix of %d digits leaves %d for a parcel, and one number range takes 7; it may have at most 10", len(s), ssccBody-len(s))
	}
	*p = GS1Prefix(s)
	return nil
}

// LastRange is the last number range whose parcels get an SSCC; the ranges before it get one too. Empty without a prefix.
func (p GS1Prefix) LastRange() string {
	if p == "" {
		return ""
	}
	lead := p.lead()
	return lead + strings.Repeat("9", 5-len(lead))
}

// lead is how the barcodes that fit beside the prefix begin: the digits of range and serial that an SSCC leaves out.
func (p GS1Prefix) lead() string {
	return rangeLead + strings.Repeat("0", len(p)-7)
}

// SSCC is a parcel's Serial Shipping Container Code: the prefix with as many of the barcode's last digits, but for its check digit,
// as there is room for; the first of them is the extension digit. It needs no counter: two barcodes never give the same, and no
// barcode is used twice. Empty without a prefix, and for a number range after LastRange.
func (p GS1Prefix) SSCC(barcode string) string {
	if p == "" || statement.CheckBarcode(barcode) != nil {
		return ""
	}
	digits, fits := strings.CutPrefix(barcode[:len(barcode)-1], p.lead())
	if !fits {
		return ""
	}
	body := digits[:1] + string(p) + digits[1:]
	return body + string(statement.GS1CheckDigit(body))
}

// CheckSSCC says whether s is 18 digits of which the last is the GS1 mod 10 check digit (GS1 General Specifications §7.9.1).
func CheckSSCC(s string) error {
	if len(s) != ssccBody+1 || strings.Trim(s, "0123456789") != "" || s[ssccBody] != statement.GS1CheckDigit(s[:ssccBody]) {
		return fmt.Errorf("parcel: %q is not an SSCC", s)
	}
	return nil
}
