package account_test

import (
	"slices"
	"testing"
	"time"

	"lockstep/hub/internal/account"
	"lockstep/hub/internal/passkeytest"
	"lockstep/internal/fault"
)

const consoleAt = "https://hub.example"

func passkeys(t *testing.T, o *office) *account.Passkeys {
	t.Helper()
	p, err := o.NewPasskeys(consoleAt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// enrolled adds a user and makes their passkey.
func enrolled(t *testing.T, o *office, p *account.Passkeys, name string, role account.Role) (account.User, *passkeytest.Device, account.Signed) {
	t.Helper()
	u, token, err := o.AddUser(t.Context(), name, role, "")
	if err != nil {
		t.Fatal(err)
	}
	options, err := p.BeginEnrol(t.Context(), token.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	device := passkeytest.New(consoleAt)
	signed, got, err := p.FinishEnrol(t.Context(), token.Reveal(), "phone", device.Make(t, options))
	if err != nil || got.ID != u.ID {
		t.Fatalf("%+v, %v", got, err)
	}
	return u, device, signed
}

func TestPasskeys(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		ctx, p := t.Context(), passkeys(t, o)
		u, device, signed := enrolled(t, o, p, "Anna", account.Admin)
		if who, err := o.SignedIn(ctx, signed.Cookie.Reveal()); err != nil || who.Name != "Anna" || who.Role != account.Admin {
			t.Fatalf("%+v, %v", who, err)
		}

		options, err := p.BeginSignIn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		answer := device.Answer(t, options)
		again, who, err := p.FinishSignIn(ctx, answer)
		if err != nil || who.ID != u.ID {
			t.Fatalf("%+v, %v", who, err)
		}
		if _, _, err := p.FinishSignIn(ctx, answer); codeOf(err) != "bad_passkey" {
			t.Errorf("an answer is taken twice: %v", err)
		}

		late, err := p.BeginSignIn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		o.now = o.now.Add(6 * time.Minute)
		if _, _, err := p.FinishSignIn(ctx, device.Answer(t, late)); codeOf(err) != "bad_passkey" {
			t.Errorf("a late answer: %v", err)
		}
		for what, spoil := range map[string]func(d *passkeytest.Device){
			"another page":  func(d *passkeytest.Device) { d.Origin = "https://evil.example" },
			"nobody's hand": func(d *passkeytest.Device) { d.Present = 0x01 },
		} {
			options, err := p.BeginSignIn(ctx)
			if err != nil {
				t.Fatal(err)
			}
			spoilt := *device
			spoil(&spoilt)
			if _, _, err := p.FinishSignIn(ctx, spoilt.Answer(t, options)); codeOf(err) != "bad_passkey" {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, _, err := p.FinishSignIn(ctx, []byte(`{}`)); codeOf(err) != "bad_passkey" {
			t.Errorf("nothing: %v", err)
		}

		o.now = o.now.Add(12 * time.Hour)
		if _, err := o.SignedIn(ctx, again.Cookie.Reveal()); fault.KindOf(err) != fault.Denied {
			t.Errorf("after twelve hours: %v", err)
		}
		if err := o.Clean(ctx); err != nil {
			t.Fatal(err)
		}
	})
}

// A copied passkey answers with a counter that the owner's device has passed already.
func TestACopiedPasskey(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		p := passkeys(t, o)
		_, device, _ := enrolled(t, o, p, "Anna", account.Admin)
		stolen := *device
		for i, d := range []*passkeytest.Device{device, device, &stolen} {
			options, err := p.BeginSignIn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := p.FinishSignIn(t.Context(), d.Answer(t, options)); (err != nil) != (i == 2) {
				t.Errorf("answer %d: %v", i, err)
			}
		}
	})
}

func TestLinksWorkOnce(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		ctx, p := t.Context(), passkeys(t, o)
		u, token, err := o.AddUser(ctx, "Boris", account.Support, "")
		if err != nil {
			t.Fatal(err)
		}
		options, err := p.BeginEnrol(ctx, token.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		made := passkeytest.New(consoleAt).Make(t, options)
		if _, _, err := p.FinishEnrol(ctx, token.Reveal(), "", made); codeOf(err) != "invalid_name" {
			t.Errorf("a passkey without a name: %v", err)
		}
		if _, _, err := p.FinishEnrol(ctx, "another", "phone", made); codeOf(err) != "unknown_link" {
			t.Errorf("another token: %v", err)
		}
		if _, _, err := p.FinishEnrol(ctx, token.Reveal(), "phone", made); err != nil {
			t.Fatal(err)
		}
		if _, err := p.BeginEnrol(ctx, token.Reveal()); codeOf(err) != "unknown_link" {
			t.Errorf("a used link: %v", err)
		}
		second, err := o.LinkUser(ctx, u.ID, false)
		if err != nil {
			t.Fatal(err)
		}
		third, err := o.LinkUser(ctx, u.ID, true) // the device is lost
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.BeginEnrol(ctx, second.Reveal()); codeOf(err) != "unknown_link" {
			t.Errorf("a link before the last: %v", err)
		}
		if keys, err := o.PasskeysOf(ctx, u.ID); err != nil || len(keys) != 0 {
			t.Errorf("%d passkeys are left, %v", len(keys), err)
		}
		o.now = o.now.Add(25 * time.Hour)
		if _, err := p.BeginEnrol(ctx, third.Reveal()); codeOf(err) != "unknown_link" {
			t.Errorf("a link of yesterday: %v", err)
		}
	})
}

