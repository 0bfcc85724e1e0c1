package sign_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"lockstep/guard/statement"
	"lockstep/internal/base45"
)

// request writes what a merchant's software makes: a contact key that its own key has signed.
func (c *ceremony) request(name string, k statement.ContactKey, by string) {
	c.t.Helper()
	envelope, err := statement.Sign(signerOf(c.t, by), k)
	if err != nil {
		c.t.Fatal(err)
	}
	data, err := statement.Bundle{Envelopes: [][]byte{envelope}}.Encode()
	if err != nil {
		c.t.Fatal(err)
	}
	c.write(name, string(data))
}

// TestContactKey: two operators sign a merchant's first key, and later one after a lost one.
func TestContactKey(t *testing.T) {
	c, charter := chartered(t)
	for serial, lost := range []*statement.ContactKey{nil, {Network: "spb", Merchant: "Book shop", Prefix: "20001", Serial: 1}} {
		k := statement.ContactKey{Network: "spb", Merchant: "Book shop", Prefix: "20001", Key: signerOf(t, "shop").Key(), Serial: uint64(serial + 1)}
		c.request("shop.request", k, "shop")
		typed := "20001 " + k.Key.Fingerprint()[len(k.Key.Fingerprint())-4:]
		first, second := fmt.Sprint("@c", serial), fmt.Sprint("@d", serial)
		olga, oleg := c.laptop("olga"), c.laptop("oleg")
		olga.types(typed).run("contact", "sign", "@shop.request", "--charter", "@charter.bundle", "--key", "agent", "--out", first)
		olga.refused("not complete", "contact", "check", first, "--charter", "@charter.bundle")
		olga.transcript([]string{"contact-first", "contact-lost"}[serial])
		oleg.types(typed).run("contact", "sign", "@shop.request", first, "--charter", "@charter.bundle", "--key", "agent", "--out", second)
		got, err := statement.VerifyContactKey(c.envelopes(second[1:]), charter, lost)
		if err != nil || !got.Key.Equal(k.Key) {
			t.Errorf("serial %d: %+v, %v", k.Serial, got, err)
		}
		if strings.Contains(oleg.out.String(), "UNVERIFIED") {
			t.Error("the key's own signature was not seen")
		}
	}
}

func TestContactKeysRefused(t *testing.T) {
	c, _ := chartered(t)
	k := statement.ContactKey{Network: "spb", Merchant: "Book shop", Prefix: "20001", Key: signerOf(t, "shop").Key(), Serial: 1}
	olga := c.laptop("olga")
	sign := []string{"contact", "sign", "@request", "--charter", "@charter.bundle", "--key", "agent", "--out", "@x"}
	c.request("request", k, "another")
	olga.refused("signature 1", sign...)
	c.request("request", k, "shop")
	olga.types("20001").refused("not confirmed", sign...)
	c.laptop("tina").refused("among its operators", sign...)
	k.Network = "msk"
	c.request("request", k, "shop")
	olga.refused("the network msk", sign...)
}

// TestChallengeDigitByDigit: whoever has no camera reads out what the kiosk shows in groups of four.
func TestChallengeDigitByDigit(t *testing.T) {
	c, _ := provisioned(t)
	_, code := challenge(t, "guard", statement.ForOverride)
	envelope, err := base45.Decode(strings.TrimPrefix(code, "LSQ:"))
	if err != nil {
		t.Fatal(err)
	}
	var groups []string
	for digits := hex.EncodeToString(envelope); digits != ""; {
		n := min(4, len(digits))
		groups, digits = append(groups, strings.ToUpper(digits[:n])), digits[n:]
	}
	olga := c.laptop("olga")
	args := []string{"override", "-", "--compartment", "7", "--parcel", "none", "--reason", reason, "--certificate", "@locker.bundle",
		"--charter", "@charter.bundle", "--key", "agent", "-o", "@o1"}
	olga.types(strings.Join(groups[1:], " ")).refused("", args...)
	olga.types(strings.Join(groups, " "), "7 spb-7").run(args...)
	if strings.Contains(olga.out.String(), "UNVERIFIED") {
		t.Error("the guard's signature was not seen")
	}
}
