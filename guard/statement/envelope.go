// Package statement holds the signed statements that the guard believes or refuses: one file per type, and the
// strict profile that all of them share.
//
// An envelope is an untagged COSE_Sign1 (RFC 9052) in deterministic CBOR. Its protected header holds exactly
// alg (1), kid (4) and typ (16, RFC 9596); its unprotected header is empty; its payload is one statement, a CBOR map
// with small integer keys. n signatures are n envelopes over byte-identical payload.
package statement

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
	"github.com/veraison/go-cose"
)

// MaxSize bounds an envelope, in bytes.
const MaxSize = 8 << 10

// Type is the typ header: what a payload may be read as, and nothing else.
type Type string

// Statement is one of the types in this package. Check holds the bounds that need no state to judge.
type Statement interface {
	Type() Type
	Check() error
}

// Refusal is why an envelope was not believed. Its Reason is one word, fit for the journal; the text is for people.
type Refusal struct {
	Reason string
	text   string
}

func (r *Refusal) Error() string { return "statement refused: " + r.text }

func refuse(reason, format string, args ...any) error {
	return &Refusal{reason, fmt.Sprintf(format, args...)}
}

// Reason is the one word for why err refused a statement, "error" where err is no Refusal.
func Reason(err error) string {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Reason
	}
	return "error"
}

const (
	headerAlg = int64(1)
	headerKid = int64(4)
	headerTyp = int64(16)
)

