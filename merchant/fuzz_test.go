package merchant_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"

	"lockstep/ceremony"
	"lockstep/guard/statement"
	"lockstep/merchant"
)

// FuzzReadNetwork: only a charter that its roots have signed is a network.
func FuzzReadNetwork(f *testing.F) {
	first, other := charterOf(f, "city"), charterOf(f, "town")
	f.Add(first, []byte(nil))
	f.Add(other, first)
	f.Add(first[:len(first)-1], []byte(nil))
	key, err := merchant.NewKey()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, charter, before []byte) {
		files := [][]byte{before}
		if len(before) == 0 {
			files = nil
		}
		n, err := merchant.ReadNetwork(charter, files...)
		if err != nil {
			return
		}
		if !bytes.Equal(charter, first) && !bytes.Equal(charter, other) || len(files) > 0 {
			t.Fatal("believed, and no root has signed it")
		}
		if _, err := n.Seal(key, barcode, merchant.Contact{Email: "a@example.org"}); err != nil {
			t.Fatalf("nothing can be sealed to it: %v", err)
		}
	})
}

// FuzzParseKey: a key that is read is written the same way, and no error repeats it.
func FuzzParseKey(f *testing.F) {
	key, err := merchant.NewKey()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(key.Encode())
	f.Add([]byte("00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := merchant.ParseKey(text)
		if err != nil {
			if len(text) > 8 && bytes.Contains([]byte(err.Error()), text) {
				t.Fatal("the error repeats the key")
			}
			return
		}
		again, err := merchant.ParseKey(k.Encode())
		if err != nil || again.Fingerprint() != k.Fingerprint() || !bytes.EqualFold(bytes.TrimSpace(text), bytes.TrimSpace(k.Encode())) {
			t.Fatalf("%q was read as %q: %v", text, k.Encode(), err)
		}
	})
}

// FuzzRotate: only the current key's own statement in this network is followed by a next one.
func FuzzRotate(f *testing.F) {
	charter := charterOf(f, "city")
	n, err := merchant.ReadNetwork(charter)
	if err != nil {
		f.Fatal(err)
	}
	current, next := keyOf(f, "current"), keyOf(f, "next")
	last, err := n.Request(current, "Shop", "20001", 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(last)
	f.Add(charter)
	f.Fuzz(func(t *testing.T, last []byte) {
		rotated, err := n.Rotate(last, current, next)
		if err != nil {
			return
		}
		said := func(data []byte) statement.ContactKey {
			b, err := statement.DecodeBundle(data)
			if err != nil {
				t.Fatal(err)
			}
			c, err := statement.ReadUnverified[statement.ContactKey](b.Envelopes[0])
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		was, is := said(last), said(rotated)
		if is.Serial != was.Serial+1 || is.Merchant != was.Merchant || is.Prefix != was.Prefix || is.Network != "city" || is.Key.ID().String() == was.Key.ID().String() {
			t.Fatalf("%+v is followed by %+v", was, is)
		}
	})
}

// charterOf and keyOf are the same in every process: what is fuzzed travels between some.
func charterOf(f *testing.F, name string) []byte {
	role := func(threshold uint8, person statement.Person) statement.Role {
		return statement.Role{Threshold: threshold, Holders: []statement.Holder{{Key: signerOf(f, name+string(person)).Key(), Person: person}}}
	}
	provisioning := role(2, "ann")
	provisioning.Holders = append(provisioning.Holders, role(1, "bob").Holders...)
	private, err := statement.ParseSealKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		f.Fatal(err)
	}
	b, err := ceremony.SignAll(statement.Charter{Network: name, Epoch: 1, Roots: role(1, "root"), Provisioning: provisioning, Notifier: private.PublicKey().Bytes()}, signerOf(f, name+"root"))
	if err != nil {
		f.Fatal(err)
	}
	data, err := b.Encode()
	if err != nil {
		f.Fatal(err)
	}
	return data
}

func signerOf(f *testing.F, name string) *statement.Signer {
	seed := sha256.Sum256([]byte(name))
	signer, err := statement.SignerFromSeed(seed[:])
	if err != nil {
		f.Fatal(err)
	}
	return signer
}

func keyOf(f *testing.F, name string) merchant.Key {
	key, err := merchant.ParseKey(fmt.Appendf(nil, "%x", sha256.Sum256([]byte(name))))
	if err != nil {
		f.Fatal(err)
	}
	return key
}
