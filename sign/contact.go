package sign

import (
	"fmt"
	"slices"

	"lockstep/guard/statement"
	"lockstep/sign/desk"
)

type contactFiles struct {
	Files []string `arg:"" help:"The merchant's request, and what others have signed of it."`
	charterFlag
}

// paper takes the request's own signature out: it shows that whoever asks has the key, and is none of an operator.
func (f contactFiles) paper(d *desk.Desk) (*paper[statement.ContactKey], error) {
	charter, err := f.read(d)
	if err != nil {
		return nil, err
	}
	key, bundle, err := load[statement.ContactKey](d, f.Files)
	if err != nil {
		return nil, err
	}
	if key.Network != charter.Network {
		return nil, fmt.Errorf("it is for the network %s, the charter is of %s", key.Network, charter.Network)
	}
	all := len(bundle.Envelopes)
	bundle.Envelopes = slices.DeleteFunc(bundle.Envelopes, func(e []byte) bool {
		_, _, err := statement.Verify[statement.ContactKey](e, only(key.Key))
		return err == nil
	})
	return contactPaper(key, bundle, charter, len(bundle.Envelopes) < all), nil
}

// contactPaper: held says that the key itself was seen to have signed.
func contactPaper(k statement.ContactKey, bundle statement.Bundle, charter statement.Charter, held bool) *paper[statement.ContactKey] {
	var before *statement.ContactKey
	if k.Serial > 1 {
		before = &statement.ContactKey{Network: k.Network, Merchant: k.Merchant, Prefix: k.Prefix, Serial: k.Serial - 1}
	}
	return &paper[statement.ContactKey]{
		said: k, bundle: bundle,
		sides:    []side{{"operators", charter.Operators, max(2, int(charter.Operators.Threshold))}},
		complete: func(e [][]byte) error { _, err := statement.VerifyContactKey(e, charter, before); return err },
		words:    func(d *desk.Desk) { sayContactKey(d, k, held) },
		what:     "the first digits of the range and the last four of the key's fingerprint", want: k.Prefix + " " + tail(k.Key.Fingerprint()),
		addressee: "the merchant, who hands it in (PUT /v1/contact-key)",
	}
}

func tail(fingerprint string) string { return fingerprint[len(fingerprint)-4:] }

func sayContactKey(d *desk.Desk, k statement.ContactKey, held bool) {
	d.Say("")
	d.Say("CONTACT KEY: from now on the notifier believes this key, and only this key, who the parcels of a number range are for.")
	d.Say("")
	d.Say("  network   %s", k.Network)
	d.Say("  merchant  %s", k.Merchant)
	d.Say("  range     barcodes that begin with %s", k.Prefix)
	if k.Serial == 1 {
		d.Say("  serial    1, the first key of this range")
	} else {
		d.Say("  serial    %d. It takes the place of the key before without that key's word: the merchant must have told you that it is lost", k.Serial)
	}
	d.Say("  key       %s", k.Key.Fingerprint())
	d.Say("")
	if !held {
		d.Say("!! UNVERIFIED: the key itself has not signed. Give the merchant's request too.")
	}
	d.Say("Hear the fingerprint from somebody you know at the merchant before you sign: with another's key their parcels are told to others.")
}
