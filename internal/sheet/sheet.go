// Package sheet reads the tables that operators keep: CSV in UTF-8 whose first line names the columns, in any order.
package sheet

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"lockstep/internal/fault"
)

const (
	maxFile = 16 << 20 // bytes
	maxRows = 100_000
	maxCell = 1000 // characters
)

// Row is a line of a table by its columns' names; a column that the file does not have is empty.
type Row struct {
	line  int
	cells map[string]string
}

// Text is a cell without white space around it.
func (r Row) Text(column string) string { return r.cells[column] }

// Wrong is what is wrong with a row: Invalid "invalid_file".
func (r Row) Wrong(format string, args ...any) error { return wrong(r.line, format, args...) }

// Read reads a whole table. Columns that are none of these are refused, because a misspelt one would be lost. Its failures are
// Invalid "invalid_file" and name the line.
func Read(file io.Reader, columns ...string) ([]Row, error) {
	r := csv.NewReader(io.LimitReader(file, maxFile))
	head, err := r.Read()
	if err != nil {
		return nil, wrong(1, "it has no first line with the columns' names")
	}
	head[0] = strings.TrimPrefix(head[0], "\uFEFF")
	for i, column := range head {
		if !slices.Contains(columns, column) || slices.Contains(head[:i], column) {
			return nil, wrong(1, "there is no column %q, or two; there are %s", column, strings.Join(columns, ", "))
		}
	}
	var rows []Row
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, wrong(parse.Line, "it is not a row of the table: %v", parse.Err)
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		if r.InputOffset() >= maxFile || len(rows) == maxRows {
			return nil, wrong(line, "a table has at most %d MiB and %d rows", maxFile>>20, maxRows)
		}
		row := Row{line, map[string]string{}}
		for i, cell := range cells {
			if !utf8.ValidString(cell) || strings.ContainsRune(cell, 0) || utf8.RuneCountInString(cell) > maxCell {
				return nil, wrong(line, "column %s is no text of at most %d characters in UTF-8", head[i], maxCell)
			}
			row.cells[head[i]] = strings.TrimSpace(cell)
		}
		rows = append(rows, row)
	}
}

func wrong(line int, format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_file", "line %d: %s", line, fmt.Sprintf(format, args...))
}
