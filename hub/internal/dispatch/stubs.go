package dispatch

import (
	"context"
	"errors"
)

var errNotYet = errors.New("dispatch: not built yet")

// Down gives a locker's statements after a number, in order, at most 16.
func (d *Dispatch) Down(ctx context.Context, locker string, after uint64) ([]Statement, error) {
	return nil, errNotYet
}

// Run makes manifests whenever parcels wait for one and renews those that are about to end, until ctx is done.
func (d *Dispatch) Run(ctx context.Context) error { return errNotYet }
