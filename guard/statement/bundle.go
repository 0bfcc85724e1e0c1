package statement

import "bytes"

// Bundle is one statement signed by several persons: n envelopes over byte-identical payload.
type Bundle struct {
	Envelopes [][]byte
}

// cosigned is a bundle as it is written: the payload once, beside it what each envelope has of its own. Envelopes are
// deterministic, so that they come back byte for byte.
type cosigned struct {
	Payload    []byte      `cbor:"1,keyasint"`
	Signatures []signature `cbor:"2,keyasint"`
}

type signature struct {
	_         struct{} `cbor:",toarray"`
	Protected []byte
	Signature []byte
}

// Encode is the bundle as a file, a QR code or a frame holds it. Envelopes that do not say the same are refused.
func (b Bundle) Encode() ([]byte, error) {
	var c cosigned
	for _, envelope := range b.Envelopes {
		msg, _, err := parse(envelope)
		if err != nil {
			return nil, err
		}
		if c.Payload != nil && !bytes.Equal(c.Payload, msg.Payload) {
			return nil, refuse("payload", "the envelopes do not say the same")
		}
		c.Payload = msg.Payload
		c.Signatures = append(c.Signatures, signature{Protected: msg.Protected, Signature: msg.Signature})
	}
	if len(c.Signatures) == 0 {
		return nil, refuse("persons", "a bundle without signatures")
	}
	return encode(c), nil
}

// DecodeBundle reads what Encode wrote. Nothing of it is believed yet.
func DecodeBundle(data []byte) (Bundle, error) {
	var c cosigned
	if len(data) > 2*MaxSize {
		return Bundle{}, refuse("size", "a bundle of %d bytes", len(data))
	}
	if err := Decode(data, &c); err != nil {
		return Bundle{}, err
	}
	if len(c.Signatures) == 0 || len(c.Signatures) > maxSigners {
		return Bundle{}, refuse("persons", "a bundle of %d signatures, not 1 to %d", len(c.Signatures), maxSigners)
	}
	var b Bundle
	for _, s := range c.Signatures {
		envelope := encode(sign1{Protected: s.Protected, Unprotected: []byte(emptyMap), Payload: c.Payload, Signature: s.Signature})
		if _, _, err := parse(envelope); err != nil {
			return Bundle{}, err
		}
		b.Envelopes = append(b.Envelopes, envelope)
	}
	return b, nil
}

// maxSigners bounds the signatures of one statement: the old roots and the new ones of a charter.
const maxSigners = 2 * maxHolders

// Join puts the envelopes of two bundles over one payload together; one that is in both counts once.
func (b Bundle) Join(more Bundle) (Bundle, error) {
	joined := Bundle{}
	for _, envelope := range append(append([][]byte{}, b.Envelopes...), more.Envelopes...) {
		if !joined.holds(envelope) {
			joined.Envelopes = append(joined.Envelopes, envelope)
		}
	}
	_, err := joined.Encode()
	return joined, err
}

func (b Bundle) holds(envelope []byte) bool {
	for _, e := range b.Envelopes {
		if bytes.Equal(e, envelope) {
			return true
		}
	}
	return false
}
