package courier_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/statement"
	"lockstep/internal/courier"
	"lockstep/internal/fault"
)

func TestACourierEnrolsAndRenews(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, token, err := o.Expect(t.Context(), courier.NewCourier{ID: "anna", Carrier: "swift", Lockers: []string{"l1", "l2"}, Deposit: true})
		if err != nil {
			t.Fatal(err)
		}
		p := newPhone(t)
		proof := p.sign(t, courier.EnrolmentMessage(token.Reveal()))
		other := newPhone(t)
		bad := map[string]error{}
		_, bad["another device's proof"] = o.Enrol(t.Context(), token.Reveal(), other.key, proof)
		_, bad["another token"] = o.Enrol(t.Context(), "guess", p.key, p.sign(t, courier.EnrolmentMessage("guess")))
		_, bad["an empty token"] = o.Enrol(t.Context(), "", p.key, p.sign(t, courier.EnrolmentMessage("")))
		_, bad["no proof"] = o.Enrol(t.Context(), token.Reveal(), p.key, nil)
		_, bad["no key"] = o.Enrol(t.Context(), token.Reveal(), statement.Key{}, proof)
		for name, err := range bad {
			if fault.KindOf(err) != fault.Denied {
				t.Errorf("%s: %v", name, err)
			}
		}
		c, err := o.Enrol(t.Context(), token.Reveal(), p.key, proof)
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := statement.VerifyCourier(c.Certificate, o.network.Charter)
		if err != nil || certificate.Carrier != "swift" || !certificate.Key.Equal(p.key) || !certificate.Covers("l2") || certificate.Covers("l3") || !certificate.Deposit || certificate.Withdraw {
			t.Fatalf("%+v, %v", certificate, err)
		}
		if _, err := o.Enrol(t.Context(), token.Reveal(), p.key, proof); fault.KindOf(err) != fault.Denied {
			t.Errorf("a token twice: %v", err)
		}
		renew := func(p phone, at time.Time) (courier.Courier, error) {
			return o.Renew(t.Context(), "anna", at.UnixMicro(), p.sign(t, courier.RenewalMessage("anna", at.UnixMicro())))
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
		for name, n := range map[string]courier.NewCourier{
			"no id":        {Carrier: "swift", Lockers: []string{"*"}},
			"a name":       {ID: "Anna Petrova", Carrier: "swift", Lockers: []string{"*"}},
			"no lockers":   {ID: "anna", Carrier: "swift"},
			"bad locker":   {ID: "anna", Carrier: "swift", Lockers: []string{"L 1"}},
			"no carrier":   {ID: "anna", Lockers: []string{"*"}},
			"house":        {ID: "anna", Carrier: ceremony.HouseCarrier, Lockers: []string{"*"}},
			"many lockers": {ID: "anna", Carrier: "swift", Lockers: strings.Fields(strings.Repeat("l ", 65))},
		} {
			if _, _, err := o.Expect(t.Context(), n); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, old, err := o.Expect(t.Context(), courier.NewCourier{ID: "anna", Carrier: "swift", Lockers: []string{"*"}})
		if err != nil {
			t.Fatal(err)
		}
		_, token, err := o.Expect(t.Context(), courier.NewCourier{ID: "anna", Carrier: "swift", Lockers: []string{"l1"}})
		if err != nil {
			t.Fatal(err)
		}
		p := newPhone(t)
		if _, err := o.Enrol(t.Context(), old.Reveal(), p.key, p.sign(t, courier.EnrolmentMessage(old.Reveal()))); fault.KindOf(err) != fault.Denied {
			t.Errorf("the old token: %v", err)
		}
		o.now = o.now.Add(8 * 24 * time.Hour)
		if _, err := o.Enrol(t.Context(), token.Reveal(), p.key, p.sign(t, courier.EnrolmentMessage(token.Reveal()))); fault.KindOf(err) != fault.Denied {
			t.Errorf("a token of last week: %v", err)
		}
		if list, err := o.All(t.Context()); err != nil || len(list) != 1 || !slices.Equal(list[0].Lockers, []string{"l1"}) {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestATokenEnrolsOneDevice(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, token, err := o.Expect(t.Context(), courier.NewCourier{ID: "anna", Carrier: "swift", Lockers: []string{"*"}})
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
			proof := p.sign(t, courier.EnrolmentMessage(token.Reveal()))
			all.Go(func() {
				_, err := o.Enrol(t.Context(), token.Reveal(), p.key, proof)
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
