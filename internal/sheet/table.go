package sheet

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"lockstep/internal/fault"
)

// Bounds of a table that an operator keeps.
const (
	maxTable = 16 << 20 // bytes
	maxRows  = 100_000
	maxCell  = 1000 // characters
)

// Table reads a whole table that an operator keeps, in which every row counts: Read, and the first row that cannot be read is its
// failure. All failures are Invalid "invalid_file" and name the line.
func Table(file io.Reader, columns ...string) ([]Row, error) {
	data, err := io.ReadAll(io.LimitReader(file, maxTable+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxTable {
		return nil, wrong(1, "a table has at most %d MiB", maxTable>>20)
	}
	s, err := Read(data, columns, maxRows)
	if err != nil {
		_, why := fault.Public(err)
		return nil, wrong(1, "%s", why)
	}
	for _, row := range s.Rows {
		if row.Broken != nil {
			_, why := fault.Public(row.Broken)
			return nil, row.Wrong("%s", why)
		}
		for column, cell := range row.Cells {
			if strings.ContainsRune(cell, 0) || utf8.RuneCountInString(cell) > maxCell {
				return nil, row.Wrong("column %s is no text of at most %d characters", column, maxCell)
			}
		}
	}
	return s.Rows, nil
}

// Text is a cell; one that the row or the table does not have is empty.
func (r Row) Text(column string) string { return r.Cells[column] }

// Wrong is what is wrong with a row of an operator's table.
func (r Row) Wrong(format string, args ...any) error { return wrong(r.Line, format, args...) }

func wrong(line int, format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_file", "line %d: %s", line, fmt.Sprintf(format, args...))
}
