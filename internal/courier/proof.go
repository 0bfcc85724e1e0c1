package courier

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"fmt"
	"math/big"
	"time"

	"lockstep/guard/statement"
	"lockstep/internal/fault"
)

// proofAge is how far a proof's time may be from ours.
const proofAge = 5 * time.Minute

// EnrolmentMessage is what a device signs to enrol with a token: "lockstep courier enrolment" and the token, nothing between.
func EnrolmentMessage(token string) []byte { return []byte("lockstep courier enrolment" + token) }

// RenewalMessage is what a device signs to renew its courier's certificate; at is µs UTC, written in decimal.
func RenewalMessage(courier string, at int64) []byte {
	return fmt.Appendf(nil, "lockstep courier renewal %s %d", courier, at)
}

// RequestMessage is what a device signs to ask for something: method, path and time in one line.
func RequestMessage(method, path string, at int64) []byte {
	return fmt.Appendf(nil, "lockstep courier request %s %s %d", method, path, at)
}

// proven is the courier whose enrolled device signed a message of now. Denied when it did not, when its time is not of the last
// five minutes, and when its certificate has ended.
func (c *Couriers) proven(ctx context.Context, id string, at int64, message, proof []byte) (Courier, error) {
	if age := c.Now().Sub(time.UnixMicro(at)); age > proofAge || age < -proofAge {
		return Courier{}, fault.New(fault.Denied, "stale_proof", "the proof is not of the last five minutes; check the device's clock")
	}
	held, err := c.enrolled(ctx, id)
	if err != nil {
		return Courier{}, err
	}
	if err := verify(held.Key, message, proof); err != nil {
		return Courier{}, err
	}
	if held.Until < c.now() {
		return Courier{}, fault.New(fault.Denied, "certificate_ended", "the courier's certificate has ended; ask the carrier for a new enrolment")
	}
	return held, nil
}

// verify checks a device's signature over a message; Denied when it does not hold. ES256 is ECDSA on P-256 over SHA-256,
// signature r‖s, as WebCrypto writes it.
func verify(key statement.Key, message, signature []byte) error {
	if key.Check() == nil && signed(key, message, signature) {
		return nil
	}
	return fault.New(fault.Denied, "bad_proof", "the device's signature does not verify")
}

func signed(key statement.Key, message, signature []byte) bool {
	switch key.Alg {
	case statement.EdDSA:
		return ed25519.Verify(key.Public, message, signature)
	case statement.ES256:
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), key.Public)
		if err != nil || len(signature) != 64 {
			return false
		}
		sum := sha256.Sum256(message)
		return ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	}
	return false
}
