package account

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"lockstep/hub/internal/account/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
	"lockstep/internal/secret"
)

// firstRange and lastRange bound the number ranges: GS1 keeps prefixes 20–29 for numbers that mean something within one
// company only (General Specifications §2.1.11), so that ours are nobody else's.
const firstRange, lastRange = 20001, 29999

// AddMerchant makes a merchant with a number range of its own. An empty carrier is the house carrier, or the charter's only one.
func (a *Accounts) AddMerchant(ctx context.Context, name, carrier string) (Merchant, error) {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > 100 || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return Merchant{}, fault.New(fault.Invalid, "invalid_name", "a merchant's name has 1 to 100 characters")
	}
	carrier, err := a.Carrier(carrier)
	if err != nil {
		return Merchant{}, err
	}
	m := Merchant{ID: uuid.Must(uuid.NewV7()).String(), Name: name, Carrier: carrier, Created: a.now()}
	err = a.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		if m.Range, err = nextRange(ctx, q); err != nil {
			return err
		}
		return q.AddMerchant(ctx, store.AddMerchantParams{ID: m.ID, Name: m.Name, NumberRange: m.Range, Carrier: m.Carrier, Created: m.Created})
	})
	return m, err
}

// nextRange is the range after the last one given. Two nodes that draw the same are told apart by the unique column.
func nextRange(ctx context.Context, q *store.Queries) (string, error) {
	last, err := q.LastRange(ctx)
	if err != nil || last == "" {
		return strconv.Itoa(firstRange), err
	}
	n, err := strconv.Atoi(last)
	if err != nil || n >= lastRange {
		return "", fault.New(fault.Unavailable, "no_ranges", "all number ranges are given away")
	}
	return strconv.Itoa(n + 1), nil
}

// Merchants are all merchants, by name.
func (a *Accounts) Merchants(ctx context.Context) ([]Merchant, error) {
	rows, err := store.New(a.DB.Reads()).Merchants(ctx)
	var list []Merchant
	for _, row := range rows {
		list = append(list, merchant(row))
	}
	return list, err
}

// Merchant finds one by id.
func (a *Accounts) Merchant(ctx context.Context, id string) (Merchant, error) {
	row, err := store.New(a.DB.Reads()).Merchant(ctx, id)
	row, err = db.One(row, err, "unknown_merchant", "there is no such merchant")
	return merchant(row), err
}

func merchant(row store.Merchant) Merchant {
	return Merchant{row.ID, row.Name, row.NumberRange, row.Carrier, row.Created}
}

// Key is an API key of a merchant's, without the key.
type Key struct {
	ID, Name string
	Created  int64 // µs UTC
	Used     int64 // last, to the hour; 0 for never
}

// maxKeys bounds how many a merchant has at a time.
const maxKeys = 20

// NewKey makes an API key for a merchant, with a name that tells it from others, which may be empty; the key is shown here and never
// again. Keys made before hold on.
func (a *Accounts) NewKey(ctx context.Context, merchant, name string) (secret.Text, error) {
	if name = strings.TrimSpace(name); name != "" && !isName(name) {
		return secret.Text{}, fault.New(fault.Invalid, "invalid_name", "a key's name is one line of 1 to 60 characters")
	}
	if _, err := a.Merchant(ctx, merchant); err != nil {
		return secret.Text{}, err
	}
	key, stored := secret.New("lsk_")
	err := a.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		have, err := q.Keys(ctx, merchant)
		if err != nil {
			return err
		}
		if len(have) >= maxKeys {
			return fault.New(fault.Conflict, "too_many_keys", "a merchant has at most %d keys", maxKeys)
		}
		id := uuid.Must(uuid.NewV7()).String()
		return q.AddKey(ctx, store.AddKeyParams{ID: id, Merchant: merchant, Name: name, Digest: stored, Created: a.now()})
	})
	return key, err
}

// Keys are a merchant's that hold, oldest first.
func (a *Accounts) Keys(ctx context.Context, merchant string) (list []Key, err error) {
	rows, err := store.New(a.DB.Reads()).Keys(ctx, merchant)
	for _, row := range rows {
		list = append(list, Key{row.ID, row.Name, row.Created, row.Used})
	}
	return list, err
}

