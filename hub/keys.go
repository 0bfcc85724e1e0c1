package hub

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/statement"
	"lockstep/hub/internal/edge"
)

// keys is what the hub's key folder holds. charter.bundle, dispatch.seed and time-hub.seed must be there, charters/*.bundle for
// each charter before that one, carrier-house.seed where the charter says that a house carrier's key lies at the hub; ca.key, ca.crt and
// body.hmac are made at first start.
type keys struct {
	charter        statement.Charter   // the one that holds
	charters       []statement.Charter // all this network has had, oldest first
	bundles        [][]byte            // as the files hold them
	dispatch, time *statement.Signer
	house          map[string]*statement.Signer // by carrier
	authority      *edge.Authority
	body           []byte // keys the digests of request bodies, which hold contacts
}

func readKeys(dir string, now func() time.Time) (k keys, err error) {
	if k.charters, k.bundles, err = ceremony.ReadCharters(dir); err != nil {
		return k, fmt.Errorf("hub: the charter: %w", err)
	}
	k.charter = k.charters[0]
	slices.Reverse(k.charters)
	slices.Reverse(k.bundles)
	if k.dispatch, err = readSigner(dir, "dispatch.seed", k.charter.Dispatch); err != nil {
		return k, err
	}
	if k.time, err = readSigner(dir, "time-hub.seed", k.charter.Time); err != nil {
		return k, err
	}
	if k.house, err = readHouse(dir, k.charter); err != nil {
		return k, err
	}
	if k.authority, err = edge.OpenAuthority(dir, now); err != nil {
		return k, err
	}
	k.body, err = readOrMake(filepath.Join(dir, "body.hmac"))
	return k, err
}

func readSigner(dir, name string, role statement.Role) (*statement.Signer, error) {
	signer, err := ceremony.ReadSigner(filepath.Join(dir, name))
	if err != nil {
		return nil, fmt.Errorf("hub: key %s: %w", name, err)
	}
	if _, ok := role.Lookup(signer.Key().ID()); !ok {
		return nil, fmt.Errorf("hub: key %s does not hold its role in the charter", name)
	}
	return signer, nil
}

func readHouse(dir string, charter statement.Charter) (map[string]*statement.Signer, error) {
	house := map[string]*statement.Signer{}
	for _, carrier := range charter.Carriers {
		if !carrier.KeyAtHub {
			continue
		}
		signer, err := readSigner(dir, "carrier-"+carrier.ID+".seed", carrier.Keys)
		if err != nil {
			return nil, err
		}
		house[carrier.ID] = signer
	}
	return house, nil
}

// readOrMake reads a 32-byte key, hexadecimal, or draws it. Of two processes that draw at once one wins, and both read that.
func readOrMake(path string) ([]byte, error) {
	drawn := make([]byte, 32)
	rand.Read(drawn)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = file.WriteString(hex.EncodeToString(drawn) + "\n")
		return drawn, errors.Join(err, file.Sync(), file.Close())
	}
	if !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("hub: %w", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("hub: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(data)))
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("hub: %s: not a 32-byte hexadecimal key", path)
	}
	return key, nil
}
