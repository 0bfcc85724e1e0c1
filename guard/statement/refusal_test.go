package statement_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"testing"

	"lockstep/guard/statement"
)

// The parts of CBOR (RFC 8949 §3) that these tests put together by hand, so that they can be put together wrongly.
func cborHead(major byte, n uint64) []byte {
	switch {
	case n < 24:
		return []byte{major<<5 | byte(n)}
	case n < 1<<8:
		return []byte{major<<5 | 24, byte(n)}
	}
	return binary.BigEndian.AppendUint16([]byte{major<<5 | 25}, uint16(n))
}

func number(n int64) []byte {
	if n < 0 {
		return cborHead(1, uint64(-1-n))
	}
	return cborHead(0, uint64(n))
}

func cborBytes(b []byte) []byte { return append(cborHead(2, uint64(len(b))), b...) }
func text(s string) []byte      { return append(cborHead(3, uint64(len(s))), s...) }
func array(items ...[]byte) []byte {
	return append(cborHead(4, uint64(len(items))), bytes.Join(items, nil)...)
}

// pairs is a map of keys and values in turn.
func pairs(items ...[]byte) []byte {
	return append(cborHead(5, uint64(len(items)/2)), bytes.Join(items, nil)...)
}

// forge signs whatever it is given with a real key: only the form is wrong.
type forge struct {
	private ed25519.PrivateKey
	key     statement.Key
}

func newForge() forge {
	seed := statement.NewSeed()
	private := ed25519.NewKeyFromSeed(seed)
	return forge{private, statement.Key{Alg: statement.EdDSA, Public: private.Public().(ed25519.PublicKey)}}
}

func (f forge) kid() []byte { id := f.key.ID(); return cborBytes(id[:]) }

func (f forge) protected() []byte {
	return pairs(number(1), number(-8), number(4), f.kid(), number(16), text("lockstep/answer"))
}

func (f forge) signature(protected, payload []byte) []byte {
	return cborBytes(ed25519.Sign(f.private, array(text("Signature1"), cborBytes(protected), cborBytes(nil), cborBytes(payload))))
}

func (f forge) envelope(protected, payload []byte) []byte {
	return array(cborBytes(protected), pairs(), cborBytes(payload), f.signature(protected, payload))
}

func (f forge) lookup(id statement.KeyID) (statement.Key, bool) { return f.key, id == f.key.ID() }

var nonce = cborBytes(make([]byte, 16))

func answerPairs() [][]byte {
	return [][]byte{number(1), text("l1"), number(2), nonce, number(3), number(1), number(4), number(8)}
}