var (
	encMode = must(cbor.CoreDetEncOptions().EncMode())
	decMode = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxNestedLevels:   6,
		MaxArrayElements:  1024,
		MaxMapPairs:       1024,
		UTF8:              cbor.UTF8RejectInvalid,
		NaN:               cbor.NaNDecodeForbidden,
		Inf:               cbor.InfDecodeForbidden,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func encode(v any) []byte { return must(encMode.Marshal(v)) }

// Encode writes v as deterministic CBOR (RFC 8949 §4.2.1).
func Encode(v any) []byte { return encode(v) }

// Decode reads strict deterministic CBOR into v, a pointer: no duplicate or unknown keys, no indefinite lengths, no tags, no
// trailing bytes, and nothing whose re-encoding differs.
func Decode(data []byte, v any) error {
	if err := decMode.Unmarshal(data, v); err != nil {
		return refuse("parse", "not strict CBOR: %v", err)
	}
	if !bytes.Equal(encode(v), data) {
		return refuse("parse", "not the deterministic encoding")
	}
	return nil
}

// Sign puts s into an envelope. It refuses to sign what Verify would refuse to read.
func Sign(signer *Signer, s Statement) ([]byte, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	kid := signer.key.ID()
	msg := cose.UntaggedSign1Message{
		Headers: cose.Headers{Protected: cose.ProtectedHeader{
			headerAlg: cose.Algorithm(signer.key.Alg), headerKid: kid[:], headerTyp: string(s.Type()),
		}},
		Payload: encode(s),
	}
	if err := msg.Sign(rand.Reader, nil, signer.signer); err != nil {
		return nil, fmt.Errorf("statement: sign: %w", err)
	}
	out, err := msg.MarshalCBOR()
	if err == nil && len(out) > MaxSize {
		return nil, refuse("size", "the envelope has %d bytes, more than %d", len(out), MaxSize)
	}
	return out, err
}

// Verify reads an envelope as a T and nothing else. lookup gives the key of a kid that holds the role this statement needs;
// a kid it does not know is refused. The statement is returned only when everything about it holds.
func Verify[T Statement](envelope []byte, lookup func(KeyID) (Key, bool)) (T, Key, error) {
	var s T
	msg, kid, err := open(envelope, s.Type())
	if err != nil {
		return s, Key{}, err
	}
	key, ok := lookup(kid)
	if !ok {
		return s, Key{}, refuse("key", "key %s does not hold this role", kid)
	}
	if err := checkSignature(msg, key); err != nil {
		return s, Key{}, err
	}
	var out T
	if err := Decode(msg.Payload, &out); err != nil {
		return s, Key{}, err
	}
	return out, key, out.Check()
}

// VerifyAll reads n envelopes over one byte-identical payload. It counts persons, not signatures: two keys of one person
// count once, and fewer than threshold distinct persons are refused.
func VerifyAll[T Statement](envelopes [][]byte, role Role) (T, error) {
	var s T
	if role.Threshold < 1 {
		return s, refuse("role", "nobody may sign a %s", s.Type())
	}
	if len(envelopes) > maxHolders {
		return s, refuse("size", "%d envelopes, at most %d", len(envelopes), maxHolders)
	}
	var payload []byte
	persons := map[Person]bool{}
	for _, envelope := range envelopes {
		one, key, err := Verify[T](envelope, role.Lookup)
		if err != nil {
			return s, err
		}
		msg, _, _ := open(envelope, s.Type())
		if payload != nil && !bytes.Equal(payload, msg.Payload) {
			return s, refuse("payload", "the envelopes do not say the same")
		}
		payload = msg.Payload
		persons[role.Person(key.ID())] = true
		if len(persons) >= int(role.Threshold) {
			s = one
		}
	}
	if len(persons) < int(role.Threshold) {
		var none T
		return none, refuse("persons", "%d of %d distinct persons signed", len(persons), role.Threshold)
	}
	return s, nil
}

// Peek says what an envelope claims to be, so that a stream of several types can be sorted. Nothing of it is believed yet.
func Peek(envelope []byte) (Type, error) {
	msg, err := parse(envelope)
	if err != nil {
		return "", err
	}
	typ, ok := msg.Headers.Protected[headerTyp].(string)
	if !ok {
		return "", refuse("typ", "no typ header")
	}
	return Type(typ), nil
}

func parse(envelope []byte) (*cose.UntaggedSign1Message, error) {
	if len(envelope) > MaxSize {
		return nil, refuse("size", "the envelope has %d bytes, more than %d", len(envelope), MaxSize)
	}
	var msg cose.UntaggedSign1Message
	if err := msg.UnmarshalCBOR(envelope); err != nil {
		return nil, refuse("parse", "not a COSE_Sign1: %v", err)
	}
	again, err := msg.MarshalCBOR()
	if err != nil || !bytes.Equal(again, envelope) {
		return nil, refuse("parse", "not the deterministic encoding of a COSE_Sign1")
	}
	return &msg, nil
}

func open(envelope []byte, want Type) (*cose.UntaggedSign1Message, KeyID, error) {
	var kid KeyID
	msg, err := parse(envelope)
	if err != nil {
		return nil, kid, err
	}
	protected := msg.Headers.Protected
	if len(msg.Headers.Unprotected) != 0 {
		return nil, kid, refuse("header", "the unprotected header is not empty")
	}
	if len(protected) != 3 {
		return nil, kid, refuse("header", "the protected header is not exactly alg, kid and typ")
	}
	if typ, ok := protected[headerTyp].(string); !ok || Type(typ) != want {
		return nil, kid, refuse("typ", "this is not a %s", want)
	}
	name, ok := protected[headerKid].([]byte)
	if !ok || len(name) != len(kid) {
		return nil, kid, refuse("header", "kid has not %d bytes", len(kid))
	}
	if len(msg.Payload) == 0 {
		return nil, kid, refuse("payload", "no payload")
	}
	return msg, KeyID(name), nil
}

func checkSignature(msg *cose.UntaggedSign1Message, key Key) error {
	alg, err := msg.Headers.Protected.Algorithm()
	if err != nil || Alg(alg) != key.Alg {
		return refuse("alg", "the algorithm is not the key's")
	}
	verifier, err := key.verifier()
	if err != nil {
		return err
	}
	if err := msg.Verify(nil, verifier); err != nil {
		return refuse("signature", "the signature does not verify")
	}
	return nil
}

// ReadUnverified reads what an envelope says without asking who signed it, for devices that only need to know what they are
// asked. Nothing may be opened, stored or believed on the strength of it.
func ReadUnverified[T Statement](envelope []byte) (T, error) {
	var s T
	msg, _, err := open(envelope, s.Type())
	if err != nil {
		return s, err
	}
	var out T
	if err := Decode(msg.Payload, &out); err != nil {
		return s, err
	}
	return out, out.Check()
}
