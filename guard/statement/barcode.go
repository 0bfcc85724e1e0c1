package statement

// CheckBarcode says whether s is one of our barcodes: 12 digits, the last of them the GS1 mod 10 check digit
// (GS1 General Specifications §7.9, weights 3 and 1 from the right).
func CheckBarcode(s string) error {
	if len(s) != 12 {
		return refuse("barcode", "a barcode has 12 digits")
	}
	for _, r := range s {
		if r < '0' || r > '9' {
			return refuse("barcode", "a barcode has 12 digits")
		}
	}
	if s[11] != GS1CheckDigit(s[:11]) {
		return refuse("barcode", "the barcode's check digit is wrong")
	}
	return nil
}

// GS1CheckDigit is the mod 10 check digit of a string of digits.
func GS1CheckDigit(digits string) byte {
	sum, weight := 0, 3
	for i := len(digits) - 1; i >= 0; i-- {
		sum += int(digits[i]-'0') * weight
		weight = 4 - weight
	}
	return byte('0' + (10-sum%10)%10)
}
