package courier_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	carrier "lockstep/carrier/migrations"
	"lockstep/ceremony"
	"lockstep/guard/statement"
	hub "lockstep/hub/migrations"
	"lockstep/internal/courier"
	"lockstep/internal/db"
	"lockstep/internal/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// office certifies couriers of the carrier swift, whose key is none of the network's.
type office struct {
	*courier.Couriers
	network *ceremony.Development
	now     time.Time
	audited []string
}

// each runs a test on the hub's tables, with both engines, and on those of a carrier's service.
func each(t *testing.T, test func(t *testing.T, o *office)) {
	on := func(t *testing.T, d *db.DB) { test(t, newOffice(t, d)) }
	dbtest.Each(t, hub.Files, on)
	t.Run("carrier", func(t *testing.T) { on(t, carrierTables(t)) })
}

func carrierTables(t testing.TB) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), filepath.Join(t.TempDir(), "carrier.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Migrate(t.Context(), carrier.Files); err != nil {
		t.Fatal(err)
	}
	return d
}

func newOffice(t testing.TB, d *db.DB) *office {
	t.Helper()
	key, err := statement.SignerFromSeed(statement.NewSeed())
	if err != nil {
		t.Fatal(err)
	}
	network, err := ceremony.NewDevelopment("test", statement.Carrier{ID: "swift", Keys: statement.Role{Threshold: 1,
		Holders: []statement.Holder{{Key: key.Key(), Person: "swift"}}}})
	if err != nil {
		t.Fatal(err)
	}
	o := &office{network: network, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	o.Couriers = courier.New(courier.Config{DB: d, Now: func() time.Time { return o.now }, Keys: map[string]*statement.Signer{"swift": key},
		Audit: func(_ context.Context, _ *sql.Tx, actor, act, _ string) error {
			o.audited = append(o.audited, actor+" "+act)
			return nil
		}})
	return o
}

// expect expects a courier at one locker and gives the one-time token.
func (o *office) expect(t testing.TB, id string) string {
	t.Helper()
	_, token, err := o.Expect(t.Context(), courier.NewCourier{ID: id, Carrier: "swift", Lockers: []string{"msk-0042"}, Deposit: true, Withdraw: true})
	if err != nil {
		t.Fatal(err)
	}
	return token.Reveal()
}

// enrol enrols a new phone for a courier.
func (o *office) enrol(t testing.TB, id string) (phone, courier.Courier) {
	t.Helper()
	p, token := newPhone(t), o.expect(t, id)
	c, err := o.Enrol(t.Context(), token, p.key, p.sign(t, courier.EnrolmentMessage(token)))
	if err != nil {
		t.Fatal(err)
	}
	return p, c
}

func (o *office) renew(t *testing.T, id string, p phone) (courier.Courier, error) {
	t.Helper()
	at := o.now.UnixMicro()
	return o.Renew(t.Context(), id, at, p.sign(t, courier.RenewalMessage(id, at)))
}

// phone is a courier's device: ES256 as WebCrypto writes it.
type phone struct {
	private *ecdsa.PrivateKey
	key     statement.Key
}

func newPhone(t testing.TB) phone {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return phone{private, statement.Key{Alg: statement.ES256, Public: point}}
}

func (p phone) sign(t testing.TB, message []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, p.private, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out
}
