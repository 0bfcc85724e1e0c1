package console

import (
	"encoding/csv"
	"strings"
)

// csv sends a table as a file that spreadsheets open: RFC 4180, UTF-8 with its mark.
func (v *visit) csv(name string, head []string, rows func(write func(cells ...string))) error {
	v.Header().Set("Content-Type", "text/csv; charset=utf-8")
	v.Header().Set("Content-Disposition", `attachment; filename="`+name+"-"+v.now.UTC().Format("2006-01-02")+`.csv"`)
	if _, err := v.Write([]byte("\ufeff")); err != nil {
		return err
	}
	out := csv.NewWriter(v)
	out.UseCRLF = true
	if err := out.Write(head); err != nil {
		return err
	}
	rows(func(cells ...string) {
		for i, cell := range cells {
			cells[i] = inert(cell)
		}
		_ = out.Write(cells) // its error is kept until Flush
	})
	out.Flush()
	return out.Error()
}

// inert keeps a spreadsheet from taking a text for a formula (OWASP, CSV injection): one that begins like one gets a quote before it.
func inert(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r", rune(cell[0])) || isNumber(cell) {
		return cell
	}
	return "'" + cell
}

// isNumber says whether a cell that begins with a sign is nothing but a number.
func isNumber(cell string) bool {
	rest := strings.TrimLeft(cell, "+-")
	return len(cell)-len(rest) < 2 && rest != "" && strings.Trim(rest, "0123456789.") == "" && strings.Count(rest, ".") < 2
}
