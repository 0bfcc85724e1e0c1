package kiosk

import (
	"errors"

	"lockstep/guard/door"
	"lockstep/guard/statement"
	"lockstep/internal/base45"
)

const (
	prefixSecret    = "LSC:" // a recipient's QR code: one or more 16-byte secrets, joined
	prefixAnswer    = "LSA:" // a courier's or a technician's device: CBOR of a statement.Presentation
	prefixCosigned  = "LSO:" // what several persons signed: a statement.Bundle of an override or a lift
	prefixChallenge = "LSQ:" // our screen to whoever answers it
	prefixReceipt   = "LSR:" // our screen to a courier's or a technician's device

	maxText    = 4296 // what a QR code of version 40 holds in alphanumeric mode (ISO/IEC 18004 table 7)
	secretSize = 16
	maxSecrets = 20 // parcels in one QR code: more than a link of the notifier's holds
)

// errUnreadable is a text that is none of ours. It never quotes the text.
var errUnreadable = errors.New("kiosk: not a code for this locker's scanner")

// parseText reads what a scanner saw: the requests it stands for, to be asked one after the other.
func parseText(text string) ([]door.KioskRequest, error) {
	if len(text) <= len(prefixSecret) || len(text) > maxText {
		return nil, errUnreadable
	}
	prefix := text[:len(prefixSecret)]
	data, err := base45.Decode(text[len(prefix):])
	if err != nil {
		return nil, errUnreadable
	}
	switch prefix {
	case prefixSecret:
		return parseSecrets(data)
	case prefixAnswer:
		return parsePresentation(data)
	case prefixCosigned:
		return parseCosigned(data)
	}
	return nil, errUnreadable
}

func parseCosigned(data []byte) ([]door.KioskRequest, error) {
	if typ := cosignedType(data); typ != statement.TypeOverride && typ != statement.TypeLift {
		return nil, errUnreadable
	}
	return []door.KioskRequest{{Verb: door.Cosigned, Presentation: data}}, nil
}

// cosignedType is what a bundle claims to hold, empty where it is none. Nothing of it is believed.
func cosignedType(data []byte) statement.Type {
	b, err := statement.DecodeBundle(data)
	if err != nil {
		return ""
	}
	typ, _ := statement.Peek(b.Envelopes[0])
	return typ
}

func parsePresentation(data []byte) ([]door.KioskRequest, error) {
	var p statement.Presentation
	if err := statement.Decode(data, &p); err != nil || len(p.Answer) == 0 {
		return nil, errUnreadable
	}
	return []door.KioskRequest{{Verb: door.Present, Presentation: data}}, nil
}

func parseSecrets(data []byte) ([]door.KioskRequest, error) {
	if len(data) == 0 || len(data)%secretSize != 0 || len(data) > maxSecrets*secretSize {
		return nil, errUnreadable
	}
	var out []door.KioskRequest
	for ; len(data) > 0; data = data[secretSize:] {
		out = append(out, door.KioskRequest{Verb: door.Secret, Secret: data[:secretSize:secretSize]})
	}
	return out, nil
}
