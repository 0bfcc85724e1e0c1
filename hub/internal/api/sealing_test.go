package api_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"lockstep/ceremony"
	"lockstep/guard/statement"
	"lockstep/internal/contact"
)

// merchant is the first one's own software: its contact key, and what it knows of its range.
type merchant struct {
	*bench
	key statement.ContactKey
	by  *statement.Signer
}

func newKey(t *testing.T) *statement.Signer {
	t.Helper()
	s, err := statement.SignerFromSeed(statement.NewSeed())
	must(t, err)
	return s
}

func (b *bench) merchant() *merchant {
	b.t.Helper()
	m := &merchant{bench: b, by: newKey(b.t)}
	about := b.get("/v1/contact-key")
	if about.status != 200 || about.field(b.t, "serial") != "0" {
		b.t.Fatalf("%d %s", about.status, about.body)
	}
	m.key = statement.ContactKey{Network: about.field(b.t, "network"), Merchant: about.field(b.t, "merchant"), Prefix: about.field(b.t, "prefix"), Key: m.by.Key(), Serial: 1}
	return m
}

// put hands a contact key in under an API key.
func (b *bench) put(apiKey string, key statement.ContactKey, by ...*statement.Signer) answer {
	b.t.Helper()
	bundle, err := ceremony.SignAll(key, by...)
	must(b.t, err)
	data, err := bundle.Encode()
	must(b.t, err)
	return b.do("PUT", "/v1/contact-key", apiKey, `{"statement":"`+base64.StdEncoding.EncodeToString(data)+`"}`)
}

func (m *merchant) use() {
	m.t.Helper()
	if got := m.put(m.bench.key, m.key, m.network.Operators[0], m.network.Operators[1]); got.status != 200 || got.field(m.t, "serial") != "1" {
		m.t.Fatalf("%d %s", got.status, got.body)
	}
}

func (b *bench) reserve(key string, count int) answer {
	return b.do("POST", "/v1/barcodes", b.key, fmt.Sprintf(`{"count":%d}`, count), "Idempotency-Key", key)
}

func barcodes(t *testing.T, a answer) []string {
	t.Helper()
	var body struct{ Barcodes []string }
	must(t, json.Unmarshal(a.body, &body))
	return body.Barcodes
}

// seal signs, by some key, a contact for a barcode.
func (b *bench) seal(by *statement.Signer, barcode string) string {
	b.t.Helper()
	to, err := contact.New(phone, email, name, "ru")
	must(b.t, err)
	sealed, err := statement.SealContact(b.network.Charter.Notifier, to.Encode(), barcode)
	must(b.t, err)
	envelope, err := statement.Sign(by, statement.SealedContact{Barcode: barcode, Sealed: sealed})
	must(b.t, err)
	return base64.StdEncoding.EncodeToString(envelope)
}

func sealedParcel(barcode, contact string) string {
	return fmt.Sprintf(`{"size":"S","barcode":%q,"sealed_contact":%q}`, barcode, contact)
}

func sealedShipment(parcels ...string) string {
	return `{"locker":"l1","parcels":[` + strings.Join(parcels, ",") + `]}`
}

