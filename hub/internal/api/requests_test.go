package api_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/parcel"
)

// stored announces a parcel and lets the guard store it.
func (b *bench) stored() string {
	b.t.Helper()
	barcode := b.one().field(b.t, "parcels.0.barcode")
	r := journal.Record{Kind: journal.DepositIntent, Compartment: 1, Parcel: barcode, Carrier: "house", Courier: "anna", Dwell: 72}
	b.guard.Write(r)
	r.Kind = journal.Stored
	b.guard.Write(r)
	b.up(b.guard)
	return barcode
}

func TestAMerchantLetsAParcelWaitAndSendsANewCode(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		early := b.announce("early", small).field(t, "parcels.0.barcode")
		barcode := b.stored()
		path := "/v1/parcels/" + barcode
		for _, tt := range []struct {
			path, body string
			status     int
			code       string
		}{
			{"/v1/parcels/" + early + "/extend", `{"dwell_hours":100}`, 409, "not_stored"},
			{"/v1/parcels/" + early + "/reissue", "", 409, "not_stored"},
			{path + "/extend", `{"dwell_hours":72}`, 409, "not_longer"},
			{path + "/extend", `{"dwell_hours":1441}`, 422, "invalid_request"},
			{path + "/extend", `{"dwell_hours":120}`, 202, ""},
			{path + "/extend", `{"dwell_hours":120}`, 202, ""},
			{path + "/reissue", "", 202, ""},
			{path + "/reissue", "", 202, ""},
		} {
			if got := b.do("POST", tt.path, b.key, tt.body); got.status != tt.status || got.field(t, "code") != tt.code {
				t.Errorf("%s %s: %d %s", tt.path, tt.body, got.status, got.body)
			}
		}
		waiting := b.get(path + "/requests")
		if waiting.field(t, "requests.0.kind") != "reissue" || waiting.field(t, "requests.1.kind") != "extend" || strings.Count(string(waiting.body), "waiting") != 2 {
			t.Errorf("%s", waiting.body)
		}
		due := time.Now().Add(120 * time.Hour).UnixMicro()
		b.guard.Write(journal.Record{Kind: journal.Extended, Compartment: 1, Parcel: barcode, Dwell: 120, Due: due, Down: 1})
		b.guard.Write(journal.Record{Kind: journal.Refused, Reason: "too many", Down: 2})
		b.up(b.guard)
		if got := b.get(path); got.field(t, "due") != time.UnixMicro(due).UTC().Format(time.RFC3339Nano) {
			t.Errorf("%s", got.body)
		}
		decided := b.get(path + "/requests")
		if decided.field(t, "requests.0.refused") != "too many" || decided.field(t, "requests.1.state") != "taken" {
			t.Errorf("%s", decided.body)
		}
		if got := b.do("POST", path+"/reissue", b.key, ""); got.status != 202 { // what was refused counts for nothing
			t.Errorf("%d %s", got.status, got.body)
		}
		b.guard.Write(journal.Record{Kind: journal.Reissued, Compartment: 1, Parcel: barcode, Down: 3})
		b.up(b.guard)
		if got := b.do("POST", path+"/reissue", b.key, ""); got.status != 409 || got.field(t, "code") != "too_soon" {
			t.Errorf("%d %s", got.status, got.body)
		}
		audits, _, err := b.accounts.AuditPage(t.Context(), "", "", 1)
		if err != nil || len(audits) != 1 || !strings.HasPrefix(audits[0].Actor, "merchant ") || audits[0].Act != "asked: reissue" || audits[0].Subject != barcode {
			t.Errorf("%+v, %v", audits, err)
		}
	})
}

// A recipient gets as much more time as the merchant lets its recipients have, from the notifier and from nobody else.
func TestARecipientAsksForMoreTime(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		early := b.announce("early", small).field(t, "parcels.0.barcode")
		barcode := b.stored()
		owner, err := b.accounts.Authenticate(t.Context(), b.key)
		if err != nil {
			t.Fatal(err)
		}
		wish := `{"barcode":"` + barcode + `"}`
		for _, tt := range []struct {
			lets        parcel.DwellTime
			token, body string
			status      int
			code        string
		}{
			{0, b.notifier, wish, 409, "not_allowed"},
			{120, b.key, wish, 401, "unauthorized"},
			{120, b.notifier, `{"barcode":"` + early + `"}`, 409, "not_stored"},
			{120, b.notifier, `{"barcode":"200000000000"}`, 404, "unknown_parcel"},
			{120, b.notifier, `{"barcode":"\u0000"}`, 404, "unknown_parcel"},
			{120, b.notifier, `{"barcode":"` + barcode + `","dwell_hours":1440}`, 422, "malformed"}, // nobody but the merchant says how long
			{72, b.notifier, wish, 409, "not_longer"},
			{120, b.notifier, wish, 204, ""},
			{120, b.notifier, wish, 204, ""},
		} {
			if err := b.accounts.SetExtension(t.Context(), owner.ID, tt.lets); err != nil {
				t.Fatal(err)
			}
			if got := b.do("POST", "/notifier/v1/extend", tt.token, tt.body); got.status != tt.status || tt.code != "" && got.field(t, "code") != tt.code {
				t.Errorf("%d h, %s: %d %s", tt.lets, tt.body, got.status, got.body)
			}
		}
		waiting := b.get("/v1/parcels/" + barcode + "/requests")
		if waiting.field(t, "requests.0.kind") != "extend" || strings.Count(string(waiting.body), "waiting") != 1 {
			t.Errorf("%s", waiting.body)
		}
		contacts := b.do("GET", "/notifier/v1/contacts", b.notifier, "")
		if contacts.field(t, "contacts.0.more_time") != "true" {
			t.Errorf("%s", contacts.body)
		}
	})
}

