package account

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"lockstep/hub/internal/account/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
	"lockstep/internal/secret"
)

// Role is what a user is there for. What each may do is a table of the console's.
type Role string

const (
	Admin       Role = "admin"
	Dispatcher  Role = "dispatcher"
	Support     Role = "support"
	Technician  Role = "technician"
	Auditor     Role = "auditor"
	ForMerchant Role = "merchant" // a merchant's own people
)

// Roles are all of them.
var Roles = []Role{Admin, Dispatcher, Support, Technician, Auditor, ForMerchant}

// User is a person who signs in to the hub's pages with a passkey.
type User struct {
	ID, Name string // Name is how the audit log calls them
	Role     Role
	Merchant string // id of the merchant whose people they are; empty for the operator's staff
	Created  int64  // µs UTC
	Ended    int64  // 0 while they may sign in
	Passkeys int    // filled by Users alone, as Used
	Used     int64  // when one was used last; 0 for never
}

// Actor is how the audit log names a user.
func (u User) Actor() string { return string(u.Role) + " " + u.Name }

const (
	linkTerm    = 24 * time.Hour
	sessionTerm = 12 * time.Hour
)

// AddUser expects a person and makes the one-time link's token with which they make their first passkey, good for a day. A name is
// never given twice, so that the audit log stays plain.
func (a *Accounts) AddUser(ctx context.Context, name string, role Role, merchant string) (User, secret.Text, error) {
	u := User{ID: uuid.Must(uuid.NewV7()).String(), Name: strings.TrimSpace(name), Role: role, Merchant: merchant, Created: a.now()}
	if err := a.checkUser(ctx, u); err != nil {
		return User{}, secret.Text{}, err
	}
	token, stored := secret.New("")
	return u, token, a.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		if _, err := q.UserNamed(ctx, u.Name); err == nil {
			return fault.New(fault.Conflict, "name_taken", "there is, or was, a user of this name")
		} else if err = unlessNone(err); err != nil {
			return err
		}
		err := q.AddUser(ctx, store.AddUserParams{ID: u.ID, Name: u.Name, Role: string(u.Role), Merchant: u.Merchant, Created: u.Created})
		return errors.Join(err, a.setLink(ctx, q, u.ID, stored))
	})
}

func (a *Accounts) checkUser(ctx context.Context, u User) error {
	switch {
	case !isName(u.Name):
		return fault.New(fault.Invalid, "invalid_name", "a user's name is one line of 1 to 60 characters")
	case !slices.Contains(Roles, u.Role):
		return fault.New(fault.Invalid, "invalid_role", "there is no role %q", u.Role)
	case (u.Role == ForMerchant) != (u.Merchant != ""):
		return fault.New(fault.Invalid, "invalid_role", "a merchant's people have the role merchant and their merchant, all others neither")
	case u.Merchant == "":
		return nil
	}
	_, err := a.Merchant(ctx, u.Merchant)
	return err
}

// isName says whether a text is one line of 1 to 60 characters.
func isName(text string) bool {
	return text != "" && utf8.RuneCountInString(text) <= 60 && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

func (a *Accounts) setLink(ctx context.Context, q *store.Queries, user string, stored []byte) error {
	return q.SetUserLink(ctx, store.SetUserLinkParams{ConsoleUser: user, Digest: stored, Until: a.Now().Add(linkTerm).UnixMicro()})
}

// LinkUser makes another one-time link, for another device or a lost one; the link before ends. With anew, the user's passkeys and
// sessions end too.
func (a *Accounts) LinkUser(ctx context.Context, id string, anew bool) (secret.Text, error) {
	token, stored := secret.New("")
	return token, a.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		if _, err := activeUser(ctx, q, id); err != nil {
			return err
		}
		if anew {
			if err := errors.Join(q.DropPasskeysOf(ctx, id), q.DropUserSessionsOf(ctx, id)); err != nil {
				return err
			}
		}
		return a.setLink(ctx, q, id, stored)
	})
}

func activeUser(ctx context.Context, q *store.Queries, id string) (User, error) {
	row, err := q.UserWithID(ctx, id)
	row, err = db.One(row, err, "unknown_user", "there is no such user")
	if err == nil && row.Ended > 0 {
		err = fault.New(fault.Conflict, "user_ended", "this user may not sign in any more")
	}
	return user(row), err
}

func user(row store.ConsoleUser) User {
	return User{ID: row.ID, Name: row.Name, Role: Role(row.Role), Merchant: row.Merchant, Created: row.Created, Ended: row.Ended}
}