// A merchant whose software seals: the hub sees a barcode and an envelope, and hands both to the notifier as they came.
func TestSealedByTheMerchant(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		m := b.merchant()
		m.use()
		block := b.reserve("block-1", 2)
		if block.status != 201 || len(barcodes(t, block)) != 2 {
			t.Fatalf("%d %s", block.status, block.body)
		}
		first, second := barcodes(t, block)[0], barcodes(t, block)[1]
		one, two := b.seal(m.by, first), b.seal(m.by, second)
		body := sealedShipment(sealedParcel(first, one), sealedParcel(second, two))
		made := b.announce("s", body)
		if made.status != 201 || made.field(t, "parcels.0.barcode") != first || made.field(t, "parcels.1.barcode") != second {
			t.Fatalf("%d %s", made.status, made.body)
		}
		if again := b.announce("s", body); again.status != 201 || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%d %s", again.status, again.body)
		}
		contacts := b.do("GET", "/notifier/v1/contacts", b.notifier, "") // in the order of parcels
		if contacts.field(t, "contacts.0.barcode") != first || contacts.field(t, "contacts.0.sealed") != one || contacts.field(t, "contacts.1.sealed") != two {
			t.Errorf("%s", contacts.body)
		}
		keys := b.do("GET", "/notifier/v1/contact-keys?after=0", b.notifier, "")
		number := keys.field(t, "contact_keys.0.number")
		if rest := b.do("GET", "/notifier/v1/contact-keys?after="+number, b.notifier, ""); keys.status != 200 || rest.field(t, "contact_keys") != "[]" {
			t.Errorf("%s, then %s", keys.body, rest.body)
		}
		data, err := base64.StdEncoding.DecodeString(keys.field(t, "contact_keys.0.statement"))
		must(t, err)
		bundle, err := statement.DecodeBundle(data)
		must(t, err)
		if got, err := statement.VerifyContactKey(bundle.Envelopes, b.network.Charter, nil); err != nil || !got.Key.Equal(m.by.Key()) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestSealedRefused(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		m := b.merchant()
		mine := barcodes(t, b.reserve("block", 6))
		foreign := barcodes(t, b.do("POST", "/v1/barcodes", b.other, `{"count":1}`, "Idempotency-Key", "k"))[0]
		if got := b.announce("early", sealedShipment(sealedParcel(mine[0], b.seal(m.by, mine[0])))); got.status != 409 || got.field(t, "code") != "no_contact_key" {
			t.Errorf("before the key: %d %s", got.status, got.body)
		}
		used := b.one().field(t, "parcels.0.barcode") // given by us, with a plain recipient
		if got := b.put(b.key, m.key, b.network.Operators[:2]...); got.status != 503 || got.field(t, "code") != "contacts_pending" {
			t.Errorf("a key that the contact under way would be refused under: %d %s", got.status, got.body)
		}
		b.do("POST", "/notifier/v1/contacts/ack", b.notifier, `{"barcodes":["`+used+`"]}`)
		m.use()
		stranger := newKey(t)
		next := fmt.Sprintf("%s%06d", m.key.Prefix, 999)
		next += string(statement.GS1CheckDigit(next))
		good := func(i int) string { return sealedParcel(mine[i], b.seal(m.by, mine[i])) }
		for i, tt := range []struct {
			what, body string
			status     int
			code       string
		}{
			{"a plain recipient", small, 409, "contact_key_in_use"},
			{"nobody", sealedShipment(`{"size":"S"}`), 422, "recipient_or_sealed"},
			{"both", strings.Replace(small, `{"size":"S"`, strings.TrimSuffix(good(0), "}")+`,"low":true`, 1), 422, "recipient_or_sealed"},
			{"a contact without a barcode", sealedShipment(`{"size":"S","sealed_contact":"` + b.seal(m.by, mine[0]) + `"}`), 422, "recipient_or_sealed"},
			{"a barcode without a contact", sealedShipment(`{"size":"S","barcode":"` + mine[0] + `"}`), 422, "recipient_or_sealed"},
			{"one parcel without", sealedShipment(good(0), `{"size":"S"}`), 422, "recipient_or_sealed"},
			{"another merchant's barcode", sealedShipment(sealedParcel(foreign, b.seal(m.by, foreign))), 422, "not_your_barcode"},
			{"a wrong check digit", sealedShipment(sealedParcel(m.key.Prefix+"0000000", b.seal(m.by, mine[0]))), 422, "contact_of_another_barcode"},
			{"never reserved", sealedShipment(sealedParcel(next, b.seal(m.by, next))), 422, "barcode_not_reserved"},
			{"used", sealedShipment(sealedParcel(used, b.seal(m.by, used))), 409, "barcode_used"},
			{"one barcode twice", sealedShipment(good(0), good(0)), 409, "barcode_used"},
			{"sealed for another barcode", sealedShipment(sealedParcel(mine[0], b.seal(m.by, mine[1]))), 422, "contact_of_another_barcode"},
			{"signed by a stranger", sealedShipment(sealedParcel(mine[0], b.seal(stranger, mine[0]))), 422, "contact_refused"},
			{"no envelope", sealedShipment(sealedParcel(mine[0], "AAAA")), 422, "contact_refused"},
			{"no base64", sealedShipment(sealedParcel(mine[0], "%%")), 422, "invalid_request"},
			{"no barcode at all", sealedShipment(sealedParcel("12", b.seal(m.by, mine[0]))), 422, "invalid_request"},
		} {
			if got := b.announce(fmt.Sprint("bad-", i), tt.body); got.status != tt.status || got.field(t, "code") != tt.code {
				t.Errorf("%s: %d %s", tt.what, got.status, got.body)
			}
		}
		if got := b.announce("good", sealedShipment(good(0))); got.status != 201 {
			t.Errorf("%d %s", got.status, got.body)
		}
	})
}