func TestRefusals(t *testing.T) {
	f := newForge()
	good := pairs(answerPairs()...)
	answer := func(more ...[]byte) []byte { return pairs(append(answerPairs(), more...)...) }
	replaced := func(at int, with []byte) []byte {
		p := answerPairs()
		p[at] = with
		return pairs(p...)
	}
	header := func(items ...[]byte) []byte { return f.envelope(pairs(items...), good) }
	alg := func(n []byte) []byte {
		return header(number(1), n, number(4), f.kid(), number(16), text("lockstep/answer"))
	}
	indefinite := append(append([]byte{0xbf}, bytes.Join(answerPairs(), nil)...), 0xff)
	deep := number(1)
	for range 9 {
		deep = array(deep)
	}
	protected := f.protected()
	for _, c := range []struct {
		name     string
		envelope []byte
		reason   string // "" is believed
	}{
		{"the good one", f.envelope(protected, good), ""},
		{"no alg", header(number(4), f.kid(), number(16), text("lockstep/answer")), "header"},
		{"alg 0", alg(number(0)), "alg"},
		{"alg none as text", alg(text("none")), "header"},
		{"alg ES384", alg(number(-35)), "alg"},
		{"alg ES256 with an Ed25519 key", alg(number(-7)), "alg"},
		{"alg as a longer integer", alg([]byte{0x38, 0x07}), "header"},
		{"alg as a float", alg([]byte{0xf9, 0xc8, 0x00}), "header"},
		{"no typ", header(number(1), number(-8), number(4), f.kid()), "header"},
		{"another typ", header(number(1), number(-8), number(4), f.kid(), number(16), text("lockstep/manifest")), "typ"},
		{"typ as a number", header(number(1), number(-8), number(4), f.kid(), number(16), number(1)), "header"},
		{"no kid", header(number(1), number(-8), number(16), text("lockstep/answer")), "header"},
		{"a short kid", header(number(1), number(-8), number(4), cborBytes([]byte{1}), number(16), text("lockstep/answer")), "header"},
		{"crit", header(number(1), number(-8), number(2), array(number(99)), number(4), f.kid(), number(16), text("lockstep/answer")), "header"},
		{"one header more", header(number(1), number(-8), number(4), f.kid(), number(5), cborBytes(nil), number(16), text("lockstep/answer")), "header"},
		{"headers in another order", header(number(4), f.kid(), number(1), number(-8), number(16), text("lockstep/answer")), "header"},
		{"a header twice", header(number(1), number(-8), number(1), number(-8), number(4), f.kid(), number(16), text("lockstep/answer")), "header"},
		{"an empty protected header", f.envelope(nil, good), "header"},
		{"something in the unprotected header", array(cborBytes(protected), pairs(number(4), f.kid()), cborBytes(good), f.signature(protected, good)), "header"},
		{"the unprotected header is no map", array(cborBytes(protected), array(), cborBytes(good), f.signature(protected, good)), "header"},
		{"no payload", array(cborBytes(protected), pairs(), []byte{0xf6}, f.signature(protected, nil)), "payload"},
		{"an empty payload", f.envelope(protected, nil), "payload"},
		{"three parts", array(cborBytes(protected), pairs(), cborBytes(good)), "parse"},
		{"five parts", array(cborBytes(protected), pairs(), cborBytes(good), f.signature(protected, good), number(0)), "parse"},
		{"a tagged COSE_Sign1", append([]byte{0xd2}, f.envelope(protected, good)...), "parse"},
		{"an array of indefinite length", append(append([]byte{0x9f}, f.envelope(protected, good)[1:]...), 0xff), "parse"},
		{"a trailing byte", append(f.envelope(protected, good), 0), "parse"},
		{"a signature of 63 bytes", array(cborBytes(protected), pairs(), cborBytes(good), cborBytes(make([]byte, 63))), "signature"},
		{"no signature", array(cborBytes(protected), pairs(), cborBytes(good), cborBytes(nil)), "signature"},
		{"too large", f.envelope(protected, answer(number(5), text(string(make([]byte, statement.MaxSize))))), "size"},

		{"payload of indefinite length", f.envelope(protected, indefinite), "parse"},
		{"text of indefinite length", f.envelope(protected, replaced(1, []byte{0x7f, 0x62, 'l', '1', 0xff})), "parse"},
		{"a key twice", f.envelope(protected, answer(number(4), number(8))), "parse"},
		{"an unknown key", f.envelope(protected, answer(number(9), number(1))), "parse"},
		{"a compartment field", f.envelope(protected, answer(text("compartment"), number(3))), "parse"},
		{"keys in another order", f.envelope(protected, pairs(append(answerPairs()[2:], answerPairs()[:2]...)...)), "parse"},
		{"an integer in two bytes", f.envelope(protected, replaced(7, []byte{0x18, 0x08})), "parse"},
		{"a length in two bytes", f.envelope(protected, replaced(1, []byte{0x78, 0x02, 'l', '1'})), "parse"},
		{"a float", f.envelope(protected, replaced(7, []byte{0xf9, 0x48, 0x00})), "parse"},
		{"a negative size", f.envelope(protected, answer(number(6), number(-1))), "parse"},
		{"a size beyond a byte", f.envelope(protected, answer(number(6), number(256))), "parse"},
		{"an empty field that is left out", f.envelope(protected, answer(number(6), number(0))), "parse"},
		{"a tagged number", f.envelope(protected, replaced(7, append([]byte{0xc2}, cborBytes([]byte{8})...))), "parse"},
		{"null for a number", f.envelope(protected, replaced(7, []byte{0xf6})), "parse"},
		{"a short nonce", f.envelope(protected, replaced(3, cborBytes(make([]byte, 15)))), "parse"},
		{"a long nonce", f.envelope(protected, replaced(3, cborBytes(make([]byte, 17)))), "parse"},
		{"text that is not UTF-8", f.envelope(protected, replaced(1, []byte{0x61, 0xff})), "parse"},
		{"too deep", f.envelope(protected, replaced(7, deep)), "parse"},
		{"a payload that ends early", f.envelope(protected, good[:len(good)-1]), "parse"},
		{"a payload with a trailing byte", f.envelope(protected, append(bytes.Clone(good), 0)), "parse"},
		{"a payload that is null", f.envelope(protected, []byte{0xf6}), "parse"},
		{"a missing field", f.envelope(protected, pairs(answerPairs()[:6]...)), "parse"},
		{"a wish there is not", f.envelope(protected, replaced(7, number(23))), "answer"},
		{"number 0", f.envelope(protected, replaced(5, number(0))), "answer"},
		{"a locker's name with a slash", f.envelope(protected, replaced(1, text("l1/../l2"))), "answer"},
	} {
		_, _, err := statement.Verify[statement.Answer](c.envelope, f.lookup)
		if got := map[bool]string{true: "", false: statement.Reason(err)}[err == nil]; got != c.reason {
			t.Errorf("%s: got %q (%v), want %q", c.name, got, err, c.reason)
		}
	}
}

