// Package courier is a carrier's couriers: one-time links, the keys in their phones, the certificates for those keys, and the
// page on the phone itself. The hub has it for house carriers, whose keys it keeps; a carrier's own service has it for its
// couriers, so that neither key nor page are ever the hub's.
package courier

import (
	"context"
	"database/sql"
	"time"

	"lockstep/guard/statement"
	"lockstep/internal/db"
)

// Config is what the room stands on.
type Config struct {
	DB   *db.DB // with the tables courier and revocation
	Now  func() time.Time
	Keys map[string]*statement.Signer // by carrier: those this process certifies couriers for
	// Audit is called inside the transaction that changes something; an error undoes it.
	Audit func(ctx context.Context, tx *sql.Tx, actor, act, subject string) error
}

// Couriers is the room.
type Couriers struct{ Config }

// New opens the room.
func New(c Config) *Couriers { return &Couriers{c} }

// Courier is somebody of a carrier who visits lockers, known by the device they enrolled.
type Courier struct {
	ID                string // the carrier's name for the courier; not a person's name
	Carrier           string
	Lockers           []string // "*" alone is the whole network
	Deposit, Withdraw bool
	Key               statement.Key // the device's; zero until enrolled
	Certificate       []byte        // envelope of a statement.Courier; empty until enrolled
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

// Stop is one locker on a courier's round, as the hub knows it.
type Stop struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Address   string   `json:"address"`
	Way       string   `json:"way,omitempty"`   // how to find it
	Hours     []string `json:"hours,omitempty"` // when its site is open, as fleet.Site has them: seven days from Monday
	Latitude  float64  `json:"latitude,omitempty"`
	Longitude float64  `json:"longitude,omitempty"` // 0° N 0° E: nobody has said where it stands
	Line      string   `json:"line"`                // online · offline · never
	Heard     int64    `json:"heard,omitempty"`     // µs UTC: how old all that is known of the locker is
	Guard     []byte   `json:"guard,omitempty"`     // its guard's statement.Key, encoded: the phone tells a fresh challenge from a made-up one
	Parcels   []Task   `json:"parcels"`
}

// Task is one parcel on a courier's round and what there is to do with it.
type Task struct {
	Barcode string `json:"barcode"`
	Size    string `json:"size"`
	Rank    uint8  `json:"rank"`
	Low     bool   `json:"low,omitempty"`
	Task    string `json:"task"` // deposit · withdraw · look
}

func (c *Couriers) now() int64 { return c.Now().UnixMicro() }
