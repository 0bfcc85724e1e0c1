package statement_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"

	"lockstep/guard/statement"
)

// operators are three keys of two persons, and a charter that names them.
func operators(t *testing.T) (signers []*statement.Signer, charter statement.Charter) {
	charter = statement.Charter{Network: "test", Operators: statement.Role{Threshold: 1}}
	for _, person := range []statement.Person{"ann", "ann", "bob"} {
		s := newSigner(t)
		signers = append(signers, s)
		charter.Operators.Holders = append(charter.Operators.Holders, statement.Holder{Person: person, Key: s.Key()})
	}
	return signers, charter
}

func signed(t *testing.T, s statement.Statement, signers ...*statement.Signer) (envelopes [][]byte) {
	t.Helper()
	for _, signer := range signers {
		envelope, err := statement.Sign(signer, s)
		if err != nil {
			t.Fatal(err)
		}
		envelopes = append(envelopes, envelope)
	}
	return envelopes
}

// A range's first key, and one that is lost, takes two operators; the next one takes the key of before.
func TestContactKeys(t *testing.T) {
	by, charter := operators(t)
	ann, annToo, bob := by[0], by[1], by[2]
	old, fresh, stranger := newSigner(t), newSigner(t), newSigner(t)
	first := statement.ContactKey{Network: "test", Merchant: "Book shop", Prefix: "20001", Key: old.Key(), Serial: 1}
	next := first
	next.Key, next.Serial = fresh.Key(), 2
	with := func(c statement.ContactKey, change func(*statement.ContactKey)) statement.ContactKey {
		change(&c)
		return c
	}
	for _, c := range []struct {
		name      string
		old       *statement.ContactKey
		envelopes [][]byte
		reason    string
	}{
		{"first, by two operators", nil, signed(t, first, ann, bob), ""},
		{"first, by one", nil, signed(t, first, ann), "persons"},
		{"first, by two keys of one", nil, signed(t, first, ann, annToo), "persons"},
		{"first, by itself", nil, signed(t, first, old), "key"},
		{"first, by nobody", nil, nil, "persons"},
		{"first, with serial 2", nil, signed(t, next, ann, bob), "serial"},
		{"next, by the old key", &first, signed(t, next, old), ""},
		{"next, by two operators", &first, signed(t, next, ann, bob), ""},
		{"next, by one operator", &first, signed(t, next, ann), "persons"},
		{"next, by itself", &first, signed(t, next, fresh), "key"},
		{"next, by a stranger", &first, signed(t, next, stranger), "key"},
		{"next, by the old key and an operator", &first, signed(t, next, old, ann), "key"},
		{"the same again", &first, signed(t, first, ann, bob), "serial"},
		{"one left out", &first, signed(t, with(next, func(c *statement.ContactKey) { c.Serial = 3 }), old), "serial"},
		{"another merchant's", &first, signed(t, with(next, func(c *statement.ContactKey) { c.Merchant = "Shoe shop" }), old), "range"},
		{"a wider range", &first, signed(t, with(next, func(c *statement.ContactKey) { c.Prefix = "2000" }), ann, bob), "range"},
		{"another network's", nil, signed(t, with(first, func(c *statement.ContactKey) { c.Network = "other" }), ann, bob), "network"},
		{"an operator's own key", nil, signed(t, with(first, func(c *statement.ContactKey) { c.Key = ann.Key() }), ann, bob), "role"},
	} {
		_, err := statement.VerifyContactKey(c.envelopes, charter, c.old)
		if got := map[bool]string{true: "", false: statement.Reason(err)}[err == nil]; got != c.reason {
			t.Errorf("%s: got %q (%v), want %q", c.name, got, err, c.reason)
		}
	}
}

