package merchant_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"lockstep/ceremony"
	"lockstep/guard/statement"
	"lockstep/internal/contact"
	"lockstep/merchant"
)

const barcode = "200010000018" // one that was reserved

// charterFile stands for the file that the network's people hand out.
func charterFile() []byte {
	network, err := ceremony.NewDevelopment("city")
	if err != nil {
		panic(err)
	}
	data, err := network.Bundle.Encode()
	if err != nil {
		panic(err)
	}
	return data
}

func Example() {
	network, err := merchant.ReadNetwork(charterFile())
	if err != nil {
		panic(err)
	}
	key, err := merchant.NewKey() // once; keep key.Encode() where only this software reads it
	if err != nil {
		panic(err)
	}
	request, err := network.Request(key, "Book shop", "20001", 1) // once, for two operators to sign
	if err != nil {
		panic(err)
	}
	sealed, err := network.Seal(key, barcode, merchant.Contact{Phone: "+7 916 123-45-67", Language: "ru"})
	if err != nil {
		panic(err)
	}
	body := fmt.Sprintf(`{"size":"S","barcode":%q,"sealed_contact":%q}`, barcode, base64.StdEncoding.EncodeToString(sealed))
	fmt.Println("a request:", len(request) > 0)
	fmt.Println("the phone number is in what is sent:", strings.Contains(body, "916"))
	fmt.Println("the key prints as", key)
	// Output:
	// a request: true
	// the phone number is in what is sent: false
	// the key prints as [redacted]
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// What is sealed here is what the notifier believes: signed by this key, for this barcode, and open for nobody else.
func TestSeal(t *testing.T) {
	city := must[*ceremony.Development](t)(ceremony.NewDevelopment("city"))
	network := must[merchant.Network](t)(merchant.ReadNetwork(must[[]byte](t)(city.Bundle.Encode())))
	opener, err := statement.ParseSealKey(city.SealKey)
	if err != nil {
		t.Fatal(err)
	}
	chip := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	for _, key := range []merchant.Key{must[merchant.Key](t)(merchant.NewKey()), must[merchant.Key](t)(merchant.KeyIn(chip))} {
		asked := must[[]byte](t)(network.Request(key, "Book shop", "20001", 1))
		bundle := must[statement.Bundle](t)(statement.DecodeBundle(asked))
		claimed := must[statement.ContactKey](t)(statement.ReadUnverified[statement.ContactKey](bundle.Envelopes[0]))
		signed := must[statement.Bundle](t)(ceremony.SignAll(claimed, city.Operators[0], city.Operators[1]))
		believed := must[statement.ContactKey](t)(statement.VerifyContactKey(signed.Envelopes, city.Charter, nil))

		sealed := must[[]byte](t)(network.Seal(key, barcode, merchant.Contact{Phone: "+7 916 123-45-67", Name: "Ann"}))
		c := must[statement.SealedContact](t)(statement.VerifyContact(sealed, believed.Key))
		to := must[merchant.Contact](t)(contact.Decode(must[[]byte](t)(statement.OpenContact(opener, c.Sealed, barcode))))
		if to.Phone != "+79161234567" || to.Language != "en" || c.Barcode != barcode {
			t.Error("another contact was sealed")
		}

		next := must[merchant.Key](t)(merchant.NewKey())
		handed := must[statement.Bundle](t)(statement.DecodeBundle(must[[]byte](t)(network.Rotate(must[[]byte](t)(signed.Encode()), key, next))))
		second := must[statement.ContactKey](t)(statement.VerifyContactKey(handed.Envelopes, city.Charter, &believed))
		if second.Serial != 2 || second.Key.Fingerprint() != next.Fingerprint() {
			t.Errorf("%+v", second)
		}
		if _, err := network.Rotate(asked, next, key); err == nil {
			t.Error("a key that is not the current one signed")
		}
	}
}

func TestRefused(t *testing.T) {
	network := must[merchant.Network](t)(merchant.ReadNetwork(charterFile()))
	key := must[merchant.Key](t)(merchant.NewKey())
	for name, c := range map[string]struct {
		barcode string
		to      merchant.Contact
	}{
		"no contact":       {barcode, merchant.Contact{Name: "Ann"}},
		"impossible phone": {barcode, merchant.Contact{Phone: "+7916"}},
		"wrong barcode":    {"200010000017", merchant.Contact{Phone: "+79161234567"}},
	} {
		if _, err := network.Seal(key, c.barcode, c.to); err == nil || strings.Contains(err.Error(), "916") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := merchant.ParseKey([]byte("zz")); err == nil {
		t.Error("a key that is none")
	}
	again := must[merchant.Key](t)(merchant.ParseKey(key.Encode()))
	if again.Fingerprint() != key.Fingerprint() {
		t.Error("another key came back from its file")
	}
	if _, err := merchant.ReadNetwork([]byte("noise")); err == nil {
		t.Error("a charter that is none")
	}
	if _, err := merchant.ReadNetwork(charterFile(), charterFile()); err == nil {
		t.Error("a charter that does not follow")
	}
	for _, s := range []string{fmt.Sprintf("%v %+v %#v %s", key, key, key, key)} {
		if s != strings.TrimSpace(strings.Repeat("[redacted] ", 4)) {
			t.Error(s)
		}
	}
}
