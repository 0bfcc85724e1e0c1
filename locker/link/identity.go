package link

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"lockstep/guard/clock"
)

// The files of an enrolled link's folder, all PEM.
const (
	keyFile         = "link.key" // P-256, PKCS #8
	certificateFile = "link.crt"
	hubFile         = "hub.crt" // the hub's authority, the only one this link trusts
)

const (
	renewIn    = 30 * 24 * time.Hour // before the certificate ends
	renewEvery = 6 * time.Hour       // to look whether it is time
	renewAgain = time.Hour           // after a failure
)

// ErrNotEnrolled is a folder without a link's certificate.
var ErrNotEnrolled = errors.New("link: not enrolled; run: lockstep-locker link --hub URL --dir FOLDER --enrol CODE")

// identity is who this link is to the hub, and whom it takes for the hub.
type identity struct {
	dir    string
	clock  *clock.Clock
	key    *ecdsa.PrivateKey
	hub    *x509.Certificate
	locker string

	mu          sync.Mutex
	certificate *x509.Certificate
	config      *tls.Config
}

func openIdentity(dir string, c *clock.Clock) (*identity, error) {
	i := &identity{dir: dir, clock: c}
	certificate, err := readCertificate(filepath.Join(dir, certificateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotEnrolled
	}
	if err != nil {
		return nil, err
	}
	if i.hub, err = readCertificate(filepath.Join(dir, hubFile)); err != nil {
		return nil, err
	}
	if i.key, err = readKey(filepath.Join(dir, keyFile)); err != nil {
		return nil, err
	}
	i.locker = certificate.Subject.CommonName
	return i, i.use(certificate)
}

// use makes a certificate the one for new connections, unless it is not this link's.
func (i *identity) use(certificate *x509.Certificate) error {
	if !i.key.PublicKey.Equal(certificate.PublicKey) || certificate.Subject.CommonName != i.locker {
		return errors.New("link: the certificate is not for this link's key and locker")
	}
	roots := x509.NewCertPool()
	roots.AddCert(i.hub)
	config := &tls.Config{
		MinVersion: tls.VersionTLS13, RootCAs: roots, Time: i.time, NextProtos: []string{"http/1.1"},
		Certificates:       []tls.Certificate{{Certificate: [][]byte{certificate.Raw}, PrivateKey: i.key, Leaf: certificate}},
		ClientSessionCache: tls.NewLRUClientSessionCache(2),
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.certificate, i.config = certificate, config
	return nil
}

func (i *identity) current() (*x509.Certificate, *tls.Config) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.certificate, i.config
}

// time is the wall clock, but never before this link's own certificate was made: a locker whose clock has stopped must
// still reach the hub, from which it gets the time.
func (i *identity) time() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	if now := i.clock.Now(); i.certificate == nil || now.After(i.certificate.NotBefore) {
		return now
	}
	return i.certificate.NotBefore
}

// keepRenewed asks for a new certificate in the last 30 days of the old one, until ctx is done.
func (i *identity) keepRenewed(ctx context.Context, hub string, log *slog.Logger) {
	pause := time.Duration(0)
	for wait(ctx, i.clock, pause) == nil {
		pause = renewEvery
		certificate, _ := i.current()
		if i.time().Before(certificate.NotAfter.Add(-renewIn)) {
			continue
		}
		if err := i.renew(ctx, hub); err != nil {
			log.Warn("certificate not renewed", "until", certificate.NotAfter, "err", err)
			pause = renewAgain
			continue
		}
		log.Info("certificate renewed")
	}
}

func (i *identity) renew(ctx context.Context, hub string) error {
	_, config := i.current()
	enrolled, err := request(ctx, hub, config, i.locker, "", i.key)
	if err != nil {
		return err
	}
	certificate, err := x509.ParseCertificate(enrolled.Certificate)
	if err != nil {
		return fmt.Errorf("link: %w", err)
	}
	if err := i.use(certificate); err != nil {
		return err
	}
	return writeFile(filepath.Join(i.dir, certificateFile), "CERTIFICATE", enrolled.Certificate)
}

func readBlock(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("link: %s is not PEM", path)
	}
	return block.Bytes, nil
}

func readCertificate(path string) (*x509.Certificate, error) {
	der, err := readBlock(path)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("link: %s: %w", path, err)
	}
	return certificate, nil
}

func readKey(path string) (*ecdsa.PrivateKey, error) {
	der, err := readBlock(path)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("link: %s: not a key", path)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("link: %s: not a P-256 key", path)
	}
	return key, nil
}

// readOrMakeKey keeps a key that is there already, so that an enrolment whose answer was lost can be repeated.
func readOrMakeKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	return key, writeFile(path, "PRIVATE KEY", der)
}

// writeFile puts a whole PEM file in place of another, readable by its owner only.
func writeFile(path, kind string, der []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("link: %w", err)
	}
	defer os.Remove(temp.Name())
	err = errors.Join(pem.Encode(temp, &pem.Block{Type: kind, Bytes: der}), temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("link: %w", err)
	}
	return nil
}