// What recipients say of a parcel comes from the notifier and from nobody else; support finds it among the alarms.
func TestARecipientRefusesAndReports(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		early := b.announce("early", small).field(t, "parcels.0.barcode")
		barcode := b.stored()
		whose := `{"barcode":"` + barcode + `"`
		for _, tt := range []struct {
			path, token, body string
			status            int
			code              string
		}{
			{"refuse", b.key, whose + `}`, 401, "unauthorized"},
			{"refuse", b.notifier, `{"barcode":"` + early + `"}`, 409, "not_inside"},
			{"refuse", b.notifier, `{"barcode":"200000000000"}`, 404, "unknown_parcel"},
			{"refuse", b.notifier, `{"barcode":"\u0000"}`, 404, "unknown_parcel"},
			{"refuse", b.notifier, whose + `}`, 204, ""},
			{"refuse", b.notifier, whose + `}`, 204, ""},
			{"report", b.key, whose + `,"what":"empty","note":""}`, 401, "unauthorized"},
			{"report", b.notifier, whose + `,"what":"late","note":""}`, 422, "invalid_report"},
			{"report", b.notifier, whose + `,"what":"empty","note":"\u0000"}`, 422, "invalid_report"},
			{"report", b.notifier, whose + `,"what":"empty","note":"` + strings.Repeat("я", 301) + `"}`, 422, "invalid_report"},
			{"report", b.notifier, `{"barcode":"` + early + `","what":"empty","note":""}`, 409, "never_stored"},
			{"report", b.notifier, whose + `,"what":"does not open","note":"` + strings.Repeat("я", 300) + `"}`, 204, ""},
			{"report", b.notifier, whose + `,"what":"empty","note":""}`, 409, "reported"},
		} {
			if got := b.do("POST", "/notifier/v1/"+tt.path, tt.token, tt.body); got.status != tt.status || tt.code != "" && got.field(t, "code") != tt.code {
				t.Errorf("%s %s: %d %s", tt.path, tt.body, got.status, got.body)
			}
		}
		if got := b.get("/v1/parcels/" + barcode); got.field(t, "hold") != "declined" || got.field(t, "state") != "stored" {
			t.Errorf("%s", got.body)
		}
		audits, _, err := b.accounts.AuditPage(t.Context(), barcode, "", 10)
		if err != nil || len(audits) != 3 || audits[0].Act != "says that something is wrong: does not open" || audits[0].Actor != "recipient" || audits[2].Act != "refused" {
			t.Errorf("%+v, %v", audits, err)
		}
	})
}

// Where a locker stands and how to find it the notifier may know; how busy it is where there is enough to tell.
func TestPlaceOfALocker(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		got := b.do("GET", "/notifier/v1/lockers/l1/place", b.notifier, "")
		if got.status != 200 || got.field(t, "busy") != "" || got.field(t, "latitude") != "55.75" || got.field(t, "hours") != "[]" {
			t.Errorf("%d %s", got.status, got.body)
		}
		for path, status := range map[string]int{"l9/place": 404, "%00/place": 404} {
			if got := b.do("GET", "/notifier/v1/lockers/"+path, b.notifier, ""); got.status != status {
				t.Errorf("%s: %d %s", path, got.status, got.body)
			}
		}
		if got := b.do("GET", "/notifier/v1/lockers/l1/place", b.key, ""); got.status != 401 {
			t.Errorf("%d %s", got.status, got.body)
		}
	})
}