func TestUsers(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		ctx, p := t.Context(), passkeys(t, o)
		m, err := o.AddMerchant(ctx, "Shop", "")
		if err != nil {
			t.Fatal(err)
		}
		anna, _, signed := enrolled(t, o, p, "Anna", account.Admin)
		for want, wrong := range map[string]account.User{
			"invalid_name": {Name: "a\nb", Role: account.Admin}, "name_taken": {Name: " Anna ", Role: account.Auditor}, "invalid_role": {Name: "C", Role: "king"},
			"unknown_merchant": {Name: "C", Role: account.ForMerchant, Merchant: "nobody"},
		} {
			if _, _, err := o.AddUser(ctx, wrong.Name, wrong.Role, wrong.Merchant); codeOf(err) != want {
				t.Errorf("%+v: %v, want %s", wrong, err, want)
			}
		}
		for _, wrong := range []account.User{{Name: "C", Role: account.ForMerchant}, {Name: "C", Role: account.Admin, Merchant: m.ID}} {
			if _, _, err := o.AddUser(ctx, wrong.Name, wrong.Role, wrong.Merchant); codeOf(err) != "invalid_role" {
				t.Errorf("%+v: %v", wrong, err)
			}
		}
		shop, _, err := o.AddUser(ctx, "Shop's Vera", account.ForMerchant, m.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.SetRole(ctx, shop.ID, account.Admin); codeOf(err) != "merchants_user" {
			t.Errorf("a merchant's user becomes an admin: %v", err)
		}
		for _, act := range []func() error{func() error { return o.SetRole(ctx, anna.ID, account.Auditor) }, func() error { return o.EndUser(ctx, anna.ID) }} {
			if err := act(); codeOf(err) != "last_admin" {
				t.Errorf("the last admin: %v", err)
			}
		}
		boris, _, _ := enrolled(t, o, p, "Boris", account.Admin)
		if err := o.EndUser(ctx, anna.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := o.SignedIn(ctx, signed.Cookie.Reveal()); codeOf(err) != "no_session" {
			t.Errorf("a user who was ended: %v", err)
		}
		if _, err := o.LinkUser(ctx, anna.ID, false); codeOf(err) != "user_ended" {
			t.Errorf("a link for a user who was ended: %v", err)
		}
		if err := o.DropPasskey(ctx, boris.ID, nil); codeOf(err) != "last_passkey" {
			t.Errorf("the last passkey: %v", err)
		}
		list, err := o.Users(ctx, "*")
		names := []string{}
		for _, u := range list {
			names = append(names, u.Name)
		}
		if err != nil || !slices.Equal(names, []string{"Anna", "Boris", "Shop's Vera"}) || list[0].Ended == 0 || list[1].Passkeys != 1 || list[2].Merchant != m.ID {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err := o.Users(ctx, m.ID); err != nil || len(list) != 1 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestPasskeysNeedAName(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		for address, possible := range map[string]bool{"https://hub.example": true, "http://localhost:8080": true, "http://hub.example": false, "http://127.0.0.1:8080": false, "https://192.0.2.1": false, "": false} {
			if _, err := o.NewPasskeys(address); (err == nil) != possible {
				t.Errorf("%q: %v", address, err)
			}
		}
	})
}

func TestTheAuditLogInPages(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		for i := range 5 {
			subject := "l1"
			if i%2 == 1 {
				subject = "l2"
			}
			if err := o.Audit(ctx, "admin Anna", "paused", subject); err != nil {
				t.Fatal(err)
			}
		}
		page, next, err := o.AuditPage(ctx, "", "", 3)
		if err != nil || len(page) != 3 || next == "" {
			t.Fatalf("%d, %q, %v", len(page), next, err)
		}
		if page, next, err = o.AuditPage(ctx, "", next, 3); err != nil || len(page) != 2 || next != "" {
			t.Errorf("%d, %q, %v", len(page), next, err)
		}
		if page, next, err = o.AuditPage(ctx, "l2", "", 3); err != nil || len(page) != 2 || next != "" {
			t.Errorf("%d, %q, %v", len(page), next, err)
		}
	})
}
