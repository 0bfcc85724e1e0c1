package contact_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"lockstep/internal/contact"
	"lockstep/internal/fault"
)

func TestNew(t *testing.T) {
	tests := []struct {
		phone, email, name, language string
		code                         string // of the fault; empty when it is good
		want                         contact.Contact
	}{
		{phone: "+7 916 123-45-67", language: "ru", want: contact.Contact{Phone: "+79161234567", Language: "ru"}},
		{email: " a.b+c@example.org ", name: "Пётр", want: contact.Contact{Email: "a.b+c@example.org", Name: "Пётр", Language: "en"}},
		{phone: "+442079460958", email: "x@example.co.uk", want: contact.Contact{Phone: "+442079460958", Email: "x@example.co.uk", Language: "en"}},
		{code: "no_contact"},
		{name: "only a name", code: "no_contact"},
		{phone: "89161234567", code: "invalid_phone"},
		{phone: "+7916123456", code: "invalid_phone"},
		{phone: "+791612345678901", code: "invalid_phone"},
		{phone: "+1800FLOWERS", code: "invalid_phone"},
		{phone: "+79161234567;ext=12", code: "invalid_phone"},
		{phone: "+79161234567\r\nX: y", code: "invalid_phone"},
		{email: "nobody", code: "invalid_email"},
		{email: "nobody@", code: "invalid_email"},
		{email: "nobody@localhost", code: "invalid_email"},
		{email: "nobody@example..org", code: "invalid_email"},
		{email: "A <a@example.org>", code: "invalid_email"},
		{email: "a@example.org\r\nBcc: b@example.org", code: "invalid_email"},
		{email: "\"a b\"@example.org", code: "invalid_email"},
		{email: strings.Repeat("a", 250) + "@example.org", code: "invalid_email"},
		{email: "a@example.org", name: "two\nlines", code: "invalid_name"},
		{email: "a@example.org", name: strings.Repeat("x", 101), code: "invalid_name"},
		{email: "a@example.org", name: "bad\xff", code: "invalid_name"},
		{email: "a@example.org", language: "de", code: "invalid_language"},
	}
	for _, tt := range tests {
		got, err := contact.New(tt.phone, tt.email, tt.name, tt.language)
		if tt.code == "" {
			if err != nil || got != tt.want {
				t.Errorf("%q %q: %v, %v", tt.phone, tt.email, got == tt.want, err)
			}
			continue
		}
		code, message := fault.Public(err)
		if code != tt.code || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q %q %q: got %s, want %s", tt.phone, tt.email, tt.name, code, tt.code)
		}
		for _, given := range []string{tt.phone, tt.email, tt.name} {
			if given != "" && strings.Contains(message+fmt.Sprint(err), given) {
				t.Errorf("the fault repeats %q", given)
			}
		}
	}
}

func TestEncodeDecode(t *testing.T) {
	c, err := contact.New("+79161234567", "a@example.org", "Ann", "ru")
	if err != nil {
		t.Fatal(err)
	}
	got, err := contact.Decode(c.Encode())
	if err != nil || got != c {
		t.Errorf("decoded another contact: %v", err)
	}
	for _, data := range []string{"", "{", `{"phone":7}`, `{"phone":"12"}`, `{}`} {
		if _, err := contact.Decode([]byte(data)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", data, err)
		}
	}
}

func TestContactNeverPrints(t *testing.T) {
	c, err := contact.New("+79161234567", "a@example.org", "Ann", "ru")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "contact", c, "in", struct{ C contact.Contact }{c})
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "contact", c)
	fmt.Fprintf(&out, "%v %+v %#v %s %v", c, c, c, c, &c)
	data, err := json.Marshal(map[string]any{"c": c})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"9161234567", "example.org", "Ann"} {
		if strings.Contains(out.String()+string(data), secret) {
			t.Errorf("%s is printed", secret)
		}
	}
}

// FuzzNew: what is taken is in one form, which comes back from its seal, can stand in a header line, and is taken again as it is.
func FuzzNew(f *testing.F) {
	f.Add("+7 916 123-45-67", "a@example.org", "Ann", "ru")
	f.Add("+4915112345678", "", "Jörg", "")
	f.Add("", "a@xn--bcher-kva.example", "", "en")
	f.Add("+7916123456\u0667", "", "", "en")
	f.Add("", "a@example.org\r\nBcc: b@example.org", "", "en")
	f.Add("", "\"a b\"@example.org", "\u202eAnn", "en")
	f.Fuzz(func(t *testing.T, phone, email, name, language string) {
		c, err := contact.New(phone, email, name, language)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("not the caller's fault: %v", err)
			}
			return
		}
		if strings.ContainsAny(c.Phone+c.Email+c.Name+c.Language, "\r\n\x00") {
			t.Fatalf("%q %q %q", c.Phone, c.Email, c.Name)
		}
		if strings.Trim(c.Phone, "+0123456789") != "" || len(c.Phone) > 16 {
			t.Fatalf("%q is not E.164", c.Phone)
		}
		again, err := contact.New(c.Phone, c.Email, c.Name, c.Language)
		if err != nil || again != c {
			t.Fatalf("%q %q %q %q is taken once as %q and then as %q, %v", phone, email, name, language, c.Phone+c.Email+c.Name, again.Phone+again.Email+again.Name, err)
		}
		if back, err := contact.Decode(c.Encode()); err != nil || back != c {
			t.Fatalf("it does not come back: %v", err)
		}
	})
}

// FuzzDecode: whatever was sealed is refused, or is a contact that New would take.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"phone":"+79161234567","email":"a@example.org","name":"Ann","language":"ru"}`))
	f.Add([]byte(`{"phone":"+79161234567","phone":"+79161234568"}`))
	f.Add([]byte(`{"email":"a@example.org","name":"\ud800"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := contact.Decode(data)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatal(err)
			}
			return
		}
		if back, err := contact.Decode(c.Encode()); err != nil || back != c {
			t.Fatalf("%q does not come back: %v", data, err)
		}
	})
}
