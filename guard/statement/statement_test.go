package statement_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"lockstep/guard/statement"
)

func newSigner(t *testing.T) *statement.Signer {
	t.Helper()
	s, err := statement.SignerFromSeed(statement.NewSeed())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func only(s *statement.Signer) func(statement.KeyID) (statement.Key, bool) {
	return func(id statement.KeyID) (statement.Key, bool) { return s.Key(), id == s.Key().ID() }
}

var head = statement.Head{Locker: "l1", Boot: 1, Position: 7, Hash: statement.Hash{1}, Powered: 5e6}

func TestSignThenVerify(t *testing.T) {
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	es256, err := statement.NewSigner(p256)
	if err != nil {
		t.Fatal(err)
	}
	for _, signer := range []*statement.Signer{newSigner(t), es256} {
		envelope, err := statement.Sign(signer, head)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := statement.Verify[statement.Head](envelope, only(signer))
		if err != nil || got != head {
			t.Fatalf("got %+v, %v", got, err)
		}
		t.Logf("a head's envelope has %d bytes", len(envelope))
		if _, _, err := statement.Verify[statement.Receipt](envelope, only(signer)); statement.Reason(err) != "typ" {
			t.Errorf("a head was read as a receipt: %v", err)
		}
		if _, _, err := statement.Verify[statement.Head](envelope, only(newSigner(t))); statement.Reason(err) != "key" {
			t.Errorf("a stranger's key was believed: %v", err)
		}
	}
}

func TestAnyChangedByteIsRefused(t *testing.T) {
	signer := newSigner(t)
	envelope, err := statement.Sign(signer, head)
	if err != nil {
		t.Fatal(err)
	}
	for i := range envelope {
		for bit := range 8 {
			changed := bytes.Clone(envelope)
			changed[i] ^= 1 << bit
			if _, _, err := statement.Verify[statement.Head](changed, only(signer)); err == nil {
				t.Fatalf("byte %d bit %d changed and still believed", i, bit)
			}
		}
	}
	for n := range envelope {
		if _, _, err := statement.Verify[statement.Head](envelope[:n], only(signer)); err == nil {
			t.Fatalf("cut to %d bytes and still believed", n)
		}
	}
	if _, _, err := statement.Verify[statement.Head](append(bytes.Clone(envelope), 0), only(signer)); err == nil {
		t.Fatal("a trailing byte was accepted")
	}
}
