package keys

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"

	"lockstep/guard/statement"
)

// File is a key file: who holds the key, and its seed under a passphrase. Person and role are what was said when it was made; what
// counts is what the charter says of the public key.
type File struct {
	Format string `json:"lockstep_key"` // "1"
	Person string `json:"person"`
	Role   string `json:"role"`
	Public string `json:"public"` // see Text
	Sealed []byte `json:"sealed"` // an age file (age-encryption.org/v1) with a scrypt recipient; the plaintext is the seed
}

const format = "1"

// MinPassphrase is how many characters a passphrase has at least.
const MinPassphrase = 12

// maxWork bounds what opening a key file may cost, as the power of two of scrypt's work; age's own default is 18.
const maxWork = 20

// New writes a file with a new Ed25519 key, where there is no file yet. work is the power of two of scrypt's work.
func New(path, person, role, passphrase string, work int) (File, error) {
	if len([]rune(passphrase)) < MinPassphrase {
		return File{}, fmt.Errorf("a passphrase has at least %d characters", MinPassphrase)
	}
	seed := statement.NewSeed()
	signer, err := statement.SignerFromSeed(seed)
	if err != nil {
		return File{}, err
	}
	f := File{Format: format, Person: person, Role: role, Public: Text(signer.Key())}
	if f.Sealed, err = sealSeed(seed, passphrase, work); err != nil {
		return File{}, err
	}
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return File{}, err
	}
	return f, writeNew(path, append(data, '\n'))
}

func sealSeed(seed []byte, passphrase string, work int) ([]byte, error) {
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, err
	}
	recipient.SetWorkFactor(work)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, recipient)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(seed)
	err = errors.Join(err, w.Close())
	return out.Bytes(), err
}

// Read reads a key file without opening it. A file that others than its owner can read is refused: its passphrase is then all
// that protects it.
func Read(path string) (File, error) {
	var f File
	info, err := os.Stat(path)
	if err != nil {
		return f, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return f, fmt.Errorf("%s can be read by others (mode %04o): run chmod 600 on it, and think about who has read it", path, info.Mode().Perm())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	in := json.NewDecoder(bytes.NewReader(data))
	in.DisallowUnknownFields()
	if err := in.Decode(&f); err != nil || f.Format != format {
		return f, fmt.Errorf("%s is not a key file of this program", path)
	}
	if _, err := f.Key(); err != nil {
		return f, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// Key is the public half.
func (f File) Key() (statement.Key, error) { return Parse(f.Public) }

// ErrPassphrase is a passphrase that does not open a key file.
var ErrPassphrase = errors.New("the passphrase does not open this key")

// Open gives the signer of the file's key.
func (f File) Open(passphrase string) (*statement.Signer, error) {
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, err
	}
	identity.SetMaxWorkFactor(maxWork)
	plain, err := age.Decrypt(bytes.NewReader(f.Sealed), identity)
	if errors.As(err, new(*age.NoIdentityMatchError)) {
		return nil, ErrPassphrase
	}
	if err != nil {
		return nil, fmt.Errorf("the key file is damaged: %w", err)
	}
	seed, err := io.ReadAll(io.LimitReader(plain, 64))
	if err != nil {
		return nil, errors.New("the key file is damaged")
	}
	signer, err := statement.SignerFromSeed(seed)
	if err != nil {
		return nil, err
	}
	if Text(signer.Key()) != f.Public {
		return nil, errors.New("the key file names another public key than the one it holds")
	}
	return signer, nil
}
