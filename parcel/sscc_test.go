package parcel_test

import (
	"strings"
	"testing"

	"lockstep/parcel"
)

func TestSSCC(t *testing.T) {
	for _, tt := range []struct{ prefix, numberRange, want string }{
		{"9521234", "20001", "09521234001000042"},
		{"9521234", "29999", "99521234999000042"},
		{"95212345", "20001", "09521234501000042"},
		{"95212345", "20999", "99521234599000042"},
		{"95212345", "21000", ""},
		{"952123456", "20099", "99521234569000042"},
		{"952123456", "20100", ""},
		{"9521234567", "20009", "99521234567000042"},
		{"9521234567", "20010", ""},
		{"", "20001", ""},
		{"9521234", "30001", ""},
	} {
		barcode, err := parcel.MakeBarcode(tt.numberRange, 42)
		if err != nil {
			t.Fatal(err)
		}
		got := parcel.GS1Prefix(tt.prefix).SSCC(barcode)
		if tt.want == "" && got == "" {
			continue
		}
		if len(got) != 18 || got[:17] != tt.want || parcel.CheckSSCC(got) != nil || !strings.HasPrefix(got[1:], tt.prefix) {
			t.Errorf("prefix %s, barcode %s: %q, want %s and a check digit", tt.prefix, barcode, got, tt.want)
		}
	}
}

// TestSSCCIsOneParcels: within everything that fits beside a prefix, two barcodes never give one SSCC, and what gives none lies
// after the last range.
func TestSSCCIsOneParcels(t *testing.T) {
	for _, prefix := range []parcel.GS1Prefix{"9521234", "95212345", "952123456", "9521234567"} {
		seen := map[string]string{}
		for _, numberRange := range []string{"20001", "20009", "20010", "20099", "20100", "20999", "21000", "29999"} {
			for _, serial := range []int64{0, 1, 9, 10, 99_999, 100_000, 999_999} {
				barcode, err := parcel.MakeBarcode(numberRange, serial)
				if err != nil {
					t.Fatal(err)
				}
				sscc := prefix.SSCC(barcode)
				if (sscc == "") != (numberRange > prefix.LastRange()) {
					t.Errorf("%s, last range %s: %s has %q", prefix, prefix.LastRange(), barcode, sscc)
				}
				if sscc == "" {
					continue
				}
				if other := seen[sscc]; other != "" {
					t.Errorf("%s: %s and %s are both %s", prefix, other, barcode, sscc)
				}
				seen[sscc] = barcode
			}
		}
	}
}

// TestCheckSSCC begins with the example of GS1's EPC Tag Data Standard, urn:epc:id:sscc:0614141.1234567890.
func TestCheckSSCC(t *testing.T) {
	for s, ok := range map[string]bool{"106141412345678908": true, "106141412345678907": false, "10614141234567890": false, "1061414123456789O8": false, "": false} {
		if (parcel.CheckSSCC(s) == nil) != ok {
			t.Errorf("%q: %v", s, parcel.CheckSSCC(s))
		}
	}
}

func TestGS1Prefix(t *testing.T) {
	for text, last := range map[string]string{"9521234": "29999", "95212345": "20999", "952123456": "20099", "9521234567": "20009"} {
		var p parcel.GS1Prefix
		if err := p.UnmarshalText([]byte(text)); err != nil || p.LastRange() != last {
			t.Errorf("%s: last range %q, %v", text, p.LastRange(), err)
		}
	}
	for _, text := range []string{"", "952123", "95212345678", "952123456789", "9521234567890", "952123a", "952 123", "+952123"} {
		var p parcel.GS1Prefix
		if err := p.UnmarshalText([]byte(text)); err == nil || p != "" {
			t.Errorf("%q is taken", text)
		}
	}
	if parcel.GS1Prefix("").LastRange() != "" {
		t.Error("without a prefix there is a last range")
	}
}
