package api_test

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/handover"
)

// swift gives the API key of a merchant whose parcels the carrier swift brings, and the carrier's token.
func (b *bench) swift() (key, token string) {
	b.t.Helper()
	m, err := b.accounts.AddMerchant(b.t.Context(), "Hat shop", "swift")
	must(b.t, err)
	k, err := b.accounts.NewKey(b.t.Context(), m.ID, "")
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

func TestACarrierSeesItsActs(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		key, token := b.swift()
		its := b.do("POST", "/v1/shipments", key, small, "Idempotency-Key", "swift")
		barcode := its.field(t, "parcels.0.barcode")
		number := b.hand(barcode)
		house := b.hand(b.one().field(t, "parcels.0.barcode"))
		got := b.do("GET", "/carrier/v1/acts", token, "")
		if got.status != 200 || got.field(t, "acts.0.merchant") != "Hat shop" || got.field(t, "acts.0.shipments.0.0") != barcode || strings.Contains(string(got.body), house) {
			t.Errorf("%d %s", got.status, got.body)
		}
		for code, want := range map[string]int{number: 200, barcode: 200, house: 404, "1": 404, "x": 404, "000000000000": 404} {
			if got := b.do("GET", "/carrier/v1/acts/"+code, token, ""); got.status != want {
				t.Errorf("%s: %d %s", code, got.status, got.body)
			}
		}
		word := `{"courier":"anna","word":{"act":` + number + `,"at":1,"barcodes":["` + barcode + `"],"proof":"","certificate":""}}`
		for body, want := range map[string]int{word: 401, `{"more":1}`: 422, `{}`: 422} { // the phone's signature counts, not the service's token
			if got := b.do("POST", "/carrier/v1/acts", token, body); got.status != want {
				t.Errorf("%s: %d %s", body, got.status, got.body)
			}
		}
		if got := b.do("GET", "/carrier/v1/acts", b.key, ""); got.status != 401 {
			t.Errorf("a merchant asks: %d", got.status)
		}
	})
}

// Both streams of a locker that is cut off go by a carrier's service too; of lockers where it has nothing to do it gets nothing.
func TestACarrierCarriesStreams(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		key, token := b.swift()
		if got := b.do("GET", "/carrier/v1/lockers/l1/down", token, ""); got.status != 404 || got.field(t, "code") != "not_sent_here" {
			t.Errorf("nothing to do there: %d %s", got.status, got.body)
		}
		b.do("POST", "/v1/shipments", key, small, "Idempotency-Key", "swift")
		have := b.guard.At.Number
		if got := b.do("GET", "/carrier/v1/lockers/l1/down", token, ""); got.status != 200 || got.field(t, "after") != strconv.FormatUint(have, 10) {
			t.Errorf("%d %s", got.status, got.body)
		}
		b.guard.Write(journal.Record{Kind: journal.Ticked})
		up := func(locker string, s journal.Stretch) answer {
			return b.do("POST", "/carrier/v1/lockers/"+locker+"/up", token, `{"stretch":"`+base64.StdEncoding.EncodeToString(statement.Encode(s))+`"}`)
		}
		if got := up("l1", journal.Stretch{Records: b.guard.After(have).Records, Head: []byte("x")}); got.status != 422 || got.field(t, "code") != "not_the_lockers" {
			t.Errorf("not signed: %d %s", got.status, got.body)
		}
		if got := up("l9", b.guard.After(have)); got.status != 404 {
			t.Errorf("no such locker: %d %s", got.status, got.body)
		}
		for range 2 {
			if got := up("l1", b.guard.After(have)); got.status != 204 {
				t.Errorf("%d %s", got.status, got.body)
			}
		}
		if at, err := b.custody.Position(t.Context(), "l1"); err != nil || at != b.guard.At {
			t.Errorf("%d of %d records, %v", at.Number, b.guard.At.Number, err)
		}
		for method, path := range map[string]string{"GET": "/carrier/v1/lockers/l1/down", "POST": "/carrier/v1/lockers/l1/up"} {
			if got := b.do(method, path, b.key, "{}"); got.status != 401 {
				t.Errorf("a merchant, %s: %d", path, got.status)
			}
		}
	})
}

// hand puts a parcel's shipment on an act of its own and gives the act's number.
func (b *bench) hand(barcode string) string {
	b.t.Helper()
	p, err := b.custody.Parcel(b.t.Context(), "", barcode)
	must(b.t, err)
	s, err := b.custody.Shipment(b.t.Context(), p.Merchant, p.Shipment)
	must(b.t, err)
	acts, err := b.handovers.Make(b.t.Context(), handover.NewAct{}, []custody.Shipment{s})
	must(b.t, err)
	return strconv.FormatInt(acts[0].Number, 10)
}