// However often and at once a block is asked for with one key, it is given once; blocks and single barcodes never overlap.
func TestReserveBarcodes(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		answers := make([]answer, 6)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = b.reserve("same", 50) })
		}
		all.Wait()
		for _, a := range answers {
			if a.status != 201 || string(a.body) != string(answers[0].body) {
				t.Errorf("%d %s", a.status, a.body)
			}
		}
		seen := map[string]bool{}
		for _, barcode := range append(append(barcodes(t, answers[0]), barcodes(t, b.reserve("next", 1000))...), b.one().field(t, "parcels.0.barcode")) {
			if seen[barcode] || statement.CheckBarcode(barcode) != nil {
				t.Fatalf("%s twice, or none", barcode)
			}
			seen[barcode] = true
		}
		if got := b.reserve("same", 50); got.header.Get("Idempotency-Replayed") != "true" || string(got.body) != string(answers[0].body) {
			t.Errorf("%s", got.body)
		}
		if got := b.reserve("same", 51); got.status != 409 || got.field(t, "code") != "idempotency_conflict" {
			t.Errorf("%d %s", got.status, got.body)
		}
		for _, count := range []int{0, -1, 1001} {
			if got := b.reserve("bad", count); got.status != 422 {
				t.Errorf("%d: %d %s", count, got.status, got.body)
			}
		}
		if got := b.do("POST", "/v1/barcodes", b.other, `{"count":50}`, "Idempotency-Key", "same"); got.status != 201 || string(got.body) == string(answers[0].body) {
			t.Errorf("another merchant's key: %d %s", got.status, got.body)
		}
	})
}

func TestContactKeyHandedIn(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		m := b.merchant()
		operators, fresh := b.network.Operators, newKey(t)
		with := func(change func(*statement.ContactKey)) statement.ContactKey { k := m.key; change(&k); return k }
		second := with(func(k *statement.ContactKey) { k.Key, k.Serial = fresh.Key(), 2 })
		for _, tt := range []struct {
			what, code string
			answer     answer
		}{
			{"by itself", "contact_key_refused", b.put(b.key, m.key, m.by)},
			{"by one operator", "contact_key_refused", b.put(b.key, m.key, operators[0])},
			{"for another's range", "not_your_range", b.put(b.other, m.key, operators[:2]...)},
			{"the second first", "contact_key_refused", b.put(b.key, second, operators[:2]...)},
			{"noise", "contact_key_refused", b.do("PUT", "/v1/contact-key", b.key, `{"statement":"AAAA"}`)},
			{"another statement", "contact_key_refused", b.do("PUT", "/v1/contact-key", b.key, `{"statement":"`+b.seal(m.by, "200010000018")+`"}`)},
		} {
			if tt.answer.status != 422 || tt.answer.field(t, "code") != tt.code {
				t.Errorf("%s: %d %s", tt.what, tt.answer.status, tt.answer.body)
			}
		}
		m.use()
		m.use() // again is no error
		if got := b.put(b.key, second, m.by); got.status != 200 || got.field(t, "fingerprint") != fresh.Key().Fingerprint() {
			t.Errorf("%d %s", got.status, got.body)
		}
		if got := b.get("/v1/contact-key"); got.field(t, "serial") != "2" {
			t.Errorf("%s", got.body)
		}
		keys := b.do("GET", "/notifier/v1/contact-keys", b.notifier, "")
		if keys.field(t, "contact_keys.1.number") == "" || strings.Count(string(keys.body), "number") != 2 {
			t.Errorf("%s", keys.body)
		}
	})
}
