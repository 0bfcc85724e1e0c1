// Package edge is the hub's door for links: the certificate authority they trust, their enrolment, and one session for each
// locker that is connected, over which its journal comes up and its statements go down (see internal/line).
package edge

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"lockstep/guard/journal"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/line"
)

// Config is what the edge stands on: the rooms' methods with their own contracts, handed in one by one.
type Config struct {
	Authority *Authority
	Names     []string // host names and IP addresses under which links reach the edge
	Now       func() time.Time
	Log       *slog.Logger

	// Enrolment. A fingerprint is line.KeyPrint of the link's key; it outlives renewals.
	CheckEnrol  func(ctx context.Context, locker, secret string) error
	Enrol       func(ctx context.Context, locker, secret, fingerprint string) error
	Fingerprint func(ctx context.Context, locker string) (string, error)

	// Up. Ingest answers after it has committed, raises its own alarms, and wraps a journal.Break where a stretch does not verify.
	Position func(ctx context.Context, locker string) (journal.Position, error)
	Ingest   func(ctx context.Context, locker string, s journal.Stretch) (journal.Position, error)

	// Down. Listen's channel has a token whenever Down, Receipts or Persons have something new. Judged is told what the guard said
	// against a bundle, and tells whether another may be sent.
	Down     func(ctx context.Context, locker string, after uint64) ([]dispatch.Statement, error)
	Receipts func(ctx context.Context, locker string) ([][]byte, error)
	Persons  func(ctx context.Context, locker string) (*dispatch.Cosigned, error)
	Judged   func(ctx context.Context, c dispatch.Cosigned, reason string) (final bool, err error)
	Listen   func(locker string) (ring <-chan struct{}, stop func())

	Raise func(ctx context.Context, a fleet.Alarm) error
}

// Edge is the door.
type Edge struct {
	Config
	server  *server
	enrols  *rate.Limiter
	reading chan struct{} // a token for each frame that is being read and worked on

	mu       sync.Mutex
	sessions map[string]*session // the newest of each locker
}

// atOnce bounds how many frames are held in memory and worked on; further ones wait in their connections.
const atOnce = 128

// New checks the configuration.
func New(c Config) (*Edge, error) {
	if c.Authority == nil || len(c.Names) == 0 {
		return nil, errors.New("edge: an authority and at least one name are needed")
	}
	e := &Edge{
		Config: c, server: &server{authority: c.Authority, names: c.Names},
		enrols: rate.NewLimiter(10, 100), reading: make(chan struct{}, atOnce), sessions: map[string]*session{},
	}
	_, err := e.server.get(nil)
	return e, err
}

// Serve answers links on l, a plain TCP listener, until ctx is done; then every session has ended when it returns.
func (e *Edge) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var sessions sync.WaitGroup
	server := &http.Server{
		Handler:           e.handler(ctx, &sessions),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       20 * time.Second,
		IdleTimeout:       20 * time.Second,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          slog.NewLogLogger(e.Log.Handler(), slog.LevelDebug), // every port scan would be a line
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	err := server.Serve(tls.NewListener(l, e.tls()))
	stopped := ctx.Err() != nil
	cancel()
	sessions.Wait()
	if stopped && errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("edge: %w", err)
}

func (e *Edge) tls() *tls.Config {
	trusted := x509.NewCertPool()
	trusted.AddCert(e.Authority.certificate)
	return &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}, Time: e.Now,
		GetCertificate: e.server.get,
		ClientAuth:     tls.RequestClientCert, ClientCAs: trusted, // who needs one is judged by linkOf
	}
}

func (e *Edge) handler(ctx context.Context, sessions *sync.WaitGroup) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+line.EnrolPath, e.enrol)
	mux.HandleFunc("GET "+line.Path, func(w http.ResponseWriter, r *http.Request) { e.upgrade(ctx, sessions, w, r) })
	return mux
}

// linkOf says which locker's link is at the other end: it shows a valid certificate of our authority whose key is the one
// that is enrolled for the locker now.
func (e *Edge) linkOf(ctx context.Context, state *tls.ConnectionState) (*x509.Certificate, error) {
	if state == nil || len(state.PeerCertificates) == 0 {
		return nil, errors.New("no client certificate")
	}
	shown, roots := state.PeerCertificates[0], x509.NewCertPool()
	roots.AddCert(e.Authority.certificate)
	_, err := shown.Verify(x509.VerifyOptions{
		Roots: roots, CurrentTime: e.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return nil, err
	}
	enrolled, err := e.Fingerprint(ctx, shown.Subject.CommonName)
	if err != nil {
		return nil, err
	}
	if enrolled != line.KeyPrint(shown.RawSubjectPublicKeyInfo) {
		return nil, errors.New("another key is enrolled for this locker")
	}
	return shown, nil
}