func TestNoStatementIsReadAsAnother(t *testing.T) {
	f := newForge()
	for _, typ := range []statement.Type{statement.TypeCharter, statement.TypeLocker, statement.TypeCourier, statement.TypeManifest,
		statement.TypeReceipt, statement.TypeChallenge, statement.TypeHead, statement.TypeSealedContact, statement.TypeContactKey} {
		protected := pairs(number(1), number(-8), number(4), f.kid(), number(16), text(string(typ)))
		_, _, err := statement.Verify[statement.Answer](f.envelope(protected, pairs(answerPairs()...)), f.lookup)
		if statement.Reason(err) != "typ" {
			t.Errorf("a %s was read as an answer: %v", typ, err)
		}
	}
}

// TestPersonsAreCounted holds VerifyAll to distinct persons over one payload.
func TestPersonsAreCounted(t *testing.T) {
	var signers []*statement.Signer
	role := statement.Role{Threshold: 2}
	for _, person := range []statement.Person{"ann", "ann", "bob"} {
		signers = append(signers, newSigner(t))
		role.Holders = append(role.Holders, statement.Holder{Person: person, Key: signers[len(signers)-1].Key()})
	}
	sign := func(s *statement.Signer, h statement.Head) []byte {
		envelope, err := statement.Sign(s, h)
		if err != nil {
			t.Fatal(err)
		}
		return envelope
	}
	other := head
	other.Position++
	ann, annToo, bob := sign(signers[0], head), sign(signers[1], head), sign(signers[2], head)
	for _, c := range []struct {
		name      string
		envelopes [][]byte
		reason    string
	}{
		{"two persons", [][]byte{ann, bob}, ""},
		{"three keys", [][]byte{ann, annToo, bob}, ""},
		{"two keys of one person", [][]byte{ann, annToo}, "persons"},
		{"one envelope twice", [][]byte{ann, ann}, "persons"},
		{"one person", [][]byte{bob}, "persons"},
		{"nobody", nil, "persons"},
		{"two payloads", [][]byte{ann, sign(signers[2], other)}, "payload"},
		{"a stranger among them", [][]byte{ann, bob, sign(newSigner(t), head)}, "key"},
		{"too many", bytes.Split(bytes.Repeat([]byte("x "), 33), []byte(" ")), "size"},
	} {
		_, err := statement.VerifyAll[statement.Head](c.envelopes, role)
		if got := map[bool]string{true: "", false: statement.Reason(err)}[err == nil]; got != c.reason {
			t.Errorf("%s: got %q (%v), want %q", c.name, got, err, c.reason)
		}
	}
	if _, err := statement.VerifyAll[statement.Head]([][]byte{ann, bob}, statement.Role{}); statement.Reason(err) != "role" {
		t.Errorf("a role that nobody holds: %v", err)
	}
}
