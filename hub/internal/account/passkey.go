package account

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"lockstep/hub/internal/account/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
	"lockstep/internal/secret"
)

// challengeTerm is how long a challenge waits for its answer.
const challengeTerm = 5 * time.Minute

// maxPasskeys bounds a user's.
const maxPasskeys = 10

// Passkey is a key on a device of a user's.
type Passkey struct {
	ID            []byte
	Name          string
	Created, Used int64 // µs UTC
}

// Passkeys is signing in with keys that stay on devices (W3C Web Authentication Level 3). They belong to one host name.
type Passkeys struct {
	*Accounts
	webauthn *webauthn.WebAuthn
}

// NewPasskeys opens them for pages under one address; browsers keep no passkeys for an address that is a number, nor without TLS
// but on localhost.
func (a *Accounts) NewPasskeys(address string) (*Passkeys, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil || u.Scheme != "https" && u.Hostname() != "localhost" {
		return nil, fault.New(fault.Invalid, "no_passkeys", "passkeys need an address with a host name and https, not %s", address)
	}
	w, err := webauthn.New(&webauthn.Config{RPID: u.Hostname(), RPDisplayName: "Lockstep", RPOrigins: []string{u.Scheme + "://" + u.Host},
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired},
		AttestationPreference:  protocol.PreferNoAttestation})
	return &Passkeys{a, w}, err
}

// holder is a user as the library sees one.
type holder struct {
	User
	credentials []webauthn.Credential
}

func (h holder) WebAuthnID() []byte                         { return []byte(h.ID) }
func (h holder) WebAuthnName() string                       { return h.Name }
func (h holder) WebAuthnDisplayName() string                { return h.Name }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.credentials }

func held(ctx context.Context, q *store.Queries, u User) (holder, error) {
	h := holder{User: u}
	rows, err := q.Passkeys(ctx, u.ID)
	for _, row := range rows {
		var c webauthn.Credential
		if err := json.Unmarshal([]byte(row.Credential), &c); err != nil {
			return h, err
		}
		h.credentials = append(h.credentials, c)
	}
	return h, err
}

// BeginEnrol answers a one-time link's token with what a browser makes a passkey of, as navigator.credentials.create takes it.
func (p *Passkeys) BeginEnrol(ctx context.Context, token string) (options *protocol.CredentialCreation, err error) {
	err = p.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		h, err := p.ofLink(ctx, q, token)
		if err != nil {
			return err
		}
		if len(h.credentials) >= maxPasskeys {
			return fault.New(fault.Conflict, "too_many_passkeys", "a user has at most %d passkeys: drop one first", maxPasskeys)
		}
		var session *webauthn.SessionData
		options, session, err = p.webauthn.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.credentials).CredentialDescriptors()))
		if err != nil {
			return err
		}
		return p.keep(ctx, q, session)
	})
	return options, err
}

// FinishEnrol takes what the browser made, uses the link up and signs its user in.
func (p *Passkeys) FinishEnrol(ctx context.Context, token, name string, made []byte) (signed Signed, u User, err error) {
	if name = strings.TrimSpace(name); !isName(name) {
		return signed, u, fault.New(fault.Invalid, "invalid_name", "a passkey's name is one line of 1 to 60 characters")
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(made)
	if err != nil {
		return signed, u, badPasskey(err)
	}
	err = p.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		h, err := p.ofLink(ctx, q, token)
		if err != nil {
			return err
		}
		session, err := p.take(ctx, q, parsed.Response.CollectedClientData.Challenge)
		if err != nil {
			return err
		}
		credential, err := p.webauthn.CreateCredential(h, session, parsed)
		if err != nil {
			return badPasskey(err)
		}
		kept, err := json.Marshal(credential)
		if err != nil {
			return err
		}
		u = h.User
		signed, err = p.begin(ctx, q, u.ID)
		_, dropped := q.DropUserLink(ctx, u.ID)
		return errors.Join(err, dropped, p.AuditIn(ctx, tx, u.Actor(), "made a passkey", u.Name),
			q.AddPasskey(ctx, store.AddPasskeyParams{ID: credential.ID, ConsoleUser: u.ID, Name: name, Credential: string(kept), Created: p.now(), Used: p.now()}))
	})
	return signed, u, err
}

