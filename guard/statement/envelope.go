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
	"slices"

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
	s, key, _, err := verify[T](envelope, lookup)
	return s, key, err
}

func verify[T Statement](envelope []byte, lookup func(KeyID) (Key, bool)) (s T, _ Key, payload []byte, err error) {
	msg, header, err := open(envelope, s.Type())
	if err != nil {
		return s, Key{}, nil, err
	}
	key, err := msg.signedBy(header, lookup)
	if err != nil {
		return s, Key{}, nil, err
	}
	var out T
	if err := Decode(msg.Payload, &out); err != nil {
		return s, Key{}, nil, err
	}
	return out, key, msg.Payload, out.Check()
}

// signedBy is the key that has signed a message, if it holds the role.
func (m sign1) signedBy(header protected, lookup func(KeyID) (Key, bool)) (Key, error) {
	key, ok := lookup(header.kid())
	if !ok {
		return Key{}, refuse("key", "key %s does not hold this role", header.kid())
	}
	if header.Alg != key.Alg {
		return Key{}, refuse("alg", "the algorithm is not the key's")
	}
	if err := key.verify(m.signed(), m.Signature); err != nil {
		return Key{}, err
	}
	return key, nil
}

// Unknown is all that is read of a numbered statement of a type from after this version: whom it is for, and its place in the down
// stream. Every numbered statement says that under keys 1 and 2.
type Unknown struct {
	Locker string
	Number uint64
}

// Addressed is the locker and the place in its down stream.
func (u Unknown) Addressed() (string, uint64) { return u.Locker, u.Number }

// VerifyUnknown reads a numbered statement of whatever type; else as Verify.
func VerifyUnknown(envelope []byte, lookup func(KeyID) (Key, bool)) (u Unknown, _ Key, err error) {
	msg, header, err := parse(envelope)
	if err != nil {
		return u, Key{}, err
	}
	key, err := msg.signedBy(header, lookup)
	if err != nil {
		return u, Key{}, err
	}
	var said map[uint64]cbor.RawMessage
	if err := Decode(msg.Payload, &said); err != nil {
		return u, Key{}, err
	}
	err = errors.Join(Decode(said[1], &u.Locker), Decode(said[2], &u.Number))
	return u, key, err
}

// VerifyAll reads n envelopes over one byte-identical payload. It counts persons, not signatures: two keys of one person
// count once, and fewer than threshold distinct persons are refused.
func VerifyAll[T Statement](envelopes [][]byte, role Role) (T, error) {
	s, _, err := VerifyBy[T](envelopes, role)
	return s, err
}

// VerifyBy is VerifyAll that also says who signed, each person once.
func VerifyBy[T Statement](envelopes [][]byte, role Role) (said T, persons []Person, err error) {
	var none T
	if role.Threshold < 1 {
		return none, nil, refuse("role", "nobody may sign a %s", none.Type())
	}
	if len(envelopes) > maxSigners {
		return none, nil, refuse("size", "%d envelopes, at most %d", len(envelopes), maxSigners)
	}
	var payload []byte
	for _, envelope := range envelopes {
		s, key, encoded, err := verify[T](envelope, role.Lookup)
		if err != nil {
			return none, nil, err
		}
		if payload != nil && !bytes.Equal(payload, encoded) {
			return none, nil, refuse("payload", "the envelopes do not say the same")
		}
		said, payload = s, encoded
		if person := role.Person(key.ID()); !slices.Contains(persons, person) {
			persons = append(persons, person)
		}
	}
	if len(persons) < int(role.Threshold) {
		return none, nil, refuse("persons", "%d of %d distinct persons signed", len(persons), role.Threshold)
	}
	return said, persons, nil
}

// Peek says what an envelope claims to be, so that a stream of several types can be sorted. Nothing of it is believed yet.
func Peek(envelope []byte) (Type, error) {
	_, header, err := parse(envelope)
	return header.Typ, err
}

// sign1 is an untagged COSE_Sign1 (RFC 9052 §4.2). It is read by its shape, not by a library that also knows what is refused here.
type sign1 struct {
	_           struct{} `cbor:",toarray"`
	Protected   []byte
	Unprotected cbor.RawMessage
	Payload     []byte
	Signature   []byte
}

// protected is the whole of a protected header: one more key or one less is another statement's.
type protected struct {
	Alg Alg    `cbor:"1,keyasint"`
	Kid []byte `cbor:"4,keyasint"`
	Typ Type   `cbor:"16,keyasint"`
}

func (p protected) kid() KeyID { return KeyID(p.Kid) }

// sigStructure is what is signed (RFC 9052 §4.4).
type sigStructure struct {
	_         struct{} `cbor:",toarray"`
	Context   string
	Protected []byte
	External  []byte
	Payload   []byte
}

func (m sign1) signed() []byte {
	return encode(sigStructure{Context: "Signature1", Protected: m.Protected, External: []byte{}, Payload: m.Payload})
}

const emptyMap = "\xa0"

func parse(envelope []byte) (msg sign1, header protected, err error) {
	if len(envelope) > MaxSize {
		return msg, header, refuse("size", "the envelope has %d bytes, more than %d", len(envelope), MaxSize)
	}
	if err := Decode(envelope, &msg); err != nil {
		return msg, header, err
	}
	if string(msg.Unprotected) != emptyMap {
		return msg, header, refuse("header", "the unprotected header is not empty")
	}
	if err := Decode(msg.Protected, &header); err != nil {
		return msg, header, refuse("header", "the protected header is not exactly alg, kid and typ")
	}
	if len(header.Kid) != len(KeyID{}) {
		return msg, header, refuse("header", "kid has not %d bytes", len(KeyID{}))
	}
	return msg, header, nil
}

func open(envelope []byte, want Type) (sign1, protected, error) {
	msg, header, err := parse(envelope)
	switch {
	case err != nil:
		return msg, header, err
	case header.Typ != want:
		return msg, header, refuse("typ", "this is not a %s", want)
	case len(msg.Payload) == 0:
		return msg, header, refuse("payload", "no payload")
	}
	return msg, header, nil
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
