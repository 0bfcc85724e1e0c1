// Package keys opens the private keys that persons sign with: in a file sealed with a passphrase, or in an ssh-agent. It also makes
// the plain seed files of machines' keys.
package keys

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"lockstep/guard/statement"
)

// names are the words for algorithms in texts that persons read and paste.
var names = map[statement.Alg]string{statement.EdDSA: "ed25519", statement.ES256: "p256"}

// Text is a public key as descriptions hold it: "ed25519:" or "p256:" and its bytes in hexadecimal.
func Text(k statement.Key) string { return names[k.Alg] + ":" + hex.EncodeToString(k.Public) }

// Parse reads what Text wrote. Bare hexadecimal is an Ed25519 key, as lockstep-guard prints it.
func Parse(text string) (statement.Key, error) {
	kind, digits, ok := strings.Cut(text, ":")
	if !ok {
		kind, digits = names[statement.EdDSA], text
	}
	public, err := hex.DecodeString(digits)
	if err != nil {
		return statement.Key{}, errors.New("a public key is ed25519: or p256: and hexadecimal digits")
	}
	for alg, name := range names {
		if name == kind {
			k := statement.Key{Alg: alg, Public: public}
			return k, k.Check()
		}
	}
	return statement.Key{}, fmt.Errorf("%s is no kind of key that can sign here, only ed25519 and p256", kind)
}

// writeNew writes a file that only its owner can read, and never over another.
func writeNew(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}

// MakeSeed writes the plain seed file of a machine's new key, as hub and notifier read it, and returns the public half.
func MakeSeed(path string) (statement.Key, error) {
	seed := statement.NewSeed()
	signer, err := statement.SignerFromSeed(seed)
	if err != nil {
		return statement.Key{}, err
	}
	return signer.Key(), writeNew(path, []byte(hex.EncodeToString(seed)+"\n"))
}

// MakeSeal writes the notifier's new private HPKE key, as the notifier reads it, and returns the public half.
func MakeSeal(path string) ([]byte, error) {
	private, public, err := statement.NewSealKey()
	if err != nil {
		return nil, err
	}
	return public, writeNew(path, []byte(hex.EncodeToString(private)+"\n"))
}
