// Package dispatch makes and signs what goes down to lockers: manifests of the parcels they may expect, restrictions and return
// permits, all numbered in each locker's down stream, and the hub's receipts. It also keeps what several persons have signed for a
// locker (charters, lifts), and payments, until a record proves them.
package dispatch

import (
	"context"
	"log/slog"
	"time"

	"lockstep/guard/statement"
	"lockstep/internal/db"
	"lockstep/parcel"
)

// Config is what the room stands on.
type Config struct {
	DB       *db.DB
	Now      func() time.Time
	Log      *slog.Logger
	Dispatch *statement.Signer // signs manifests, restrictions and permits
	Time     *statement.Signer // signs receipts
	// Lockers lists every locker of the network, for Revoke.
	Lockers func(ctx context.Context) ([]string, error)
}

// Dispatch is the room.
type Dispatch struct {
	Config
	bells bells
	work  chan struct{} // has one token when new parcels wait
}

// New opens the room.
func New(c Config) *Dispatch { return &Dispatch{Config: c, work: make(chan struct{}, 1)} }

// Expected is one parcel that is to be put into one locker by couriers of one carrier.
type Expected struct {
	Barcode, Locker, Carrier string
	Size                     parcel.Size
	Policy                   statement.Policy
	Dwell                    parcel.DwellTime
	Low                      bool
}

// Statement is one statement of a locker's down stream.
type Statement struct {
	Number   uint64
	Envelope []byte
}
