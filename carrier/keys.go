package carrier

import (
	"fmt"
	"path/filepath"

	"lockstep/ceremony"
	"lockstep/guard/statement"
)

// seedName is what the carrier's private key is called in its folder.
const seedName = "carrier"

// keys is what the key folder holds, and what the charter says of it.
type keys struct {
	network, carrier string
	signer           *statement.Signer
}

// Init makes a carrier's key in a folder and shows its public half; a key that is there already is shown and kept.
func Init(dir string) (ceremony.KeyView, error) {
	key, err := ceremony.InitKey(dir, seedName)
	if err != nil {
		return key, fmt.Errorf("carrier: %w", err)
	}
	return key, nil
}

func readKeys(dir string) (keys, error) {
	signer, err := ceremony.ReadSigner(filepath.Join(dir, seedName+".seed"))
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
