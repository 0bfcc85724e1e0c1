package account_test

import (
	"encoding/json"
	"fmt"
	"strings"
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
	"lockstep/parcel"
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
		own, err := statement.SignerFromSeed(statement.NewSeed())
		if err != nil {
			t.Fatal(err)
		}
		network, err := ceremony.NewDevelopment("test", statement.Carrier{ID: "swift", Keys: statement.Role{Threshold: 1,
			Holders: []statement.Holder{{Key: own.Key(), Person: "swift"}}}})
		if err != nil {
			t.Fatal(err)
		}
		o := &office{network: network, db: d, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
		o.Accounts = account.New(account.Config{DB: d, Now: func() time.Time { return o.now }, Charter: network.Charter})
		test(t, o)
	})
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
		first, err := o.NewKey(t.Context(), m.ID, "shop")
		if err != nil {
			t.Fatal(err)
		}
		second, err := o.NewKey(t.Context(), m.ID, "shop")
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
		if _, err := o.NewKey(t.Context(), "nobody", ""); fault.KindOf(err) != fault.NotFound {
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

func TestServicesTokens(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		for service, other := range map[account.Service]account.Service{account.Notifier: account.Payments, account.Payments: account.Notifier} {
			first, err := o.NewServiceToken(t.Context(), service)
			if err != nil {
				t.Fatal(err)
			}
			if err := o.CheckService(t.Context(), service, first.Reveal()); err != nil {
				t.Error(err)
			}
			if err := o.CheckService(t.Context(), other, first.Reveal()); fault.KindOf(err) != fault.Denied {
				t.Errorf("the token of one for the other: %v", err)
			}
			if _, err := o.NewServiceToken(t.Context(), service); err != nil {
				t.Fatal(err)
			}
			for _, wrong := range []string{first.Reveal(), "", "x"} {
				if err := o.CheckService(t.Context(), service, wrong); fault.KindOf(err) != fault.Denied {
					t.Errorf("%v", err)
				}
			}
		}
	})
}

func TestHowLongRecipientsMayExtend(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		m, err := o.AddMerchant(t.Context(), "Shop", "")
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			merchant   string
			says, then parcel.DwellTime
			kind       fault.Kind // 0 where it is done
		}{
			{m.ID, 0, 0, 0}, {m.ID, 120, 120, 0}, {m.ID, 240, 240, 0}, {m.ID, 23, 240, fault.Invalid}, {m.ID, 1441, 240, fault.Invalid}, {m.ID, 0, 0, 0},
			{"nobody", 120, 0, fault.NotFound},
		} {
			if err := o.SetExtension(t.Context(), tt.merchant, tt.says); (err != nil) != (tt.kind != 0) || fault.KindOf(err) != tt.kind {
				t.Errorf("%d h: %v", tt.says, err)
			}
			if got, err := o.Rule(t.Context(), tt.merchant); err != nil || got.Extension != tt.then {
				t.Errorf("%d h: then %+v, %v", tt.says, got, err)
			}
		}
	})
}

func TestHowFarParcelsMayBeSentOn(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		m, err := o.AddMerchant(t.Context(), "Shop", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := o.SetExtension(t.Context(), m.ID, 120); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			merchant   string
			says, then int
			kind       fault.Kind // 0 where it is done
		}{
			{m.ID, 3, 3, 0}, {m.ID, -1, 3, fault.Invalid}, {m.ID, 51, 3, fault.Invalid}, {m.ID, 50, 50, 0}, {m.ID, 0, 0, 0}, {"nobody", 3, 0, fault.NotFound},
		} {
			if err := o.SetRedirect(t.Context(), tt.merchant, tt.says); (err != nil) != (tt.kind != 0) || fault.KindOf(err) != tt.kind {
				t.Errorf("%d km: %v", tt.says, err)
			}
			if got, err := o.Rule(t.Context(), tt.merchant); err != nil || got.RedirectKM != tt.then {
				t.Errorf("%d km: then %+v, %v", tt.says, got, err)
			}
		}
		if got, err := o.Rule(t.Context(), m.ID); err != nil || got.Extension != 120 {
			t.Errorf("the other part of the rule: %+v, %v", got, err)
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
		if list, _, err := o.AuditPage(t.Context(), "", "", 1); err != nil || len(list) != 1 || list[0].Subject != "b" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestCarriersTokens(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		first, err := o.NewCarrierToken(t.Context(), "swift")
		if err != nil {
			t.Fatal(err)
		}
		if who, err := o.CarrierOfToken(t.Context(), first.Reveal()); err != nil || who != "swift" {
			t.Errorf("%q, %v", who, err)
		}
		if _, err := o.NewCarrierToken(t.Context(), "swift"); err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []string{first.Reveal(), "", "x"} {
			if _, err := o.CarrierOfToken(t.Context(), wrong); fault.KindOf(err) != fault.Denied {
				t.Errorf("%v", err)
			}
		}
		for _, carrier := range []string{ceremony.HouseCarrier, "nobody", ""} {
			if _, err := o.NewCarrierToken(t.Context(), carrier); fault.KindOf(err) != fault.Invalid {
				t.Errorf("a token for %q: %v", carrier, err)
			}
		}
		if m, err := o.AddMerchant(t.Context(), "Swift's shop", "swift"); err != nil || m.Carrier != "swift" {
			t.Errorf("%+v, %v", m, err)
		}
	})
}