func (p *Passkeys) ofLink(ctx context.Context, q *store.Queries, token string) (holder, error) {
	row, err := q.UserOfLink(ctx, store.UserOfLinkParams{Digest: secret.Digest(token), Now: p.now()})
	row, err = db.One(row, err, "", "")
	if fault.KindOf(err) == fault.NotFound {
		err = fault.New(fault.Denied, "unknown_link", "this link is wrong, was used or is too old")
	}
	if err != nil {
		return holder{}, err
	}
	return held(ctx, q, user(row))
}

// BeginSignIn is what a browser answers with any passkey that it has for this address, as navigator.credentials.get takes it.
func (p *Passkeys) BeginSignIn(ctx context.Context) (*protocol.CredentialAssertion, error) {
	options, session, err := p.webauthn.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, err
	}
	return options, p.DB.Tx(ctx, func(tx *sql.Tx) error { return p.keep(ctx, store.New(tx), session) })
}

// FinishSignIn takes the browser's answer and begins a session; Denied "bad_passkey" for every reason not to.
func (p *Passkeys) FinishSignIn(ctx context.Context, answered []byte) (signed Signed, u User, err error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answered)
	if err != nil {
		return signed, u, badPasskey(err)
	}
	err = p.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		session, err := p.take(ctx, q, parsed.Response.CollectedClientData.Challenge)
		if err != nil {
			return err
		}
		found, credential, err := p.webauthn.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
			u, err := activeUser(ctx, q, string(handle))
			if err != nil {
				return nil, err
			}
			return held(ctx, q, u)
		}, session, parsed)
		if err != nil {
			return badPasskey(err)
		}
		if credential.Authenticator.CloneWarning {
			return badPasskey(errors.New("its counter went back: somebody may have copied it"))
		}
		kept, err := json.Marshal(credential)
		if err != nil {
			return err
		}
		u = found.(holder).User
		signed, err = p.begin(ctx, q, u.ID)
		_, used := q.UsePasskey(ctx, store.UsePasskeyParams{ID: credential.ID, Credential: string(kept), Used: p.now()})
		return errors.Join(err, used, p.AuditIn(ctx, tx, u.Actor(), "signed in", u.Name))
	})
	return signed, u, err
}

func badPasskey(cause error) error {
	return fault.Wrap(cause, fault.Denied, "bad_passkey", "this passkey is not known here, or its answer came too late")
}

// keep keeps what an answer is checked against. A challenge is answered once.
func (p *Passkeys) keep(ctx context.Context, q *store.Queries, session *webauthn.SessionData) error {
	data, err := json.Marshal(session)
	if err != nil {
		return err
	}
	return q.AddChallenge(ctx, store.AddChallengeParams{Digest: secret.Digest(session.Challenge), Session: string(data), Until: p.Now().Add(challengeTerm).UnixMicro()})
}

func (p *Passkeys) take(ctx context.Context, q *store.Queries, challenge string) (session webauthn.SessionData, err error) {
	data, err := q.TakeChallenge(ctx, store.TakeChallengeParams{Digest: secret.Digest(challenge), Now: p.now()})
	if err := unlessNone(err); err != nil {
		return session, err
	}
	if err != nil {
		return session, badPasskey(errors.New("its challenge is none of ours, or over"))
	}
	return session, json.Unmarshal([]byte(data), &session)
}

// PasskeysOf are a user's passkeys, oldest first.
func (a *Accounts) PasskeysOf(ctx context.Context, user string) (list []Passkey, err error) {
	rows, err := store.New(a.DB.Reads()).Passkeys(ctx, user)
	for _, row := range rows {
		list = append(list, Passkey{row.ID, row.Name, row.Created, row.Used})
	}
	return list, err
}

// DropPasskey drops one of a user's passkeys; the last one stays: Conflict "last_passkey".
func (a *Accounts) DropPasskey(ctx context.Context, user string, id []byte) error {
	return a.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		all, err := q.Passkeys(ctx, user)
		if err != nil {
			return err
		}
		if len(all) < 2 {
			return fault.New(fault.Conflict, "last_passkey", "this is the last passkey: make another one first")
		}
		n, err := q.DropPasskey(ctx, store.DropPasskeyParams{ID: id, ConsoleUser: user})
		if err == nil && n == 0 {
			err = fault.New(fault.NotFound, "unknown_passkey", "there is no such passkey")
		}
		return err
	})
}
