package edge

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"lockstep/internal/line"
)

const (
	linkTerm   = 90 * 24 * time.Hour
	serverTerm = 90 * 24 * time.Hour
	renewIn    = 30 * 24 * time.Hour // before a server certificate ends
	caTerm     = 20 * 365 * 24 * time.Hour
)

// Authority is the hub's own certificate authority. It signs links' client certificates and the edge's server certificate;
// links trust it and nobody else.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	now         func() time.Time
}

// OpenAuthority reads ca.key and ca.crt in the hub's key folder, or makes both at first start.
func OpenAuthority(dir string, now func() time.Time) (*Authority, error) {
	keyFile, certificateFile := filepath.Join(dir, "ca.key"), filepath.Join(dir, "ca.crt")
	key, err := readOrMake(keyFile, 0o600, newKey)
	if err != nil {
		return nil, err
	}
	a := &Authority{now: now}
	parsed, err := x509.ParsePKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("edge: %s: %w", keyFile, err)
	}
	var ok bool
	if a.key, ok = parsed.(*ecdsa.PrivateKey); !ok {
		return nil, fmt.Errorf("edge: %s: not an ECDSA key", keyFile)
	}
	certificate, err := readOrMake(certificateFile, 0o644, a.signItself)
	if err != nil {
		return nil, err
	}
	if a.certificate, err = x509.ParseCertificate(certificate); err != nil {
		return nil, fmt.Errorf("edge: %s: %w", certificateFile, err)
	}
	if !a.key.PublicKey.Equal(a.certificate.PublicKey) {
		return nil, fmt.Errorf("edge: %s is not the certificate of %s", certificateFile, keyFile)
	}
	return a, nil
}

// Print is the authority's short fingerprint: the last part of an enrolment code.
func (a *Authority) Print() string { return line.Print(a.certificate) }

// readOrMake reads a PEM file's first block, or makes it. Of two processes that make it at once, one wins and both read that.
func readOrMake(path string, mode fs.FileMode, make func() (*pem.Block, error)) ([]byte, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		block, err := make()
		if err != nil {
			return nil, err
		}
		if err := createOnce(path, mode, pem.EncodeToMemory(block)); err != nil {
			return nil, err
		}
		data, err = os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("edge: %w", err)
		}
	} else if err != nil {
		return nil, fmt.Errorf("edge: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("edge: %s is not PEM", path)
	}
	return block.Bytes, nil
}

// createOnce puts a whole file in place, unless there is one.
func createOnce(path string, mode fs.FileMode, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return fmt.Errorf("edge: %w", err)
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(data)
	err = errors.Join(err, temp.Chmod(mode), temp.Sync(), temp.Close())
	if err == nil {
		err = os.Link(temp.Name(), path)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("edge: %w", err)
	}
	return nil
}

func newKey() (*pem.Block, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("edge: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return &pem.Block{Type: "PRIVATE KEY", Bytes: der}, err
}

func (a *Authority) signItself() (*pem.Block, error) {
	template := a.template("Lockstep hub", caTerm)
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	return &pem.Block{Type: "CERTIFICATE", Bytes: der}, err
}

func (a *Authority) template(name string, term time.Duration) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name},
		NotBefore: a.now().Add(-time.Hour), NotAfter: a.now().Add(term),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

func serial() *big.Int {
	random := make([]byte, 16)
	rand.Read(random)
	return new(big.Int).SetBytes(random)
}

// signLink makes a link's client certificate, 90 days long, of a request that is signed with its own key.
func (a *Authority) signLink(locker string, request *x509.CertificateRequest) ([]byte, error) {
	template := a.template(locker, linkTerm)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return x509.CreateCertificate(rand.Reader, template, a.certificate, request.PublicKey, a.key)
}

// signServer makes a server certificate with a fresh key. It is valid from when the authority is, so that a link whose clock
// has stopped still finds it valid.
func (a *Authority) signServer(names []string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := a.template("Lockstep hub's edge", serverTerm)
	template.NotBefore = a.certificate.NotBefore
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	return &tls.Certificate{Certificate: [][]byte{der, a.certificate.Raw}, PrivateKey: key, Leaf: leaf}, err
}

// server keeps the edge's server certificate and makes a new one in the old one's last 30 days.
type server struct {
	authority *Authority
	names     []string

	mu      sync.Mutex
	current *tls.Certificate
}

func (s *server) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil && s.authority.now().Before(s.current.Leaf.NotAfter.Add(-renewIn)) {
		return s.current, nil
	}
	made, err := s.authority.signServer(s.names)
	if err != nil {
		return nil, fmt.Errorf("edge: server certificate: %w", err)
	}
	s.current = made
	return made, nil
}
