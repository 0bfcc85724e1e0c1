package account

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"time"

	"github.com/google/uuid"
	"golang.org/x/crypto/bcrypt"

	"lockstep/hub/internal/account/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
	"lockstep/internal/secret"
)

// Login is how a merchant's software signs in that knows no API key.
type Login struct {
	Name     string
	Merchant string // id
	Contract string // ten digits
}

// SessionTime is how long a session lasts. Clients log in once a day and do not expect to be sent away before.
const SessionTime = 25 * time.Hour

var (
	loginName  = regexp.MustCompile(`^[\x21-\x7e]{1,50}$`)
	contractNo = regexp.MustCompile(`^[0-9]{10}$`)
)

// SetLogin makes a login for a merchant or gives it another password, and ends its sessions. The password may be one that the merchant
// has had elsewhere; an empty one is drawn. Conflict "login_taken" where another merchant has the name or the contract.
func (a *Accounts) SetLogin(ctx context.Context, l Login, password string) (secret.Text, error) {
	drawn := secret.Known(password)
	if password == "" {
		long, _ := secret.New("")
		drawn = secret.Known(long.Reveal()[:20]) // 100 bits, and as long as clients allow
	}
	switch {
	case !loginName.MatchString(l.Name):
		return drawn, fault.New(fault.Invalid, "invalid_login", "a login has 1 to 50 printable ASCII characters")
	case !contractNo.MatchString(l.Contract):
		return drawn, fault.New(fault.Invalid, "invalid_contract", "a contract number has ten digits")
	}
	if _, err := a.Merchant(ctx, l.Merchant); err != nil {
		return drawn, err
	}
	digest, err := bcrypt.GenerateFromPassword([]byte(drawn.Reveal()), a.PasswordCost)
	if err != nil {
		return drawn, fault.Wrap(err, fault.Invalid, "invalid_password", "a password has at most 72 bytes")
	}
	return drawn, a.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		named, err1 := q.LoginNamed(ctx, l.Name)
		contracted, err2 := q.LoginOfContract(ctx, l.Contract)
		if err := errors.Join(unlessNone(err1), unlessNone(err2)); err != nil {
			return err
		}
		if err1 == nil && named.Merchant != l.Merchant || err2 == nil && contracted.Login != l.Name {
			return fault.New(fault.Conflict, "login_taken", "another merchant has this login, or another login this contract")
		}
		if err := q.DropSessionsOf(ctx, l.Name); err != nil {
			return err
		}
		return q.SetLogin(ctx, store.SetLoginParams{Login: l.Name, Merchant: l.Merchant, Contract: l.Contract, Digest: digest, Created: a.now()})
	})
}

func unlessNone(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

// Logins are all logins, by name.
func (a *Accounts) Logins(ctx context.Context) (list []Login, err error) {
	rows, err := store.New(a.DB.Reads()).Logins(ctx)
	for _, row := range rows {
		list = append(list, Login{row.Login, row.Merchant, row.Contract})
	}
	return list, err
}

// EndLogin ends a login and its sessions; NotFound where there is none.
func (a *Accounts) EndLogin(ctx context.Context, name string) error {
	return a.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		if err := q.DropSessionsOf(ctx, name); err != nil {
			return err
		}
		ended, err := q.DropLogin(ctx, name)
		if err == nil && ended == 0 {
			return fault.New(fault.NotFound, "unknown_login", "there is no such login")
		}
		return err
	})
}

// CheckLogin says whose login this is; Denied "wrong_login" for every reason not to.
func (a *Accounts) CheckLogin(ctx context.Context, name, password string) (Login, error) {
	row, err := store.New(a.DB.Reads()).LoginNamed(ctx, name)
	if err := unlessNone(err); err != nil {
		return Login{}, err
	}
	digest := row.Digest
	if err != nil {
		digest = a.nobody()
	}
	if bcrypt.CompareHashAndPassword(digest, []byte(password)) != nil || err != nil {
		return Login{}, fault.New(fault.Denied, "wrong_login", "the login or the password is wrong")
	}
	return Login{row.Login, row.Merchant, row.Contract}, nil
}

// SignIn begins a session of a login, which may have any number of them; Denied as CheckLogin.
func (a *Accounts) SignIn(ctx context.Context, name, password string) (session secret.Text, until time.Time, err error) {
	if _, err := a.CheckLogin(ctx, name, password); err != nil {
		return session, until, err
	}
	session, until = secret.Known(uuid.NewString()), a.Now().Add(SessionTime)
	return session, until, a.DB.Tx(ctx, func(tx *sql.Tx) error {
		return store.New(tx).AddSession(ctx, store.AddSessionParams{Digest: secret.Digest(session.Reveal()), Login: name, Until: until.UnixMicro()})
	})
}

// Session finds whose session this is, and under which contract; Denied "no_session" for one that is wrong or over.
func (a *Accounts) Session(ctx context.Context, session string) (m Merchant, contract string, err error) {
	row, err := store.New(a.DB.Reads()).Session(ctx, store.SessionParams{Digest: secret.Digest(session), Now: a.now()})
	row, err = db.One(row, err, "", "")
	if fault.KindOf(err) == fault.NotFound {
		err = fault.New(fault.Denied, "no_session", "the session is wrong or over")
	}
	if err != nil {
		return Merchant{}, "", err
	}
	return merchant(row.Merchant), row.Contract, nil
}

// SignOut ends a session; one that is over is no error.
func (a *Accounts) SignOut(ctx context.Context, session string) error {
	return a.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := store.New(tx).DropSession(ctx, secret.Digest(session))
		return err
	})
}

// Clean drops sessions and challenges that are over.
func (a *Accounts) Clean(ctx context.Context) error {
	return a.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		return errors.Join(q.DropSessionsUntil(ctx, a.now()), q.DropUserSessionsUntil(ctx, a.now()), q.DropChallengesUntil(ctx, a.now()))
	})
}
