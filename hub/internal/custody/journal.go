package custody

import (
	"context"
	"fmt"
	"io"

	"lockstep/hub/internal/custody/store"
)

// Journal writes the uploads of one of a locker's guards as they came, in their order: what an auditor reads.
func (c *Custody) Journal(ctx context.Context, locker string, guard uint64, to io.Writer) error {
	q := store.New(c.DB.Reads())
	for after := int64(0); ; {
		page, err := q.UploadsOf(ctx, store.UploadsOfParams{Locker: locker, Cursor: after, Limit: 100})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, u := range page {
			if after = u.Cursor; u.Guard != int64(guard) {
				continue
			}
			if _, err := to.Write(u.Stretch); err != nil {
				return fmt.Errorf("custody: journal of %s: %w", locker, err)
			}
		}
	}
}
