package console

import "testing"

func TestNoCellIsAFormula(t *testing.T) {
	for cell, want := range map[string]string{
		"":                             "",
		"Постамат":                     "Постамат",
		"=HYPERLINK(\"https://evil\")": "'=HYPERLINK(\"https://evil\")",
		"+cmd|' /C calc'!A0":           "'+cmd|' /C calc'!A0",
		"-2+3":                         "'-2+3",
		"@SUM(A1)":                     "'@SUM(A1)",
		"\t=1":                         "'\t=1",
		"\r=1":                         "'\r=1",
		"-12.5":                        "-12.5",
		"+7":                           "+7",
		"-":                            "'-",
		"--1":                          "'--1",
		"-1.2.3":                       "'-1.2.3",
	} {
		if got := inert(cell); got != want {
			t.Errorf("%q becomes %q, want %q", cell, got, want)
		}
	}
}
