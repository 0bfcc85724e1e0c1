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
	return s.signer.Key(), nil
}

func makeSecrets(dir string) (secrets, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return secrets{}, err
	}
	var drawn [64]byte
	rand.Read(drawn[:])
	path := filepath.Join(dir, keyFile)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return secrets{}, err
	}
	defer file.Close()
	if _, err := fmt.Fprintln(file, hex.EncodeToString(drawn[:])); err != nil {
		return secrets{}, err
	}
	if err := file.Sync(); err != nil {
		return secrets{}, err
	}
	return parseSecrets(drawn[:])
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