func TestAReturnFromPermitToMerchant(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ask := func(key, body string) answer {
			return b.do("POST", "/v1/returns", b.key, body, "Idempotency-Key", key)
		}
		made := ask("r1", `{"locker":"l1","size":"S","reference":"RMA-1"}`)
		code, barcode := made.field(t, "code"), made.field(t, "shipment.parcels.0.barcode")
		if made.status != 201 || !statement.CheckPermitCode(code) || made.field(t, "shipment.parcels.0.outbound") != "true" {
			t.Fatalf("%d %s", made.status, made.body)
		}
		if again := ask("r1", `{"locker":"l1","size":"S","reference":"RMA-1"}`); again.field(t, "code") != code || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%d %s", again.status, again.body)
		}
		for body, want := range map[string]string{`{"locker":"l1","size":"M"}`: "idempotency_conflict", `{"locker":"l9","size":"M"}`: "idempotency_conflict"} {
			if got := ask("r1", body); got.field(t, "code") != want {
				t.Errorf("%s: %s", body, got.body)
			}
		}
		if got := ask("r2", `{"locker":"l9","size":"M"}`); got.status != 422 || got.field(t, "code") != "unknown_locker" {
			t.Errorf("%d %s", got.status, got.body)
		}
		if other := ask("r3", `{"locker":"l1","size":"S"}`); other.field(t, "code") == code {
			t.Error("two returns with one code")
		}
		if !strings.Contains(b.dump(), code) {
			t.Error("the permit is not in the down stream")
		}
		b.guard.Write(journal.Record{Kind: journal.Permitted, Parcel: barcode, Carrier: "house", Down: 1})
		b.up(b.guard)
		if strings.Contains(b.dump(), code) {
			t.Error("the code is still in the database after the locker has it")
		}
		r := journal.Record{Kind: journal.DepositIntent, Compartment: 2, Parcel: barcode, Carrier: "house", Credential: "permit"}
		b.guard.Write(r)
		r.Kind = journal.Stored
		b.guard.Write(r)
		b.up(b.guard)
		state := func() string { return b.get("/v1/parcels/"+barcode).field(t, "state") }
		if got := b.get("/v1/parcels/" + barcode); got.field(t, "state") != "stored" || got.field(t, "due") != "" {
			t.Errorf("%s", got.body)
		}
		if events := b.get("/v1/parcels/" + barcode + "/events"); events.field(t, "events.2.by") != "customer" {
			t.Errorf("%s", events.body)
		}
		if p, err := b.custody.Parcel(t.Context(), "", barcode); err != nil || p.Task() != "withdraw" {
			t.Errorf("the courier's task is %q, %v", p.Task(), err)
		}
		for _, kind := range []journal.Kind{journal.WithdrawIntent, journal.Withdrawn} {
			b.guard.Write(journal.Record{Kind: kind, Compartment: 2, Parcel: barcode, Carrier: "house", Courier: "anna"})
		}
		b.up(b.guard)
		if state() != "withdrawn" {
			t.Error(state())
		}
		must(t, b.db.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := b.custody.Returned(t.Context(), tx, barcode, "operator")
			return err
		}))
		if got := b.get("/v1/parcels/" + barcode); got.field(t, "state") != "returned" || got.field(t, "claimed") != "true" {
			t.Errorf("%s", got.body)
		}
		if found, err := b.custody.VerifyFold(t.Context()); err != nil || len(found) != 0 {
			t.Errorf("%q, %v", found, err)
		}
	})
}

func TestAReturnOfAShipment(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		made := b.one()
		shipment, barcode := made.field(t, "id"), made.field(t, "parcels.0.barcode")
		ask := func(auth, key, body string) answer {
			return b.do("POST", "/v1/returns", auth, body, "Idempotency-Key", key)
		}
		body := `{"shipment":"` + shipment + `","size":"S"}`
		if got := ask(b.key, "r1", body); got.status != 409 || got.field(t, "code") != "not_collected" {
			t.Errorf("%d %s", got.status, got.body)
		}
		b.guard.Deposit(1, barcode)
		b.guard.Collect(1, barcode)
		b.up(b.guard)
		got := ask(b.key, "r1", body)
		if got.status != 201 || got.field(t, "shipment.return_of") != shipment || got.field(t, "shipment.locker") != "l1" {
			t.Fatalf("%d %s", got.status, got.body)
		}
		if shown := b.get("/v1/shipments/" + got.field(t, "shipment.id")); shown.field(t, "return_of") != shipment {
			t.Errorf("%s", shown.body)
		}
		if again := ask(b.key, "r1", body); again.field(t, "code") != got.field(t, "code") || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%s", again.body)
		}
		for _, row := range []struct {
			auth, body string
			status     int
			code       string
		}{
			{b.other, body, 404, "unknown_shipment"},
			{b.key, `{"shipment":"../x","size":"S"}`, 404, "unknown_shipment"},
			{b.key, `{"shipment":"0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e4f","locker":"l1","size":"S"}`, 404, "unknown_shipment"},
			{b.key, `{"size":"S"}`, 422, "unknown_locker"},
			{b.key, `{"locker":"","size":"S"}`, 422, "invalid_request"},
			{b.key, `{"shipment":"` + shipment + `","locker":"l9","size":"S"}`, 422, "unknown_locker"},
		} {
			if got := ask(row.auth, "r2", row.body); got.status != row.status || got.field(t, "code") != row.code {
				t.Errorf("%s: %d %s", row.body, got.status, got.body)
			}
		}
	})
}
