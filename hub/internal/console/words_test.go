package console_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"lockstep/internal/words"
)

// Whatever a room refuses for reasons of its own, the console says it in every language.
func TestEveryRefusalIsInEveryLanguage(t *testing.T) {
	made := regexp.MustCompile(`fault\.(?:New|Wrap)\((?:[^()"]|\([^()"]*\))*fault\.(?:Invalid|Conflict|NotFound|Denied|Unavailable), "([a-z_]+)"`)
	rooms := []string{"../account", "../names", "../tariff", "../outbox", "../../../internal/sheet", "."}
	files := []string{"../api/shipments.go", "../api/importrow.go", "../api/imports.go", "../api/parcels.go", "../api/requests.go", "../custody/announce.go", "../custody/redirect.go", "../custody/shipment.go", "../../../internal/contact/contact.go", "../custody/return.go", "../fleet/locker.go", "../fleet/alarm.go", "../custody/doors.go", "../dispatch/request.go", "../../../internal/courier/enrol.go", "../../../internal/courier/revoke.go"}
	for _, room := range rooms {
		found, err := filepath.Glob(room + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	// what only machines are told, and what the pages have no form for
	elsewhere := map[string]bool{"unauthorized": true, "wrong_login": true, "invalid_password": true, "unknown_login": true, "unknown_code": true, "no_guard": true, "parcels_inside": true, "bad_scan": true, "not_inside": true, "reported": true, "known_scan": true,
		"bad_proof": true, "stale_proof": true, "certificate_ended": true, "device_replaced": true, "unknown_token": true, "invalid_terms": true, "invalid_idempotency_key": true, "invalid_parcel": true, "invalid_parcels": true, "recipient_or_sealed": true, "not_withdrawn": true, "malformed_contact": true, "same_locker": true, "invalid_key": true}
	codes := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range made.FindAllSubmatch(source, -1) {
			codes[string(m[1])] = file
		}
	}
	if len(codes) < 40 {
		t.Fatalf("found only %d codes", len(codes))
	}
	for code, file := range codes {
		for _, l := range words.All() {
			if !elsewhere[code] && !l.Has("console.errors."+code) {
				t.Errorf("%s does not say %s of %s", l.Code, code, file)
			}
		}
	}
}