// EndKey ends one of a merchant's keys.
func (a *Accounts) EndKey(ctx context.Context, merchant, id string) error {
	return a.DB.Tx(ctx, func(tx *sql.Tx) error {
		ended, err := store.New(tx).EndKey(ctx, store.EndKeyParams{ID: id, Merchant: merchant, Ended: a.now()})
		if err == nil && ended == 0 {
			return fault.New(fault.NotFound, "unknown_key", "there is no such key")
		}
		return err
	})
}

// EndKeys ends all API keys of a merchant and says how many there were.
func (a *Accounts) EndKeys(ctx context.Context, merchant string) (ended int64, err error) {
	err = a.DB.Tx(ctx, func(tx *sql.Tx) error {
		ended, err = store.New(tx).EndKeys(ctx, store.EndKeysParams{Merchant: merchant, Ended: a.now()})
		return err
	})
	return ended, err
}

// Authenticate finds whose API key this is; Denied for a key of nobody.
func (a *Accounts) Authenticate(ctx context.Context, key string) (Merchant, error) {
	row, err := store.New(a.DB.Reads()).MerchantOfKey(ctx, secret.Digest(key))
	row, err = db.One(row, err, "", "")
	if fault.KindOf(err) == fault.NotFound {
		err = fault.New(fault.Denied, "unauthorized", "this API key is not known")
	}
	if err != nil {
		return Merchant{}, err
	}
	if now := a.now(); now-row.Used > time.Hour.Microseconds() {
		err = a.DB.Tx(ctx, func(tx *sql.Tx) error { return store.New(tx).UseKey(ctx, store.UseKeyParams{ID: row.ID, Used: now}) })
	}
	return merchant(row.Merchant), err
}

// Service is a process beside the hub that asks it with a bearer token of its own.
type Service struct{ id, prefix, name string }

var (
	Notifier = Service{"notifier", "lsn_", "notifier"}
	Payments = Service{"payments", "lsp_", "payment service"}
)

// NewServiceToken makes a service's token and ends the one before.
func (a *Accounts) NewServiceToken(ctx context.Context, s Service) (secret.Text, error) {
	token, stored := secret.New(s.prefix)
	return token, a.DB.Tx(ctx, func(tx *sql.Tx) error {
		return store.New(tx).SetServiceToken(ctx, store.SetServiceTokenParams{Service: s.id, Digest: stored, Created: a.now()})
	})
}

// CheckService is Denied unless token is the service's.
func (a *Accounts) CheckService(ctx context.Context, s Service, token string) error {
	_, err := store.New(a.DB.Reads()).ServiceToken(ctx, store.ServiceTokenParams{Service: s.id, Digest: secret.Digest(token)})
	if _, err = db.One(0, err, "", ""); fault.KindOf(err) == fault.NotFound {
		return fault.New(fault.Denied, "unauthorized", "this token is not the %s's", s.name)
	}
	return err
}

// Audit writes one line: who did what to whom. Ids only.
func (a *Accounts) Audit(ctx context.Context, actor, act, subject string) error {
	return a.DB.Tx(ctx, func(tx *sql.Tx) error { return a.AuditIn(ctx, tx, actor, act, subject) })
}

// AuditIn writes the line in the transaction that does what it tells of.
func (a *Accounts) AuditIn(ctx context.Context, tx *sql.Tx, actor, act, subject string) error {
	line := store.AddAuditParams{ID: uuid.Must(uuid.NewV7()).String(), At: a.now(), Actor: actor, Act: act, Subject: subject}
	if err := store.New(tx).AddAudit(ctx, line); err != nil {
		return fmt.Errorf("account: audit: %w", err)
	}
	return nil
}

// AuditPage is a page of the log, newest first, of one subject or, for "", of all. next is the before of the page after it, empty on
// the last.
func (a *Accounts) AuditPage(ctx context.Context, subject, before string, limit int) (list []Audited, next string, err error) {
	if before == "" {
		before = "g" // after every id: they are UUIDs
	}
	q := store.New(a.DB.Reads())
	var rows []store.Audit
	if subject == "" {
		rows, err = q.AuditPage(ctx, store.AuditPageParams{Before: before, Limit: int32(limit)})
	} else {
		rows, err = q.AuditPageOf(ctx, store.AuditPageOfParams{Subject: subject, Before: before, Limit: int32(limit)})
	}
	for _, row := range rows {
		list = append(list, Audited{row.At, row.Actor, row.Act, row.Subject})
	}
	if len(rows) == limit {
		next = rows[limit-1].ID
	}
	return list, next, err
}

func (a *Accounts) now() int64 { return a.Now().UnixMicro() }
