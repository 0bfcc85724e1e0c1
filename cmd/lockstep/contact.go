package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"

	"lockstep/internal/contact"
	"lockstep/merchant"
)

type contactCommand struct {
	Key    contactKey    `cmd:"" help:"Make a contact key, and the request for two operators to sign. Shows its fingerprint."`
	Rotate contactRotate `cmd:"" help:"Make the next contact key, signed by the current one, to be handed in as it is."`
	Seal   contactSeal   `cmd:"" help:"Seal the contact on standard input, as JSON, for one barcode; shows it as base64."`
}

// contactNetwork is whose network it is.
type contactNetwork struct {
	Charter string   `required:"" type:"existingfile" env:"LOCKSTEP_CHARTER" help:"The network's charter.bundle, from its people."`
	Before  []string `type:"existingfile" help:"Charters before it, oldest first, where it is not the first."`
}

func (c contactNetwork) network() (merchant.Network, error) {
	var files [][]byte
	for _, path := range append(c.Before, c.Charter) {
		data, err := os.ReadFile(path)
		if err != nil {
			return merchant.Network{}, err
		}
		files = append(files, data)
	}
	last := len(files) - 1
	return merchant.ReadNetwork(files[last], files[:last]...)
}

type contactKey struct {
	contactNetwork
	Merchant string `required:"" help:"Your name, as GET /v1/contact-key has it."`
	Prefix   string `required:"" help:"Your number range: the first digits of your barcodes."`
	Serial   uint64 `default:"1" help:"One more than the last, where a lost key is replaced."`
	Key      string `arg:"" type:"path" help:"File to make for the key. Whoever reads it seals in your name."`
	Request  string `arg:"" type:"path" help:"File to make for the request."`
}

func (c contactKey) Run() error { return c.make(os.Stdout) }

func (c contactKey) make(out io.Writer) error {
	network, err := c.network()
	if err != nil {
		return err
	}
	key, err := merchant.NewKey()
	if err != nil {
		return err
	}
	request, err := network.Request(key, c.Merchant, c.Prefix, c.Serial)
	if err != nil {
		return err
	}
	return keep(out, key, c.Key, request, c.Request)
}

type contactRotate struct {
	contactNetwork
	Current   string `required:"" type:"existingfile" help:"File of the current key."`
	Last      string `required:"" type:"existingfile" help:"The current key's statement, as it was handed in."`
	Key       string `arg:"" type:"path" help:"File to make for the next key."`
	Statement string `arg:"" type:"path" help:"File to make for its statement."`
}

func (c contactRotate) Run() error { return c.make(os.Stdout) }

func (c contactRotate) make(out io.Writer) error {
	network, err := c.network()
	if err != nil {
		return err
	}
	current, err := readKey(c.Current)
	if err != nil {
		return err
	}
	last, err := os.ReadFile(c.Last)
	if err != nil {
		return err
	}
	next, err := merchant.NewKey()
	if err != nil {
		return err
	}
	said, err := network.Rotate(last, current, next)
	if err != nil {
		return err
	}
	return keep(out, next, c.Key, said, c.Statement)
}

// keep writes a key and its statement into files of their own, and never over another.
func keep(out io.Writer, key merchant.Key, keyPath string, said []byte, path string) error {
	if err := writeNew(keyPath, key.Encode()); err != nil {
		return err
	}
	if err := writeNew(path, said); err != nil {
		return errors.Join(err, os.Remove(keyPath))
	}
	_, err := fmt.Fprintf(out, "fingerprint %s\nstatement %s\n", key.Fingerprint(), base64.StdEncoding.EncodeToString(said))
	return err
}

func writeNew(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}

type contactSeal struct {
	contactNetwork
	Key     string `required:"" type:"existingfile" env:"LOCKSTEP_CONTACT_KEY" help:"File of your contact key."`
	Barcode string `required:"" help:"One that you have reserved."`
}

func (c contactSeal) Run() error { return c.seal(os.Stdin, os.Stdout) }

func (c contactSeal) seal(in io.Reader, out io.Writer) error {
	network, err := c.network()
	if err != nil {
		return err
	}
	key, err := readKey(c.Key)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(in, 4<<10))
	if err != nil {
		return err
	}
	to, err := contact.Decode(data)
	if err != nil {
		return err
	}
	sealed, err := network.Seal(key, c.Barcode, to)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, base64.StdEncoding.EncodeToString(sealed))
	return err
}

func readKey(path string) (merchant.Key, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return merchant.Key{}, err
	}
	key, err := merchant.ParseKey(data)
	if err != nil {
		return key, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}
