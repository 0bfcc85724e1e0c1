package guard

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// secrets are what a guard makes for itself and never gives away: the seed of its signing key and the key of its codes' MACs.
type secrets struct {
	signer *statement.Signer
	mac    [32]byte
}

const keyFile = "guard.key"

// Init makes the guard's keys in dir, where there are none, and returns its public key: what is read on site and certified.
func Init(dir string) (statement.Key, error) {
	s, err := readSecrets(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if journal.Exists(journalDir(dir)) {
			return statement.Key{}, fmt.Errorf("guard: %s holds a journal but no %s; a new key would not fit it", dir, keyFile)
		}
		s, err = makeSecrets(dir)
	}
	if err != nil {
		return statement.Key{}, err
	}
	// Also for a key that was there: whoever made it may have been ended before its name was safe.
	return s.signer.Key(), errors.Join(journal.SyncDir(dir), journal.SyncDir(filepath.Dir(dir)))
}

// makeSecrets draws keys. The file has its name only once it is whole: an end in between leaves none, and the next try draws anew.
func makeSecrets(dir string) (secrets, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return secrets{}, err
	}
	unlock, err := lock(dir)
	if err != nil {
		return secrets{}, err
	}
	defer unlock()
	if s, err := readSecrets(dir); !errors.Is(err, fs.ErrNotExist) {
		return s, err // somebody was quicker
	}
	var drawn [64]byte
	rand.Read(drawn[:])
	path := filepath.Join(dir, keyFile)
	if err := writeSafely(path+".new", fmt.Appendln(nil, hex.EncodeToString(drawn[:]))); err != nil {
		return secrets{}, errors.Join(err, os.Remove(path+".new"))
	}
	if err := os.Rename(path+".new", path); err != nil {
		return secrets{}, err
	}
	return parseSecrets(drawn[:])
}

// writeSafely returns when a file's bytes, in the place of any that were there, cannot be lost any more. Its name still can.
func writeSafely(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}

func readSecrets(dir string) (secrets, error) {
	data, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		return secrets{}, err
	}
	drawn, err := hex.DecodeString(strings.TrimSpace(string(data)))
	if err != nil || len(drawn) != 64 {
		return secrets{}, fmt.Errorf("guard: %s does not hold two keys of 32 bytes in hexadecimal", keyFile)
	}
	return parseSecrets(drawn)
}

func parseSecrets(drawn []byte) (secrets, error) {
	signer, err := statement.SignerFromSeed(drawn[:32])
	return secrets{signer, [32]byte(drawn[32:])}, err
}

func journalDir(dir string) string { return filepath.Join(dir, "journal") }

// lock keeps a second process off a guard's directory until unlock is called.
func lock(dir string) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	if err := unix.Flock(int(d.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("guard: another process works in %s", dir), d.Close())
	}
	return func() { d.Close() }, nil
}
