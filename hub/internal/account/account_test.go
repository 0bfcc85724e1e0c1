package account_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
	"lockstep/hub/migrations"
	"lockstep/internal/db"
	"lockstep/internal/db/dbtest"
	"lockstep/internal/fault"
	"lockstep/internal/secret"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

type office struct {
	*account.Accounts
	network *ceremony.Development
	db      *db.DB
	now     time.Time
}

func each(t *testing.T, test func(t *testing.T, o *office)) {
	dbtest.Each(t, migrations.Files, func(t *testing.T, d *db.DB) {
		network, err := ceremony.NewDevelopment("test")
		if err != nil {
			t.Fatal(err)
		}
		o := &office{network: network, db: d, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
		o.Accounts = account.New(account.Config{DB: d, Now: func() time.Time { return o.now }, Charter: network.Charter,
			House: map[string]*statement.Signer{ceremony.HouseCarrier: network.Carrier}})
		test(t, o)
	})
}

// phone is a courier's device: ES256 as WebCrypto writes it.
type phone struct {
	private *ecdsa.PrivateKey
	key     statement.Key
}

func newPhone(t *testing.T) phone {
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

func (p phone) sign(t *testing.T, message []byte) []byte {
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

func TestMerchantsHaveRangesOfTheirOwn(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		ranges := map[string]bool{}
		for i := range 5 {
			m, err := o.AddMerchant(t.Context(), fmt.Sprintf("Shop %d", i), "")
			if err != nil || m.Carrier != ceremony.HouseCarrier || len(m.Range) != 5 {
				t.Fatalf("%+v, %v", m, err)
			}
			ranges[m.Range] = true
		}
		if len(ranges) != 5 {
			t.Errorf("ranges %v", ranges)
		}
		tests := []struct {
			name, carrier string
			kind          fault.Kind
		}{
			{"Shop 1", "", fault.Conflict}, {" ", "", fault.Invalid}, {strings.Repeat("x", 101), "", fault.Invalid},
			{"nul\x00", "", fault.Invalid}, {"Other", "nobody", fault.Invalid},
		}
		for _, tt := range tests {
			if _, err := o.AddMerchant(t.Context(), tt.name, tt.carrier); fault.KindOf(err) != tt.kind {
				t.Errorf("%q of %q: %v", tt.name, tt.carrier, err)
			}
		}
	})
}

func TestAPIKeys(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		m, err := o.AddMerchant(t.Context(), "Shop", "")
		if err != nil {
			t.Fatal(err)
		}
		first, err := o.NewKey(t.Context(), m.ID)
		if err != nil {
			t.Fatal(err)
		}
		second, err := o.NewKey(t.Context(), m.ID)
		if err != nil || first.Reveal() == second.Reveal() || len(first.Reveal()) < 26 {
			t.Fatal(err)
		}
		for _, key := range []secret.Text{first, second} {
			if got, err := o.Authenticate(t.Context(), key.Reveal()); err != nil || got != m {
				t.Errorf("%+v, %v", got, err)
			}
		}
		for _, wrong := range []string{"", "lsk_", first.Reveal() + "x", strings.ToLower(first.Reveal())} {
			if _, err := o.Authenticate(t.Context(), wrong); fault.KindOf(err) != fault.Denied {
				t.Errorf("a wrong key: %v", err)
			}
		}
		if n, err := o.EndKeys(t.Context(), m.ID); err != nil || n != 2 {
			t.Errorf("%d ended, %v", n, err)
		}
		if _, err := o.Authenticate(t.Context(), first.Reveal()); fault.KindOf(err) != fault.Denied {
			t.Errorf("an ended key: %v", err)
		}
		if _, err := o.NewKey(t.Context(), "nobody"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a key for nobody: %v", err)
		}
		printed, _ := json.Marshal(second)
		for _, text := range []string{fmt.Sprint(second), fmt.Sprintf("%v %+v %#v %s", second, second, second, second), string(printed)} {
			if strings.Contains(text, second.Reveal()) {
				t.Error("a key was printed")
			}
		}
	})
}

