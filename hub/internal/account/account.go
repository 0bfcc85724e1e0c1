// Package account knows who may act: merchants with their API keys, the notifier, carriers with a service of their own; and keeps
// the audit log. Secrets are shown once; only their SHA-256 is stored.
package account

import (
	"time"

	"lockstep/guard/statement"
	"lockstep/internal/db"
)

// Config is what the room stands on.
type Config struct {
	DB      *db.DB
	Now     func() time.Time
	Charter statement.Charter
}

// Accounts is the room.
type Accounts struct{ Config }

// New opens the room.
func New(c Config) *Accounts { return &Accounts{c} }

// Merchant is a shop, or whoever announces shipments.
type Merchant struct {
	ID      string
	Name    string
	Range   string // first five digits of its barcodes
	Carrier string // whose couriers bring its parcels
	Created int64  // µs UTC
}

// Audited is one line of the audit log.
type Audited struct {
	At                  int64
	Actor, Act, Subject string
}
