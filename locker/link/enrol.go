package link

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lockstep/guard/clock"
	"lockstep/internal/line"
)

const (
	enrolTime  = 30 * time.Second
	maxAnswer  = 16 << 10 // of an enrolment, in bytes
	maxWords   = 200      // of a refusal, in bytes
	folderMode = 0o700
)

// Enrol makes this link's key, has the hub certify it for the code's locker, and leaves both in dir with the hub's authority.
// At first contact the hub is believed by the fingerprint in the code, and by nothing else. An enrolment that failed on the
// way may be repeated with the same code.
func Enrol(ctx context.Context, hub, dir string, code line.Code, c *clock.Clock) error {
	address, err := parseHub(hub)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return fmt.Errorf("link: %w", err)
	}
	key, err := readOrMakeKey(filepath.Join(dir, keyFile))
	if err != nil {
		return err
	}
	enrolled, err := request(ctx, hub, firstContact(hostOf(address), code.Authority, c), code.Locker, code.Secret, key)
	if err != nil {
		return err
	}
	certificate, err := x509.ParseCertificate(enrolled.Certificate)
	if err != nil {
		return fmt.Errorf("link: the hub's answer: %w", err)
	}
	authority, err := x509.ParseCertificate(enrolled.Authority)
	if err != nil {
		return fmt.Errorf("link: the hub's answer: %w", err)
	}
	i := &identity{key: key, hub: authority, locker: code.Locker, clock: c}
	if line.Print(authority) != code.Authority {
		return errors.New("link: the hub's answer names another authority than the code")
	}
	if err := i.use(certificate); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, hubFile), "CERTIFICATE", enrolled.Authority); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, certificateFile), "CERTIFICATE", enrolled.Certificate)
}

// firstContact believes a hub whose chain ends in the authority with this print.
func firstContact(host, print string, c *clock.Clock) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, ServerName: host, NextProtos: []string{"http/1.1"},
		InsecureSkipVerify: true, // VerifyConnection does it, by the print
		VerifyConnection: func(state tls.ConnectionState) error {
			for _, authority := range state.PeerCertificates[1:] {
				if line.Print(authority) != print {
					continue
				}
				roots := x509.NewCertPool()
				roots.AddCert(authority)
				_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, DNSName: host, CurrentTime: c.Now()})
				return err
			}
			return errors.New("link: this is not the hub that the enrolment code is from")
		},
	}
}

// request asks the hub to certify a key: with a secret for the first time, without one for a key that is enrolled.
func request(ctx context.Context, hub string, config *tls.Config, locker string, secret line.Secret, key *ecdsa.PrivateKey) (line.Enrolled, error) {
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: locker}}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		return line.Enrolled{}, fmt.Errorf("link: %w", err)
	}
	body, err := json.Marshal(line.Enrolment{Locker: locker, Secret: secret, Request: der})
	if err != nil {
		return line.Enrolled{}, fmt.Errorf("link: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, enrolTime)
	defer cancel()
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(hub, "/")+line.EnrolPath, bytes.NewReader(body))
	if err != nil {
		return line.Enrolled{}, fmt.Errorf("link: %w", err)
	}
	post.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(post) // no redirects, no proxy
	if err != nil {
		return line.Enrolled{}, fmt.Errorf("link: %w", err)
	}
	defer response.Body.Close()
	return readEnrolled(response)
}

func readEnrolled(response *http.Response) (line.Enrolled, error) {
	var enrolled line.Enrolled
	if response.StatusCode != http.StatusOK {
		words, _ := io.ReadAll(io.LimitReader(response.Body, maxWords))
		return enrolled, fmt.Errorf("link: the hub answers %d: %s", response.StatusCode, line.Word(string(words)))
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&enrolled); err != nil {
		return enrolled, fmt.Errorf("link: the hub's answer: %w", err)
	}
	return enrolled, nil
}

// parseHub reads the hub's URL and gives host and port to dial.
func parseHub(hub string) (string, error) {
	u, err := url.Parse(hub)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return "", errors.New("link: the hub's address must be https://host or https://host:port")
	}
	if u.Port() == "" {
		return u.Host + ":443", nil
	}
	return u.Host, nil
}
