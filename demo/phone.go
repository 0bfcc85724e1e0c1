package demo

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"lockstep/guard/statement"
	"lockstep/internal/base45"
)

// Phone is a courier's device, as the courier's page would be one.
type Phone struct {
	key         *ecdsa.PrivateKey
	signer      *statement.Signer
	certificate []byte
	locker      string
	nonce       statement.Nonce
	number      uint32
	shown       bool // the certificate has been shown in this session
}

// Enrol makes a device's key and has it certified by a one-time URL.
func Enrol(ctx context.Context, hub, oneTime string) (*Phone, error) {
	u, err := url.Parse(oneTime)
	if err != nil {
		return nil, err
	}
	token, ok := strings.CutPrefix(u.Fragment, "enrol=")
	if !ok {
		return nil, fmt.Errorf("no token in the enrolment URL")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	signer, err := statement.NewSigner(key)
	if err != nil {
		return nil, err
	}
	proof, err := sign(key, []byte("lockstep courier enrolment"+token))
	if err != nil {
		return nil, err
	}
	var enrolled struct {
		Certificate []byte `json:"certificate"`
	}
	body := map[string]any{"token": token, "key": signer.Key().Public, "proof": proof}
	err = call(ctx, http.MethodPost, hub+"/courier/v1/enrol", nil, body, &enrolled)
	return &Phone{key: key, signer: signer, certificate: enrolled.Certificate}, err
}

// sign is WebCrypto's ECDSA signature: r‖s, 32 bytes each.
func sign(key *ecdsa.PrivateKey, message []byte) ([]byte, error) {
	sum := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		return nil, err
	}
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out, nil
}

// Point reads the challenge that the kiosk shows as a QR code.
func (p *Phone) Point(text string) error {
	coded, ok := strings.CutPrefix(text, "LSQ:")
	if !ok {
		return fmt.Errorf("the screen shows no challenge")
	}
	envelope, err := base45.Decode(coded)
	if err != nil {
		return err
	}
	// Who signed it is the guard's business: a phone that was shown another locker's challenge signs what no guard takes.
	c, err := statement.ReadUnverified[statement.Challenge](envelope)
	if err != nil {
		return err
	}
	p.locker, p.nonce, p.number, p.shown = c.Locker, c.Nonce, 0, false
	return nil
}

// Show signs the next answer and returns the text of the QR code on the phone's screen.
func (p *Phone) Show(want statement.Want, barcode string, size uint8) (string, error) {
	p.number++
	envelope, err := statement.Sign(p.signer, statement.Answer{Locker: p.locker, Nonce: p.nonce, Number: p.number, Want: want,
		Barcode: barcode, Size: size})
	if err != nil {
		return "", err
	}
	presentation := statement.Presentation{Answer: envelope}
	if !p.shown {
		presentation.Certificate, p.shown = p.certificate, true
	}
	return "LSA:" + base45.Encode(statement.Encode(presentation)), nil
}