// User finds one by id; NotFound "unknown_user".
func (a *Accounts) User(ctx context.Context, id string) (User, error) {
	row, err := store.New(a.DB.Reads()).UserWithID(ctx, id)
	row, err = db.One(row, err, "unknown_user", "there is no such user")
	return user(row), err
}

// UserNamed finds one by name; NotFound "unknown_user".
func (a *Accounts) UserNamed(ctx context.Context, name string) (User, error) {
	row, err := store.New(a.DB.Reads()).UserNamed(ctx, name)
	row, err = db.One(row, err, "unknown_user", "there is no such user")
	return user(row), err
}

// Users are those of a merchant, the operator's staff for "", or everybody for "*"; by name.
func (a *Accounts) Users(ctx context.Context, merchant string) (list []User, err error) {
	rows, err := store.New(a.DB.Reads()).Users(ctx, merchant)
	for _, row := range rows {
		u := user(row.ConsoleUser)
		u.Passkeys, u.Used = int(row.Passkeys), row.Used
		list = append(list, u)
	}
	return list, err
}

// SetRole gives a user of the operator's another role. The last admin stays one: Conflict "last_admin".
func (a *Accounts) SetRole(ctx context.Context, id string, role Role) error {
	if role == ForMerchant || !slices.Contains(Roles, role) {
		return fault.New(fault.Invalid, "invalid_role", "the operator's staff has no role %q", role)
	}
	return a.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		u, err := activeUser(ctx, q, id)
		switch {
		case err != nil:
			return err
		case u.Merchant != "":
			return fault.New(fault.Conflict, "merchants_user", "a merchant's people have no other role")
		case role != Admin:
			if err := keepsAdmin(ctx, q, u); err != nil {
				return err
			}
		}
		_, err = q.SetRole(ctx, store.SetRoleParams{ID: id, Role: string(role)})
		return err
	})
}

func keepsAdmin(ctx context.Context, q *store.Queries, u User) error {
	if u.Role != Admin {
		return nil
	}
	if err := q.HoldAdmins(ctx); err != nil { // two of them cannot end each other at once
		return err
	}
	n, err := q.CountAdmins(ctx)
	if err == nil && n < 2 {
		err = fault.New(fault.Conflict, "last_admin", "this is the last admin: somebody has to be one")
	}
	return err
}

// EndUser lets a user sign in no more, and ends their sessions and passkeys. The last admin stays: Conflict "last_admin".
func (a *Accounts) EndUser(ctx context.Context, id string) error {
	return a.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		u, err := activeUser(ctx, q, id)
		if err != nil {
			return err
		}
		if err := keepsAdmin(ctx, q, u); err != nil {
			return err
		}
		if _, err := q.EndUser(ctx, store.EndUserParams{ID: id, Ended: a.now()}); err != nil {
			return err
		}
		_, err = q.DropUserLink(ctx, id)
		return errors.Join(err, q.DropPasskeysOf(ctx, id), q.DropUserSessionsOf(ctx, id))
	})
}

// SignedIn finds whose session a cookie holds; Denied "no_session" for one that is wrong or over.
func (a *Accounts) SignedIn(ctx context.Context, cookie string) (User, error) {
	row, err := store.New(a.DB.Reads()).UserOfSession(ctx, store.UserOfSessionParams{Digest: secret.Digest(cookie), Now: a.now()})
	row, err = db.One(row, err, "", "")
	if fault.KindOf(err) == fault.NotFound {
		err = fault.New(fault.Denied, "no_session", "you are not signed in, or not any more")
	}
	return user(row.ConsoleUser), err
}

// SignUserOut ends a session; one that is over is no error.
func (a *Accounts) SignUserOut(ctx context.Context, cookie string) error {
	return a.DB.Tx(ctx, func(tx *sql.Tx) error { return store.New(tx).DropUserSession(ctx, secret.Digest(cookie)) })
}

// begin begins a session of a user.
func (a *Accounts) begin(ctx context.Context, q *store.Queries, user string) (Signed, error) {
	cookie, stored := secret.New("")
	until := a.Now().Add(sessionTerm)
	return Signed{cookie, until}, q.AddUserSession(ctx, store.AddUserSessionParams{Digest: stored, ConsoleUser: user, Begun: a.now(), Until: until.UnixMicro()})
}

// Signed is a session that has begun: what the browser keeps, and how long.
type Signed struct {
	Cookie secret.Text
	Until  time.Time
}
