package outbox

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"lockstep/hub/internal/outbox/store"
	"lockstep/internal/db"
	"lockstep/internal/fault"
)

// maxEndpoints bounds how many endpoints one merchant has.
const maxEndpoints = 10

// Endpoint is where a merchant wants to be told.
type Endpoint struct {
	ID, Merchant, URL string
	Types             []string // none is all
	Created           int64    // µs UTC
	Failing           int64    // since when every attempt has failed; 0 when the last one succeeded
	Disabled          int64    // when it was given up; 0 while it is in use
	Reason            string   // why it was given up
}

// Secret is an endpoint's signing secret in the scheme's form, "whsec_…". It prints as [redacted].
type Secret struct{ text string }

func (Secret) String() string               { return "[redacted]" }
func (Secret) GoString() string             { return "[redacted]" }
func (Secret) LogValue() slog.Value         { return slog.StringValue("[redacted]") }
func (Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Reveal is the text itself, for the one answer that shows it.
func (s Secret) Reveal() string { return s.text }

func newSecret() Secret {
	key := make([]byte, 32) // the scheme wants 24 to 64 bytes
	rand.Read(key)
	return Secret{"whsec_" + base64.StdEncoding.EncodeToString(key)}
}

// AddEndpoint makes an endpoint; its secret is shown here and never again. Faults: Invalid "invalid_url", "unknown_type"; Conflict
// "too_many_webhooks".
func (o *Outbox) AddEndpoint(ctx context.Context, merchant, address string, types []string) (Endpoint, Secret, error) {
	if err := checkURL(address, o.AllowPrivate); err != nil {
		return Endpoint{}, Secret{}, err
	}
	types = slices.Compact(slices.Sorted(slices.Values(types)))
	for _, t := range types {
		if !slices.Contains(Types(), t) {
			return Endpoint{}, Secret{}, fault.New(fault.Invalid, "unknown_type", "one of the types is not a webhook's; they are %s", strings.Join(Types(), ", "))
		}
	}
	secret := newSecret()
	e := Endpoint{ID: uuid.Must(uuid.NewV7()).String(), Merchant: merchant, URL: address, Types: types, Created: o.Now().UnixMicro()}
	err := o.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		n, err := q.CountEndpoints(ctx, merchant)
		if err != nil {
			return err
		}
		if n >= maxEndpoints {
			return fault.New(fault.Conflict, "too_many_webhooks", "a merchant has at most %d webhooks", maxEndpoints)
		}
		return q.AddEndpoint(ctx, store.AddEndpointParams{ID: e.ID, Merchant: merchant, Url: e.URL, Secret: secret.text,
			Types: strings.Join(types, " "), Created: e.Created})
	})
	if err != nil {
		return Endpoint{}, Secret{}, err
	}
	return e, secret, nil
}

// checkURL refuses early what an attempt would refuse anyway.
func checkURL(address string, private bool) error {
	invalid := func(why string) error { return fault.New(fault.Invalid, "invalid_url", "the webhook's URL %s", why) }
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "" || len(address) > 2000:
		return invalid("is not an absolute URL")
	case u.User != nil || u.Fragment != "":
		return invalid("has a user or a fragment")
	case u.Scheme != "https" && !(private && u.Scheme == "http"):
		return invalid("does not begin with https://")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !private && !public(ip) {
		return invalid("is not a public address")
	}
	return nil
}

// Endpoints are a merchant's, oldest first.
func (o *Outbox) Endpoints(ctx context.Context, merchant string) ([]Endpoint, error) {
	rows, err := store.New(o.DB.Reads()).Endpoints(ctx, merchant)
	var list []Endpoint
	for _, row := range rows {
		list = append(list, endpoint(row))
	}
	return list, err
}

// Endpoint finds a merchant's; NotFound also for another merchant's.
func (o *Outbox) Endpoint(ctx context.Context, merchant, id string) (Endpoint, error) {
	row, err := store.New(o.DB.Reads()).Endpoint(ctx, id)
	if row, err = db.One(row, err, "unknown_webhook", "there is no such webhook"); err != nil {
		return Endpoint{}, err
	}
	if row.Merchant != merchant {
		return Endpoint{}, errUnknown()
	}
	return endpoint(row), nil
}

func errUnknown() error {
	return fault.New(fault.NotFound, "unknown_webhook", "there is no such webhook")
}

func endpoint(row store.WebhookEndpoint) Endpoint {
	return Endpoint{row.ID, row.Merchant, row.Url, strings.Fields(row.Types), row.Created, row.Failing, row.Disabled, row.Reason}
}

// DropEndpoint removes a merchant's endpoint with its deliveries, sent or not.
func (o *Outbox) DropEndpoint(ctx context.Context, merchant, id string) error {
	return o.DB.Tx(ctx, func(tx *sql.Tx) error {
		rows, err := store.New(tx).DropEndpoint(ctx, store.DropEndpointParams{ID: id, Merchant: merchant})
		if err == nil && rows == 0 {
			return errUnknown()
		}
		return err
	})
}
