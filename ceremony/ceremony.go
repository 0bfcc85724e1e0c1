// Package ceremony makes the development network that tests and the demo run on, and reads the files of any network's keys and
// charter.
package ceremony

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"lockstep/guard/statement"
)

// Development is every key of a throw-away network and its charter. Nobody should ever hold all of this at once; that is
// why its charter says Development and drives only pseudo-terminals.
type Development struct {
	Roots        []*statement.Signer
	Provisioning []*statement.Signer
	Dispatch     *statement.Signer   // the hub's
	Time         []*statement.Signer // hub, notifier, one more
	Carrier      *statement.Signer   // the house carrier's, at the hub
	Operators    []*statement.Signer // two of them together override and lift
	Technicians  []*statement.Signer
	Payment      *statement.Signer
	SealKey      []byte // the notifier's private HPKE key
	Charter      statement.Charter
	Bundle       statement.Bundle // the charter's envelopes
	seeds        map[string][]byte
}

// HouseCarrier is the carrier that a development network's hub runs itself.
const HouseCarrier = "house"

// NewDevelopment makes a development network with fresh keys. Further carriers keep their own: only their public keys come here.
func NewDevelopment(network string, carriers ...statement.Carrier) (*Development, error) {
	d := &Development{seeds: map[string][]byte{}}
	for _, n := range []string{"root-1", "root-2", "root-3"} {
		d.Roots = append(d.Roots, d.newKey(n))
	}
	for _, n := range []string{"provisioning-1", "provisioning-2"} {
		d.Provisioning = append(d.Provisioning, d.newKey(n))
	}
	d.Dispatch = d.newKey("dispatch")
	for _, n := range []string{"time-hub", "time-notifier", "time-third"} {
		d.Time = append(d.Time, d.newKey(n))
	}
	d.Carrier = d.newKey("carrier-house")
	for _, n := range []string{"operator-1", "operator-2", "operator-3"} {
		d.Operators = append(d.Operators, d.newKey(n))
	}
	for _, n := range []string{"technician-1", "technician-2"} {
		d.Technicians = append(d.Technicians, d.newKey(n))
	}
	d.Payment = d.newKey("payment")
	private, public, err := statement.NewSealKey()
	if err != nil {
		return nil, err
	}
	d.SealKey = private
	d.Charter = statement.Charter{
		Network: network, Epoch: 1, Development: true,
		Roots: role("root", 2, d.Roots...), Provisioning: role("provisioning", 2, d.Provisioning...), Dispatch: role("dispatch", 1, d.Dispatch),
		Time: role("time", 1, d.Time...), Operators: role("operator", 2, d.Operators...), Technicians: role("technician", 1, d.Technicians...),
		Carriers: append([]statement.Carrier{{ID: HouseCarrier, Keys: role(HouseCarrier, 1, d.Carrier), KeyAtHub: true}}, carriers...),
		Notifier: public, Payments: role("payment", 1, d.Payment),
	}
	d.Bundle, err = SignAll(d.Charter, d.Roots...)
	return d, err
}

func (d *Development) newKey(name string) *statement.Signer {
	seed := statement.NewSeed()
	d.seeds[name] = seed
	signer, err := statement.SignerFromSeed(seed)
	if err != nil {
		panic(err) // a fresh seed always makes a key
	}
	return signer
}

// role is held by "<name> 1", "<name> 2" and so on.
func role(name string, threshold uint8, signers ...*statement.Signer) statement.Role {
	r := statement.Role{Threshold: threshold}
	for i, s := range signers {
		person := statement.Person(fmt.Sprintf("%s %d", name, i+1))
		r.Holders = append(r.Holders, statement.Holder{Person: person, Key: s.Key()})
	}
	return r
}

// SignAll signs one statement by several persons.
func SignAll(s statement.Statement, signers ...*statement.Signer) (statement.Bundle, error) {
	var b statement.Bundle
	for _, signer := range signers {
		envelope, err := statement.Sign(signer, s)
		if err != nil {
			return b, err
		}
		b.Envelopes = append(b.Envelopes, envelope)
	}
	return b, nil
}

// SignLocker makes the certificate of a development locker.
func (d *Development) SignLocker(l statement.Locker) (statement.Bundle, error) {
	return SignAll(l, d.Provisioning...)
}

// Save writes the network into a directory of its own: charter.bundle, notifier.seal, and one NAME.seed per key, hexadecimal.
func (d *Development) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	charter, err := d.Bundle.Encode()
	if err != nil {
		return err
	}
	files := map[string][]byte{"charter.bundle": charter, "notifier.seal": []byte(hex.EncodeToString(d.SealKey) + "\n")}
	for name, seed := range d.seeds {
		files[name+".seed"] = []byte(hex.EncodeToString(seed) + "\n")
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// KeyView is a public key: what the roots put into the charter, and what persons compare.
type KeyView struct {
	Algorithm   string `json:"algorithm"`
	Public      string `json:"public"` // hexadecimal
	ID          string `json:"id"`
	Fingerprint string `json:"fingerprint"`
}

// InitKey makes a NAME.seed file and shows the key's public half; a key that is there already is shown and kept.
func InitKey(dir, name string) (KeyView, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return KeyView{}, err
	}
	path := filepath.Join(dir, name+".seed")
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(file, hex.EncodeToString(statement.NewSeed()))
		err = errors.Join(err, file.Sync(), file.Close())
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return KeyView{}, err
	}
	signer, err := ReadSigner(path)
	if err != nil {
		return KeyView{}, err
	}
	key := signer.Key()
	return KeyView{"Ed25519", hex.EncodeToString(key.Public), key.ID().String(), key.Fingerprint()}, nil
}

// ReadSigner reads a NAME.seed file.
func ReadSigner(path string) (*statement.Signer, error) {
	seed, err := readHex(path)
	if err != nil {
		return nil, err
	}
	return statement.SignerFromSeed(seed)
}

// ReadCharter reads and verifies a charter.bundle file.
func ReadCharter(path string) (statement.Charter, statement.Bundle, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return statement.Charter{}, statement.Bundle{}, err
	}
	bundle, err := statement.DecodeBundle(data)
	if err != nil {
		return statement.Charter{}, bundle, err
	}
	charter, err := statement.VerifyCharter(bundle.Envelopes)
	return charter, bundle, err
}

func readHex(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return fromHex(keyFile{path, data})
}

func fromHex(f keyFile) ([]byte, error) {
	key, err := hex.DecodeString(strings.TrimSpace(string(f.data)))
	if err != nil {
		return nil, fmt.Errorf("%s: not a hexadecimal key", f.path)
	}
	return key, nil
}
