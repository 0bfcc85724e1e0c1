package ledger

import (
	"database/sql/driver"
	"fmt"
)

// flag is a truth value in a column that holds 0 or 1 on both engines.
type flag bool

// Value implements driver.Valuer.
func (f flag) Value() (driver.Value, error) {
	if f {
		return int64(1), nil
	}
	return int64(0), nil
}

// Scan implements sql.Scanner.
func (f *flag) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("ledger: a flag that is a %T", v)
	}
	*f = n != 0
	return nil
}
