package statement

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"

	"github.com/veraison/go-cose"
)

// Alg is a COSE algorithm number (RFC 9053). Only these two are believed.
type Alg int64

const (
	EdDSA Alg = -8 // Ed25519
	ES256 Alg = -7 // ECDSA on P-256 with SHA-256, signature r‖s
)

// Key is a public key with the only algorithm it may be used with.
type Key struct {
	Alg    Alg    `cbor:"1,keyasint"`
	Public []byte `cbor:"2,keyasint"` // Ed25519: 32 bytes. ES256: the uncompressed point, 65 bytes.
}

// KeyID names a key: the first 16 bytes of SHA-256 over the key's canonical CBOR.
type KeyID [16]byte

func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// ID is the name under which envelopes refer to the key.
func (k Key) ID() KeyID {
	sum := sha256.Sum256(encode(k))
	return KeyID(sum[:16])
}

// Equal reports whether both are the same key for the same algorithm.
func (k Key) Equal(o Key) bool { return k.Alg == o.Alg && string(k.Public) == string(o.Public) }

// only is the lookup of a role that this key alone holds.
func (k Key) only(id KeyID) (Key, bool) { return k, k.ID() == id }

// Fingerprint is what a person compares: the key's ID in groups of four hex digits.
func (k Key) Fingerprint() string {
	id := k.ID().String()
	out := id[:4]
	for i := 4; i < len(id); i += 4 {
		out += " " + id[i:i+4]
	}
	return out
}

// Check says whether the key can be used at all.
func (k Key) Check() error {
	_, err := k.public()
	return err
}

// public is the key as the standard library knows it.
func (k Key) public() (crypto.PublicKey, error) {
	switch k.Alg {
	case EdDSA:
		if len(k.Public) != ed25519.PublicKeySize {
			return nil, refuse("key", "an Ed25519 key has 32 bytes, not %d", len(k.Public))
		}
		return ed25519.PublicKey(k.Public), nil
	case ES256:
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), k.Public)
		if err != nil {
			return nil, refuse("key", "not an uncompressed point on P-256")
		}
		return public, nil
	}
	return nil, refuse("alg", "algorithm %d is not EdDSA or ES256", k.Alg)
}

// verify checks a COSE signature: Ed25519's 64 bytes, or r‖s of 32 bytes each (RFC 9053 §2.1, §2.2).
func (k Key) verify(message, signature []byte) error {
	public, err := k.public()
	if err != nil {
		return err
	}
	good := false
	switch public := public.(type) {
	case ed25519.PublicKey:
		good = ed25519.Verify(public, message, signature)
	case *ecdsa.PublicKey:
		digest := sha256.Sum256(message)
		good = len(signature) == 64 && ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	}
	if !good {
		return refuse("signature", "the signature does not verify")
	}
	return nil
}

// Signer makes envelopes with one private key.
type Signer struct {
	key    Key
	signer cose.Signer
}

// Key is the public half.
func (s *Signer) Key() Key { return s.key }

// NewSigner wraps an Ed25519 or P-256 private key, which may live in a file, an agent or a chip.
func NewSigner(private crypto.Signer) (*Signer, error) {
	switch public := private.Public().(type) {
	case ed25519.PublicKey:
		signer, err := cose.NewSigner(cose.AlgorithmEdDSA, private)
		return &Signer{Key{EdDSA, public}, signer}, err
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			return nil, fmt.Errorf("statement: an ECDSA key must be on P-256")
		}
		point, err := public.Bytes()
		if err != nil {
			return nil, fmt.Errorf("statement: %w", err)
		}
		signer, err := cose.NewSigner(cose.AlgorithmES256, private)
		return &Signer{Key{ES256, point}, signer}, err
	}
	return nil, fmt.Errorf("statement: cannot sign with a %T", private)
}

// SignerElsewhere makes envelopes with a key that is kept elsewhere, such as in an agent. sign is given the message itself and
// gives the COSE signature: Ed25519's 64 bytes, or r‖s of 32 bytes each.
func SignerElsewhere(key Key, sign func(message []byte) ([]byte, error)) (*Signer, error) {
	return &Signer{key, elsewhere{cose.Algorithm(key.Alg), sign}}, key.Check()
}

type elsewhere struct {
	alg  cose.Algorithm
	sign func(message []byte) ([]byte, error)
}

func (e elsewhere) Algorithm() cose.Algorithm { return e.alg }

func (e elsewhere) Sign(_ io.Reader, message []byte) ([]byte, error) { return e.sign(message) }

// SignerFromSeed makes the Ed25519 signer of a 32-byte seed.
func SignerFromSeed(seed []byte) (*Signer, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("statement: a seed has %d bytes, not %d", ed25519.SeedSize, len(seed))
	}
	return NewSigner(ed25519.NewKeyFromSeed(seed))
}

// NewSeed draws the seed of a new Ed25519 key.
func NewSeed() []byte {
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed)
	return seed
}