func TestContactKeyBounds(t *testing.T) {
	good := statement.ContactKey{Network: "test", Merchant: "Book shop", Prefix: "20001", Key: newSigner(t).Key(), Serial: 1}
	if err := good.Check(); err != nil || !good.Covers("200010000018") || good.Covers("200020000015") {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*statement.ContactKey){
		"no network": func(c *statement.ContactKey) { c.Network = "" }, "no merchant": func(c *statement.ContactKey) { c.Merchant = "" },
		"a merchant of two lines": func(c *statement.ContactKey) { c.Merchant = "a\nb" }, "every barcode": func(c *statement.ContactKey) { c.Prefix = "" },
		"one barcode": func(c *statement.ContactKey) { c.Prefix = "200010000018" }, "letters": func(c *statement.ContactKey) { c.Prefix = "2000x" },
		"no key": func(c *statement.ContactKey) { c.Key = statement.Key{} }, "serial 0": func(c *statement.ContactKey) { c.Serial = 0 },
	} {
		c := good
		change(&c)
		if c.Check() == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// A sealed contact is signed for one barcode, by either kind of key, and sealed for the same one.
func TestSealedContacts(t *testing.T) {
	private, public, err := statement.NewSealKey()
	if err != nil {
		t.Fatal(err)
	}
	opener, err := statement.ParseSealKey(private)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	es256, err := statement.NewSigner(p256)
	if err != nil {
		t.Fatal(err)
	}
	const barcode, other = "200010000018", "200020000015"
	for _, key := range []*statement.Signer{newSigner(t), es256} {
		sealed, err := statement.SealContact(public, []byte("whom"), barcode)
		if err != nil {
			t.Fatal(err)
		}
		envelope := signed(t, statement.SealedContact{Barcode: barcode, Sealed: sealed}, key)[0]
		c, err := statement.VerifyContact(envelope, key.Key())
		if err != nil || c.Barcode != barcode {
			t.Fatal(err)
		}
		if plain, err := statement.OpenContact(opener, c.Sealed, barcode); err != nil || string(plain) != "whom" {
			t.Errorf("%q, %v", plain, err)
		}
		if _, err := statement.OpenContact(opener, c.Sealed, other); statement.Reason(err) != "seal" {
			t.Errorf("it opens for another barcode: %v", err)
		}
		if _, err := statement.VerifyContact(envelope, newSigner(t).Key()); statement.Reason(err) != "key" {
			t.Errorf("by a stranger: %v", err)
		}
		t.Logf("an envelope of %d bytes", len(envelope))
	}
	for _, c := range []statement.SealedContact{{Barcode: barcode}, {Barcode: "1", Sealed: []byte{1}}, {Barcode: barcode, Sealed: []byte(strings.Repeat("x", 4000))}} {
		if c.Check() == nil {
			t.Errorf("%.20v was taken", c)
		}
	}
}

// A sealed pickup contact opens for its order and day, and for nothing else: never as a recipient's contact, nor the other way round.
func TestSealedPickups(t *testing.T) {
	private, public, err := statement.NewSealKey()
	if err != nil {
		t.Fatal(err)
	}
	opener, err := statement.ParseSealKey(private)
	if err != nil {
		t.Fatal(err)
	}
	const number, day, barcode = 30000001, "2026-11-30", "200010000018"
	sealed, err := statement.SealPickup(public, []byte("whom"), number, day)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := statement.OpenPickup(opener, sealed, number, day); err != nil || string(plain) != "whom" {
		t.Errorf("%q, %v", plain, err)
	}
	recipient, err := statement.SealContact(public, []byte("whom"), barcode)
	if err != nil {
		t.Fatal(err)
	}
	_, another := statement.OpenPickup(opener, sealed, number+1, day)
	_, later := statement.OpenPickup(opener, sealed, number, "2026-12-30")
	_, pickup := statement.OpenPickup(opener, recipient, number, day)
	_, contact := statement.OpenContact(opener, sealed, barcode)
	for _, err := range []error{another, later, pickup, contact} {
		if statement.Reason(err) != "seal" {
			t.Errorf("it opens for something else: %v", err)
		}
	}
}
