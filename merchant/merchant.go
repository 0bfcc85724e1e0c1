// Package merchant is for a shop's own software. It seals a recipient's contact to the network's notifier and signs it with the
// shop's contact key, so that whoever runs the hub, or breaks into it, can neither read the contact nor put another in its place.
//
// A shop makes a key, two operators of the network sign its request once, and from then on the shop reserves barcodes, seals a
// contact for each, and announces shipments with barcode and sealed contact. The next key is signed by the one before.
package merchant

import (
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"lockstep/guard/statement"
	"lockstep/internal/contact"
)

// Contact is how a recipient is told: Phone with + and the country's code, Email, or both; Name may be empty; Language is "ru" or
// "en". It prints as [redacted].
type Contact = contact.Contact

// Network is a locker network as its charter describes it.
type Network struct{ charter statement.Charter }

// ReadNetwork reads a network's charter file. Where that is not its first one, those before it follow, oldest first. Get the
// first from the network's people, not from its hub: all trust in seals begins there.
func ReadNetwork(charter []byte, before ...[]byte) (Network, error) {
	var n Network
	for i, data := range append(before, charter) {
		bundle, err := statement.DecodeBundle(data)
		if err != nil {
			return n, err
		}
		if i == 0 {
			n.charter, err = statement.VerifyCharter(bundle.Envelopes)
		} else {
			n.charter, err = statement.VerifyNextCharter(bundle.Envelopes, n.charter)
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// Key is a contact key. It prints as [redacted].
type Key struct {
	signer *statement.Signer
	seed   []byte // nil where the private half lives elsewhere
}

func (Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

// NewKey draws a key.
func NewKey() (Key, error) { return keyOf(statement.NewSeed()) }

// ParseKey reads what Encode wrote.
func ParseKey(text []byte) (Key, error) {
	seed, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return Key{}, errors.New("merchant: not a contact key's file")
	}
	return keyOf(seed)
}

// KeyIn is a key whose private half, Ed25519 or P-256, lives in an agent or a chip.
func KeyIn(private crypto.Signer) (Key, error) {
	signer, err := statement.NewSigner(private)
	return Key{signer: signer}, err
}

func keyOf(seed []byte) (Key, error) {
	signer, err := statement.SignerFromSeed(seed)
	return Key{signer, seed}, err
}

// Encode is the key as a file holds it: whoever has it seals contacts in the shop's name. It is nothing for a key in a chip.
func (k Key) Encode() []byte {
	if k.seed == nil {
		return nil
	}
	return []byte(hex.EncodeToString(k.seed) + "\n")
}

// Fingerprint is what people compare.
func (k Key) Fingerprint() string { return k.signer.Key().Fingerprint() }

// Request is a contact key's statement for two operators to sign: the first key of a number range (serial 1), or the next where
// the one before is lost. shop is the merchant's name, prefix the first digits of its barcodes. It is signed by the key itself, so
// that the operators see that whoever asks has it.
func (n Network) Request(key Key, shop, prefix string, serial uint64) ([]byte, error) {
	return sign(key, statement.ContactKey{Network: n.charter.Network, Merchant: shop, Prefix: prefix, Key: key.signer.Key(), Serial: serial})
}

// Rotate is the statement that next replaces current, to be handed in as it is. last is current's own statement, as it was handed
// in.
func (n Network) Rotate(last []byte, current, next Key) ([]byte, error) {
	bundle, err := statement.DecodeBundle(last)
	if err != nil {
		return nil, err
	}
	s, err := statement.ReadUnverified[statement.ContactKey](bundle.Envelopes[0])
	if err != nil {
		return nil, err
	}
	if !s.Key.Equal(current.signer.Key()) || s.Network != n.charter.Network {
		return nil, errors.New("merchant: the statement is not the current key's in this network")
	}
	s.Key, s.Serial = next.signer.Key(), s.Serial+1
	return sign(current, s)
}

func sign(by Key, s statement.ContactKey) ([]byte, error) {
	envelope, err := statement.Sign(by.signer, s)
	if err != nil {
		return nil, err
	}
	return statement.Bundle{Envelopes: [][]byte{envelope}}.Encode()
}

// Seal checks a contact and seals it for one barcode: what goes into a parcel's sealed_contact. Every call seals anew; keep the
// result and send the same again after a doubt. Its errors never repeat the contact.
func (n Network) Seal(key Key, barcode string, to Contact) ([]byte, error) {
	to, err := contact.New(to.Phone, to.Email, to.Name, to.Language)
	if err != nil {
		return nil, err
	}
	sealed, err := statement.SealContact(n.charter.Notifier, to.Encode(), barcode)
	if err != nil {
		return nil, err
	}
	return statement.Sign(key.signer, statement.SealedContact{Barcode: barcode, Sealed: sealed})
}