func TestACourierEnrolsAndRenews(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, token, err := o.AddCourier(t.Context(), account.NewCourier{ID: "anna", Lockers: []string{"l1", "l2"}, Deposit: true})
		if err != nil {
			t.Fatal(err)
		}
		p := newPhone(t)
		proof := p.sign(t, account.EnrolmentMessage(token.Reveal()))
		other := newPhone(t)
		bad := map[string]error{}
		_, bad["another device's proof"] = o.EnrolCourier(t.Context(), token.Reveal(), other.key, proof)
		_, bad["another token"] = o.EnrolCourier(t.Context(), "guess", p.key, p.sign(t, account.EnrolmentMessage("guess")))
		_, bad["an empty token"] = o.EnrolCourier(t.Context(), "", p.key, p.sign(t, account.EnrolmentMessage("")))
		_, bad["no proof"] = o.EnrolCourier(t.Context(), token.Reveal(), p.key, nil)
		_, bad["no key"] = o.EnrolCourier(t.Context(), token.Reveal(), statement.Key{}, proof)
		for name, err := range bad {
			if fault.KindOf(err) != fault.Denied {
				t.Errorf("%s: %v", name, err)
			}
		}
		c, err := o.EnrolCourier(t.Context(), token.Reveal(), p.key, proof)
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := statement.VerifyCourier(c.Certificate, o.network.Charter)
		if err != nil || !certificate.Key.Equal(p.key) || !certificate.Covers("l2") || certificate.Covers("l3") || !certificate.Deposit || certificate.Withdraw {
			t.Fatalf("%+v, %v", certificate, err)
		}
		if _, err := o.EnrolCourier(t.Context(), token.Reveal(), p.key, proof); fault.KindOf(err) != fault.Denied {
			t.Errorf("a token twice: %v", err)
		}
		renew := func(p phone, at time.Time) (account.Courier, error) {
			return o.RenewCourier(t.Context(), "anna", at.UnixMicro(), p.sign(t, account.RenewalMessage("anna", at.UnixMicro())))
		}
		if again, err := renew(p, o.now); err != nil || again.Until != c.Until {
			t.Errorf("too early to renew: %v", err)
		}
		o.now = o.now.Add(8 * 24 * time.Hour)
		if next, err := renew(p, o.now.Add(-4*time.Minute)); err != nil || next.Until <= c.Until {
			t.Errorf("renewal: %v", err)
		}
		for name, err := range map[string]error{
			"an old proof":    second(renew(p, o.now.Add(-6*time.Minute))),
			"a proof to come": second(renew(p, o.now.Add(6*time.Minute))),
			"another device":  second(renew(other, o.now)),
		} {
			if fault.KindOf(err) != fault.Denied {
				t.Errorf("%s: %v", name, err)
			}
		}
		o.now = o.now.Add(15 * 24 * time.Hour)
		if _, err := renew(p, o.now); fault.KindOf(err) != fault.Denied {
			t.Errorf("after the certificate's end: %v", err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestCouriersAreExpectedProperly(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		for name, n := range map[string]account.NewCourier{
			"no id":        {Lockers: []string{"*"}},
			"a name":       {ID: "Anna Petrova", Lockers: []string{"*"}},
			"no lockers":   {ID: "anna"},
			"bad locker":   {ID: "anna", Lockers: []string{"L 1"}},
			"no carrier":   {ID: "anna", Carrier: "nobody", Lockers: []string{"*"}},
			"many lockers": {ID: "anna", Lockers: strings.Fields(strings.Repeat("l ", 65))},
		} {
			if _, _, err := o.AddCourier(t.Context(), n); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, old, err := o.AddCourier(t.Context(), account.NewCourier{ID: "anna", Lockers: []string{"*"}})
		if err != nil {
			t.Fatal(err)
		}
		_, token, err := o.AddCourier(t.Context(), account.NewCourier{ID: "anna", Lockers: []string{"l1"}})
		if err != nil {
			t.Fatal(err)
		}
		p := newPhone(t)
		if _, err := o.EnrolCourier(t.Context(), old.Reveal(), p.key, p.sign(t, account.EnrolmentMessage(old.Reveal()))); fault.KindOf(err) != fault.Denied {
			t.Errorf("the old token: %v", err)
		}
		o.now = o.now.Add(8 * 24 * time.Hour)
		if _, err := o.EnrolCourier(t.Context(), token.Reveal(), p.key, p.sign(t, account.EnrolmentMessage(token.Reveal()))); fault.KindOf(err) != fault.Denied {
			t.Errorf("a token of last week: %v", err)
		}
		if list, err := o.Couriers(t.Context()); err != nil || len(list) != 1 || !list[0].Covers("l1") || list[0].Covers("l2") {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestATokenEnrolsOneDevice(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, token, err := o.AddCourier(t.Context(), account.NewCourier{ID: "anna", Lockers: []string{"*"}})
		if err != nil {
			t.Fatal(err)
		}
		var (
			all sync.WaitGroup
			mu  sync.Mutex
			won int
		)
		for range 6 {
			p := newPhone(t)
			proof := p.sign(t, account.EnrolmentMessage(token.Reveal()))
			all.Go(func() {
				_, err := o.EnrolCourier(t.Context(), token.Reveal(), p.key, proof)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				} else if fault.KindOf(err) != fault.Denied {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won != 1 {
			t.Errorf("%d devices enrolled", won)
		}
	})
}

func TestTheNotifiersToken(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		first, err := o.NewNotifierToken(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := o.CheckNotifier(t.Context(), first.Reveal()); err != nil {
			t.Error(err)
		}
		if _, err := o.NewNotifierToken(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []string{first.Reveal(), "", "x"} {
			if err := o.CheckNotifier(t.Context(), wrong); fault.KindOf(err) != fault.Denied {
				t.Errorf("%v", err)
			}
		}
	})
}

func TestAudit(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		for _, subject := range []string{"a", "b"} {
			if err := o.Audit(t.Context(), "operator", "looked at", subject); err != nil {
				t.Fatal(err)
			}
		}
		if list, err := o.Audits(t.Context(), 1); err != nil || len(list) != 1 || list[0].Subject != "b" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}
