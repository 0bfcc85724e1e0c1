// Package account knows who may act: merchants with their API keys, the notifier, carriers with a service of their own; and keeps
// the audit log. Secrets are shown once; only their SHA-256 is stored.
package account

import (
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"

	"lockstep/guard/statement"
	"lockstep/internal/db"
)

// Config is what the room stands on.
type Config struct {
	DB      *db.DB
	Now     func() time.Time
	Charter statement.Charter

	PasswordCost int // bcrypt's; its default where none is given
}

// Accounts is the room.
type Accounts struct {
	Config
	nobody func() []byte // what is compared with where a login is unknown, so that it takes as long as a wrong password
}

// New opens the room.
func New(c Config) *Accounts {
	if c.PasswordCost == 0 {
		c.PasswordCost = bcrypt.DefaultCost
	}
	return &Accounts{c, sync.OnceValue(func() []byte {
		digest, _ := bcrypt.GenerateFromPassword([]byte("nobody's password"), c.PasswordCost)
		return digest
	})}
}

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
