// Package sheet reads tables as spreadsheets and shops' software save them, as text with delimiters (RFC 4180) in whatever code page
// and with whatever delimiter, and writes tables that are safe to open in a spreadsheet. It is pure.
package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"

	"lockstep/internal/fault"
)

// Sheet is a table with named columns.
type Sheet struct {
	Delimiter rune // comma, semicolon or tab
	Rows      []Row
}

// Row is one line that holds something, below the names.
type Row struct {
	Line   int               // of the file, where it begins; the names are in line 1 where nothing is above them
	Cells  map[string]string // by column, without blanks at the ends; a column that the row or the file does not have is empty
	Broken error             // a fault Invalid: the row cannot be read; Cells is nil
}

// Read reads a table whose first row names its columns, in any order and case, of those that are known. Rows without content are left
// out. All faults are Invalid and repeat nothing of the file: "unreadable_text", "empty_file", "unknown_column", "repeated_column",
// "too_many_rows" where there are more than most.
func Read(data []byte, columns []string, most int) (Sheet, error) {
	text, err := decode(data)
	if err != nil {
		return Sheet{}, err
	}
	s := Sheet{Delimiter: delimiter(text, columns)}
	lines := csv.NewReader(strings.NewReader(text))
	lines.Comma, lines.FieldsPerRecord = s.Delimiter, -1
	names, err := header(lines, columns)
	for err == nil {
		var row Row
		if row, err = next(lines, names); err == nil && (row.Broken != nil || len(row.Cells) > 0) {
			s.Rows = append(s.Rows, row)
		}
		if len(s.Rows) > most {
			return Sheet{}, fault.New(fault.Invalid, "too_many_rows", "a file has at most %d rows", most)
		}
	}
	if err != io.EOF {
		return Sheet{}, err
	}
	if len(s.Rows) == 0 {
		return Sheet{}, fault.New(fault.Invalid, "empty_file", "there is no row below the names of the columns")
	}
	return s, nil
}

// delimiter is the one that makes most known names of the first line.
func delimiter(text string, columns []string) (best rune) {
	first, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	found := -1
	for _, d := range []rune{',', ';', '\t'} {
		known := 0
		for _, name := range strings.Split(first, string(d)) {
			if slices.Contains(columns, column(strings.Trim(strings.TrimSpace(name), `"`))) {
				known++
			}
		}
		if known > found {
			best, found = d, known
		}
	}
	return best
}

// column is a name as we know it: "Recipient name" is recipient_name.
func column(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '_' || r == '-' || unicode.IsSpace(r) }), "_")
}

// header reads the names. A column without a name is left out, as long as nothing stands in it.
func header(lines *csv.Reader, columns []string) (names []string, err error) {
	said, err := lines.Read()
	if err == io.EOF {
		return nil, fault.New(fault.Invalid, "empty_file", "the file is empty")
	}
	if err != nil {
		return nil, broken(err)
	}
	for i, text := range said {
		name := column(text)
		switch {
		case name == "":
		case !slices.Contains(columns, name):
			return nil, fault.New(fault.Invalid, "unknown_column", "column %d has no name that we know; they are %s, separated by commas, semicolons or tabs", i+1, strings.Join(columns, ", "))
		case slices.Contains(names, name):
			return nil, fault.New(fault.Invalid, "repeated_column", "column %d, %s, is there before", i+1, name)
		}
		names = append(names, name)
	}
	return names, nil
}

// next reads a row; io.EOF after the last.
func next(lines *csv.Reader, names []string) (Row, error) {
	cells, err := lines.Read()
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		return Row{Line: parse.StartLine, Broken: broken(err)}, nil
	}
	if err != nil {
		return Row{}, err
	}
	row := Row{Cells: map[string]string{}}
	row.Line, _ = lines.FieldPos(0)
	for i, cell := range cells {
		cell = strings.TrimSpace(cell)
		switch {
		case cell == "":
		case i >= len(names) || names[i] == "":
			return Row{Line: row.Line, Broken: fault.New(fault.Invalid, "broken_row", "something stands in column %d, which has no name", i+1)}, nil
		default:
			row.Cells[names[i]] = cell
		}
	}
	return row, nil
}

// broken says what is wrong with a row's quotes, and where reading went on.
func broken(err error) error {
	parse, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return err
	}
	return fault.New(fault.Invalid, "broken_row", "a quote is open or in the wrong place; lines %d to %d were not read", parse.StartLine, parse.Line)
}

// Write writes a table for spreadsheets: UTF-8 with a byte order mark, by which they know it. A cell that a spreadsheet would take for
// a formula begins with an apostrophe.
func Write(delimiter rune, rows [][]string) []byte {
	var out bytes.Buffer
	out.WriteString(mark)
	w := csv.NewWriter(&out)
	w.Comma, w.UseCRLF = delimiter, true
	for _, row := range rows {
		safe := make([]string, len(row))
		for i, cell := range row {
			safe[i] = harmless(cell)
		}
		w.Write(safe) // fails only as the buffer does, and that does not
	}
	w.Flush()
	return out.Bytes()
}

func harmless(cell string) string {
	if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") {
		return "'" + cell
	}
	for _, wide := range []string{"＝", "＋", "－", "＠"} {
		if strings.HasPrefix(cell, wide) {
			return "'" + cell
		}
	}
	return cell
}
