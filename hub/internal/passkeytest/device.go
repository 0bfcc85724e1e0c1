// Package passkeytest is a device with a passkey, in software: what a browser and its authenticator do (W3C Web Authentication Level 3,
// §5.1, §6.5), for tests without a browser.
package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-webauthn/webauthn/protocol"
)

// Device is a phone that has at most one passkey.
type Device struct {
	Origin  string // the page's
	Present byte   // flags: user present and verified, unless a test says otherwise

	id      []byte
	key     *ecdsa.PrivateKey
	handle  []byte
	counter uint32
}

// New is a device before any passkey is made.
func New(origin string) *Device { return &Device{Origin: origin, Present: 0x05} }

const attested = 0x40

var b64 = base64.RawURLEncoding

// Make answers navigator.credentials.create.
func (d *Device) Make(t testing.TB, options *protocol.CredentialCreation) []byte {
	t.Helper()
	var err error
	if d.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	d.id = []byte(rand.Text())
	d.handle = options.Response.User.ID.(protocol.URLEncodedBase64)
	point, err := d.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	public := encode(t, map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]}) // COSE: EC2, ES256, P-256
	data := d.authenticatorData(options.Response.RelyingParty.ID, attested)
	data = append(data, make([]byte, 16)...) // AAGUID
	data = binary.BigEndian.AppendUint16(data, uint16(len(d.id)))
	data = append(append(data, d.id...), public...)
	object := encode(t, map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	return d.answer(t, map[string]any{"clientDataJSON": d.client(t, "webauthn.create", options.Response.Challenge), "attestationObject": b64.EncodeToString(object)})
}

// Answer answers navigator.credentials.get.
func (d *Device) Answer(t testing.TB, options *protocol.CredentialAssertion) []byte {
	t.Helper()
	d.counter++
	client := d.client(t, "webauthn.get", options.Response.Challenge)
	plain, _ := b64.DecodeString(client)
	data := d.authenticatorData(options.Response.RelyingPartyID, 0)
	hashed := sha256.Sum256(plain)
	digest := sha256.Sum256(append(append([]byte{}, data...), hashed[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return d.answer(t, map[string]any{"clientDataJSON": client, "authenticatorData": b64.EncodeToString(data), "signature": b64.EncodeToString(signature), "userHandle": b64.EncodeToString(d.handle)})
}

func (d *Device) authenticatorData(host string, flags byte) []byte {
	sum := sha256.Sum256([]byte(host))
	return binary.BigEndian.AppendUint32(append(sum[:], d.Present|flags), d.counter)
}

func (d *Device) client(t testing.TB, what string, challenge protocol.URLEncodedBase64) string {
	t.Helper()
	data, err := json.Marshal(map[string]any{"type": what, "challenge": b64.EncodeToString(challenge), "origin": d.Origin, "crossOrigin": false})
	if err != nil {
		t.Fatal(err)
	}
	return b64.EncodeToString(data)
}

func (d *Device) answer(t testing.TB, response map[string]any) []byte {
	t.Helper()
	id := b64.EncodeToString(d.id)
	data, err := json.Marshal(map[string]any{"id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	data, err := mode.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
