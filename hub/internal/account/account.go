// Package account knows who may act: merchants with their API keys, couriers with their devices, the notifier; and keeps the
// audit log. Secrets are shown once; only their SHA-256 is stored.
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
	House   map[string]*statement.Signer // keys of house carriers, by carrier; may be empty
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

// Courier is somebody of a carrier who visits lockers, known by the device they enrolled.
type Courier struct {
	ID                string // the carrier's name for the courier; not a person's name
	Carrier           string
	Lockers           []string // "*" alone is the whole network
	Deposit, Withdraw bool
	Key               statement.Key // the device's; zero until enrolled
	Certificate       []byte        // envelope of a statement.Courier; nil until enrolled
	Until             int64         // when the certificate ends, µs UTC
	Created           int64
}

// Covers says whether the courier is sent to a locker.
func (c Courier) Covers(locker string) bool {
	return statement.Courier{Lockers: c.Lockers}.Covers(locker)
}

// NewCourier is what it takes to expect a courier.
type NewCourier struct {
	ID, Carrier       string
	Lockers           []string
	Deposit, Withdraw bool
}

// Audited is one line of the audit log.
type Audited struct {
	At                  int64
	Actor, Act, Subject string
}
