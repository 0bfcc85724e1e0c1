package sign

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"lockstep/internal/base45"
	"lockstep/sign/desk"
)

// Texts on QR codes are a prefix and base45; the kiosk's scanner knows the same ones.
const (
	prefixChallenge = "LSQ:" // envelope of a statement.Challenge
	prefixAnswer    = "LSA:" // CBOR of a statement.Presentation
	prefixBundle    = "LSO:" // a statement.Bundle with an override or a lift
)

// maxFile bounds what is read from a file, in bytes.
const maxFile = 1 << 20

// take gives the bytes that a person hands in: a text with its prefix, or "-" to paste one, or a file that holds the text or the
// bytes themselves.
func take(d *desk.Desk, source, prefix string) ([]byte, error) {
	if strings.HasPrefix(source, prefix) {
		return untext(source, prefix)
	}
	if source == "-" {
		line, err := d.Line("Paste the " + prefix + "… text: ")
		if err != nil {
			return nil, err
		}
		return untext(line, prefix)
	}
	data, err := readFile(source)
	if err == nil && strings.HasPrefix(string(data), prefix) {
		return untext(string(data), prefix)
	}
	return data, err
}

// untext decodes a text of ours: after its prefix, where a space at its end is part of it, or the digits that the kiosk shows of a
// challenge for whoever has no camera, in groups or not.
func untext(text, prefix string) ([]byte, error) {
	text = strings.TrimRight(text, "\r\n")
	coded, ok := strings.CutPrefix(text, prefix)
	if digits := strings.Join(strings.Fields(text), ""); !ok && prefix == prefixChallenge && digits != "" {
		if data, err := hex.DecodeString(digits); err == nil {
			return data, nil
		}
	}
	if !ok {
		return nil, fmt.Errorf("not a text that begins with %s", prefix)
	}
	data, err := base45.Decode(coded)
	if err != nil {
		return nil, errors.New("the text is damaged, or not all of it was pasted")
	}
	return data, nil
}

// short is a source as messages name it.
func short(source string) string {
	if len(source) > 60 {
		return source[:60] + "…"
	}
	return source
}

// readFile reads a file that is no longer than any of ours.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s has %d bytes: no file of ours is that long", path, info.Size())
	}
	return os.ReadFile(path)
}

// oldAfter is how long a challenge lives that an override answers.
const oldAfter = 30 * time.Minute

// warnOld says when a file is older than the challenge it answers can live. It does not refuse: nobody trusts this clock.
func warnOld(d *desk.Desk, path string) {
	info, err := os.Stat(path)
	if err != nil {
		return
	}
	if age := d.Now().Sub(info.ModTime()); age > oldAfter {
		d.Say("WARNING: %s is %d minutes old by this computer's clock; the guard forgets its challenge after %d.", path, int(age.Minutes()), int(oldAfter.Minutes()))
	}
}

// show prints bytes as one of our texts and as a QR code.
func show(d *desk.Desk, prefix string, data []byte) {
	text := prefix + base45.Encode(data)
	d.Say("")
	d.Say("%s", text)
	d.QR(text)
}
