package carrier

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"lockstep/ceremony"
	"lockstep/guard/statement"
)

// seedFile is the carrier's private key in its folder, hexadecimal.
const seedFile = "carrier.seed"

// keys is what the key folder holds, and what the charter says of it.
type keys struct {
	network, carrier string
	signer           *statement.Signer
}

// KeyView is a carrier's public key: what the roots put into the charter, and what persons compare.
type KeyView struct {
	Algorithm   string `json:"algorithm"`
	Public      string `json:"public"` // hexadecimal
	ID          string `json:"id"`
	Fingerprint string `json:"fingerprint"`
}

// Init makes a carrier's key in a folder and shows its public half; a key that is there already is shown and kept.
func Init(dir string) (KeyView, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return KeyView{}, fmt.Errorf("carrier: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, seedFile), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(file, hex.EncodeToString(statement.NewSeed()))
		err = errors.Join(err, file.Sync(), file.Close())
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return KeyView{}, fmt.Errorf("carrier: %w", err)
	}
	signer, err := ceremony.ReadSigner(filepath.Join(dir, seedFile))
	if err != nil {
		return KeyView{}, fmt.Errorf("carrier: %w", err)
	}
	key := signer.Key()
	return KeyView{"Ed25519", hex.EncodeToString(key.Public), key.ID().String(), key.Fingerprint()}, nil
}

func readKeys(dir string) (keys, error) {
	signer, err := ceremony.ReadSigner(filepath.Join(dir, seedFile))
	if err != nil {
		return keys{}, fmt.Errorf("carrier: no key; make one with lockstep carrier init: %w", err)
	}
	charter, _, err := ceremony.ReadCharter(filepath.Join(dir, "charter.bundle"))
	if err != nil {
		return keys{}, fmt.Errorf("carrier: the charter, which the network's operator gives you once it names your key: %w", err)
	}
	for _, known := range charter.Carriers {
		if _, ok := known.Keys.Lookup(signer.Key().ID()); !ok {
			continue
		}
		if known.KeyAtHub {
			return keys{}, fmt.Errorf("carrier: the charter says that the hub keeps the key of carrier %q; this service is for keys that it does not", known.ID)
		}
		return keys{charter.Network, known.ID, signer}, nil
	}
	return keys{}, fmt.Errorf("carrier: the charter of network %q, epoch %d, gives the key with fingerprint %s to no carrier; its roots have to sign one that does",
		charter.Network, charter.Epoch, signer.Key().Fingerprint())
}
