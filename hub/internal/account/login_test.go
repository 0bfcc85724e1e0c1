package account_test

import (
	"strings"
	"testing"
	"time"

	"lockstep/hub/internal/account"
	"lockstep/internal/fault"
)

func TestLogins(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		m, err := o.AddMerchant(ctx, "Shop", "")
		if err != nil {
			t.Fatal(err)
		}
		other, err := o.AddMerchant(ctx, "Another", "")
		if err != nil {
			t.Fatal(err)
		}
		l := account.Login{Name: "shop", Merchant: m.ID, Contract: "9990003041"}
		for code, wrong := range map[string]account.Login{"invalid_login": {Name: "", Merchant: m.ID, Contract: l.Contract}, "invalid_contract": {Name: "shop", Merchant: m.ID, Contract: "999"},
			"unknown_merchant": {Name: "shop", Merchant: "nobody", Contract: l.Contract}} {
			if _, err := o.SetLogin(ctx, wrong, "x"); code != codeOf(err) {
				t.Errorf("%+v: %v, want %s", wrong, err, code)
			}
		}
		if _, err := o.SetLogin(ctx, l, strings.Repeat("я", 40)); codeOf(err) != "invalid_password" {
			t.Errorf("80 bytes: %v", err)
		}
		password, err := o.SetLogin(ctx, l, "")
		if err != nil || len(password.Reveal()) != 20 {
			t.Fatalf("%d characters, %v", len(password.Reveal()), err)
		}
		for _, taken := range []account.Login{{Name: "shop", Merchant: other.ID, Contract: "9990000001"}, {Name: "other", Merchant: other.ID, Contract: l.Contract}} {
			if _, err := o.SetLogin(ctx, taken, "x"); codeOf(err) != "login_taken" {
				t.Errorf("%+v: %v", taken, err)
			}
		}

		for _, wrong := range [][2]string{{"shop", "x"}, {"Shop", password.Reveal()}, {"nobody", password.Reveal()}, {"", ""}, {"nobody", "nobody's password"}} {
			if _, _, err := o.SignIn(ctx, wrong[0], wrong[1]); codeOf(err) != "wrong_login" || fault.KindOf(err) != fault.Denied {
				t.Errorf("%q: %v", wrong, err)
			}
		}
		first, until, err := o.SignIn(ctx, "shop", password.Reveal())
		if err != nil || until.Sub(o.now) < 24*time.Hour {
			t.Fatalf("%v, %v", until, err)
		}
		second, _, err := o.SignIn(ctx, "shop", password.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		for _, session := range []string{first.Reveal(), second.Reveal()} {
			if got, contract, err := o.Session(ctx, session); err != nil || got.ID != m.ID || contract != l.Contract {
				t.Errorf("%+v, %q, %v", got, contract, err)
			}
		}
		if err := o.SignOut(ctx, first.Reveal()); err != nil {
			t.Fatal(err)
		}
		o.now = o.now.Add(24 * time.Hour)
		if err := o.Clean(ctx); err != nil {
			t.Fatal(err)
		}
		if _, _, err := o.Session(ctx, first.Reveal()); codeOf(err) != "no_session" {
			t.Errorf("after signing out: %v", err)
		}
		if _, _, err := o.Session(ctx, second.Reveal()); err != nil {
			t.Errorf("a day later: %v", err)
		}
		o.now = o.now.Add(account.SessionTime - 24*time.Hour)
		if _, _, err := o.Session(ctx, second.Reveal()); codeOf(err) != "no_session" {
			t.Errorf("when it is over: %v", err)
		}

		third, _, err := o.SignIn(ctx, "shop", password.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.SetLogin(ctx, l, "apitest"); err != nil {
			t.Fatal(err)
		}
		if _, _, err := o.Session(ctx, third.Reveal()); codeOf(err) != "no_session" {
			t.Errorf("a session outlives its password: %v", err)
		}
		if _, _, err := o.SignIn(ctx, "shop", password.Reveal()); codeOf(err) != "wrong_login" {
			t.Errorf("the old password: %v", err)
		}
		if _, _, err := o.SignIn(ctx, "shop", "apitest"); err != nil {
			t.Error(err)
		}
		if list, err := o.Logins(ctx); err != nil || len(list) != 1 || list[0] != l {
			t.Errorf("%v, %v", list, err)
		}
		if err := o.EndLogin(ctx, "shop"); err != nil {
			t.Fatal(err)
		}
		if _, _, err := o.SignIn(ctx, "shop", "apitest"); codeOf(err) != "wrong_login" {
			t.Errorf("an ended login: %v", err)
		}
		if err := o.EndLogin(ctx, "shop"); codeOf(err) != "unknown_login" {
			t.Errorf("ended twice: %v", err)
		}
	})
}

func codeOf(err error) string {
	code, _ := fault.Public(err)
	if err == nil {
		code = ""
	}
	return code
}
