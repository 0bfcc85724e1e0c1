package api_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// swift gives the API key of a merchant whose parcels the carrier swift brings, and the carrier's token.
func (b *bench) swift() (key, token string) {
	b.t.Helper()
	m, err := b.accounts.AddMerchant(b.t.Context(), "Hat shop", "swift")
	must(b.t, err)
	k, err := b.accounts.NewKey(b.t.Context(), m.ID)
	must(b.t, err)
	c, err := b.accounts.NewCarrierToken(b.t.Context(), "swift")
	must(b.t, err)
	return k.Reveal(), c.Reveal()
}

func TestACarrierSeesItsOwnRound(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		key, token := b.swift()
		house := b.one()
		its := b.do("POST", "/v1/shipments", key, small, "Idempotency-Key", "swift")
		if its.status != 201 || its.field(t, "carrier") != "swift" {
			t.Fatalf("%d %s", its.status, its.body)
		}
		for _, path := range []string{"", "?locker=l1", "?locker=l1&locker=l1&locker=l9"} {
			got := b.do("GET", "/carrier/v1/round"+path, token, "")
			if got.status != 200 || got.field(t, "lockers.0.id") != "l1" || got.field(t, "lockers.0.name") != "Locker l1" ||
				got.field(t, "lockers.0.parcels.0.task") != "deposit" || strings.Count(string(got.body), its.field(t, "parcels.0.barcode")) != 1 {
				t.Errorf("%s: %d %s", path, got.status, got.body)
			}
			if strings.Contains(string(got.body), house.field(t, "parcels.0.barcode")) {
				t.Errorf("%s: another carrier's parcel is shown: %s", path, got.body)
			}
		}
		if got := b.do("GET", "/carrier/v1/round?locker=l9", token, ""); got.status != 200 || strings.TrimSpace(string(got.body)) != `{"lockers":[]}` {
			t.Errorf("nothing to do: %d %s", got.status, got.body)
		}
		for path, want := range map[string]int{"round?locker=" + strings.Repeat("l&locker=", 70) + "l": 422, "round?locker=%00": 404, "nothing": 404} {
			if got := b.do("GET", "/carrier/v1/"+path, token, ""); got.status != want {
				t.Errorf("%s: %d %s", path, got.status, got.body)
			}
		}
		for _, wrong := range []string{"", b.key, b.notifier, "lsc_wrong"} {
			if got := b.do("GET", "/carrier/v1/round", wrong, ""); got.status != 401 || got.header.Get("WWW-Authenticate") == "" {
				t.Errorf("with %q: %d", wrong, got.status)
			}
		}
		for _, path := range []string{"/v1/lockers", "/notifier/v1/lockers"} {
			if got := b.do("GET", path, token, ""); got.status != 401 {
				t.Errorf("a carrier reaches %s: %d", path, got.status)
			}
		}
	})
}

func TestACarrierRevokesItsDevices(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		_, token := b.swift()
		id := strings.Repeat("0a", 16)
		if got := b.do("POST", "/carrier/v1/revocations", token, `{"key":"`+id+`"}`); got.status != 204 {
			t.Errorf("%d %s", got.status, got.body)
		}
		for body, want := range map[string]int{`{"key":"0a"}`: 422, `{"key":"` + strings.Repeat("zz", 16) + `"}`: 422, `{}`: 422, `{"key":"` + id + `","carrier":"house"}`: 422, ``: 422} {
			if got := b.do("POST", "/carrier/v1/revocations", token, body); got.status != want {
				t.Errorf("%s: %d %s", body, got.status, got.body)
			}
		}
		if got := b.do("POST", "/carrier/v1/revocations", b.key, `{"key":"`+id+`"}`); got.status != 401 {
			t.Errorf("a merchant revoked: %d", got.status)
		}
		if want := []string{"swift " + id}; !slices.Equal(b.revoked, want) {
			t.Errorf("revoked %q", b.revoked)
		}
	})
}

func TestACarriersCourierFindsNoRoom(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		key, token := b.swift()
		its := b.do("POST", "/v1/shipments", key, small, "Idempotency-Key", "swift").field(t, "parcels.0.barcode")
		house := b.one().field(t, "parcels.0.barcode")
		says := func(courier, locker, barcode string) string {
			return `{"courier":"` + courier + `","lockers":["l1"],"locker":"` + locker + `","barcode":"` + barcode + `"}`
		}
		for body, want := range map[string]string{
			says("anna", "l1", its):       "409 not_allowed", // its merchant has no rule
			says("anna", "l1", house):     "404 unknown_parcel",
			says("anna", "l1", "\\u0000"): "404 unknown_parcel",
			says("anna", "l2", its):       "404 not_sent_here",
			says("", "l1", its):           "404 unknown_courier",
			`{}`:                          "404 unknown_courier",
			`{"more":1}`:                  "422 ",
		} {
			got := b.do("POST", "/carrier/v1/no-room", token, body)
			status, code, _ := strings.Cut(want, " ")
			if strconv.Itoa(got.status) != status || code != "" && got.field(t, "code") != code {
				t.Errorf("%s: %d %s", body, got.status, got.body)
			}
		}
		if got := b.do("POST", "/carrier/v1/no-room", b.key, says("anna", "l1", its)); got.status != 401 {
			t.Errorf("a merchant says so: %d", got.status)
		}
	})
}
