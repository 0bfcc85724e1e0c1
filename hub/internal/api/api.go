// Package api is the hub's door for machines: the HTTP API for merchants under /v1/ with its OpenAPI 3.1 document and reference
// page, the feed for the notifier under /notifier/v1/, and the little that carriers' own services ask under /carrier/v1/. It reads, asks one room, writes; it keeps nothing. A recipient's
// contact passes through its memory on the way into a seal and nowhere else.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/handover"
	"lockstep/hub/internal/names"
	"lockstep/hub/internal/outbox"
	"lockstep/hub/internal/pickup"
	"lockstep/internal/fault"
	"lockstep/internal/quota"
	"lockstep/parcel"
)

// maxBody bounds a request's body: twenty parcels with everything said about them take a tenth of it.
const maxBody = 64 << 10

// Config is what the door stands on.
type Config struct {
	Accounts  *account.Accounts
	Fleet     *fleet.Fleet
	Custody   *custody.Custody
	Handovers *handover.Handovers
	Outbox    *outbox.Outbox
	Pickups   *pickup.Pickups
	Names     *names.Names
	// Revoke takes a carrier's word that a device is no courier's of it any more.
	Revoke    func(ctx context.Context, carrier string, key statement.KeyID) error
	Notifier  []byte                    // the notifier's public HPKE key, from the charter: contacts are sealed to it
	Network   string                    // the charter's
	BodyKey   []byte                    // keys the digests of request bodies; kept outside the database
	Tracking  func(token string) string // URL of a parcel's tracking page
	GS1Prefix parcel.GS1Prefix          // empty: parcels have no SSCC
	// ReturnCode is what a customer types at the locker to put in the return with a barcode.
	ReturnCode func(barcode string) string
	// Quota bounds the requests of each API key; nil bounds nothing.
	Quota     *quota.Quota
	Now       func() time.Time
	Log       *slog.Logger
	PublicURL string // where merchants reach the API; for the OpenAPI document
}

type door struct {
	Config
	api huma.API
	mux *http.ServeMux
}

// New is the handler of /v1/, /docs, /notifier/v1/ and /carrier/v1/.
func New(c Config) (http.Handler, error) {
	configure()
	d := &door{Config: c, mux: http.NewServeMux()}
	d.api = humago.New(d.mux, describe(c.PublicURL))
	d.api.UseMiddleware(d.authenticate)
	d.shipments()
	d.imports()
	d.sealing()
	d.labels()
	d.parcels()
	d.requests()
	d.pickups()
	d.lockers()
	d.changes()
	d.epcis()
	d.webhooks()
	if err := d.document(); err != nil {
		return nil, err
	}
	d.feed()
	d.carriers()
	d.payments()
	d.mux.HandleFunc("/v1/", d.unknown)
	d.mux.HandleFunc("/notifier/v1/", d.unknown)
	d.mux.HandleFunc("/carrier/v1/", d.unknown)
	return d.careful(d.mux), nil
}

// careful sets the headers that every answer has, and turns a panic into an answer and one line of the log.
func (d *door) careful(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		defer func() {
			if p := recover(); p != nil {
				d.Log.Error("a request's handler broke off", "method", r.Method, "pattern", r.Pattern, "client", r.Context().Err() != nil)
				if r.Context().Err() != nil {
					panic(http.ErrAbortHandler)
				}
				write(w, newProblem(http.StatusInternalServerError, "internal", "something went wrong on our side"))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// unknown answers what no route takes: 405 where another method would be taken, else 404.
func (d *door) unknown(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := d.mux.Handler(other); strings.HasPrefix(pattern, method+" ") {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		write(w, newProblem(http.StatusNotFound, "not_found", "there is nothing here"))
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	write(w, newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "this takes "+strings.Join(allowed, ", ")))
}

// bearer reads the Authorization header (RFC 6750 §2.1).
func bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

type merchantKey struct{}

// visitor is a merchant's person who asks through the hub's own pages.
type visitor struct {
	account.Merchant
	name string
}

// As is a context in which requests are a merchant's without a key: for the hub's own pages, where its people are signed in. Each has
// the quota of one key, under the name.
func As(ctx context.Context, m account.Merchant, name string) context.Context {
	return context.WithValue(ctx, merchantKey{}, visitor{m, name})
}

// authenticate lets only merchants through to operations that want a key.
func (d *door) authenticate(ctx huma.Context, next func(huma.Context)) {
	if len(ctx.Operation().Security) == 0 {
		next(ctx)
		return
	}
	m, asker, err := d.asker(ctx)
	if err == nil {
		err = d.withinQuota(ctx, asker)
	}
	if err != nil {
		p := d.problem(ctx.Context(), err)
		if p.Status == http.StatusUnauthorized {
			ctx.SetHeader("WWW-Authenticate", "Bearer")
		}
		huma.WriteErr(d.api, ctx, p.Status, "", p)
		return
	}
	next(huma.WithValue(ctx, merchantKey{}, m))
}

// asker is whose request it is, and what its quota goes by.
func (d *door) asker(ctx huma.Context) (m account.Merchant, name string, err error) {
	if v, ok := ctx.Context().Value(merchantKey{}).(visitor); ok {
		return v.Merchant, "visitor " + v.name, nil
	}
	key := bearer(ctx.Header("Authorization"))
	m, err = d.merchant(ctx.Context(), key)
	return m, key, err
}

// withinQuota says in the answer's headers what an asker's quota still holds; a Problem where it is used up.
func (d *door) withinQuota(ctx huma.Context, asker string) error {
	left := d.Quota.Take(asker, d.Now())
	left.Headers(ctx.SetHeader)
	if !left.Allowed {
		return newProblem(http.StatusTooManyRequests, "too_many_requests", "these are more requests than this key may make; see Retry-After")
	}
	return nil
}

func (d *door) merchant(ctx context.Context, key string) (account.Merchant, error) {
	if key == "" || len(key) > 200 {
		return account.Merchant{}, fault.New(fault.Denied, "unauthorized", "send your API key as Authorization: Bearer lsk_…")
	}
	return d.Accounts.Authenticate(ctx, key)
}

// route registers an operation for merchants: documented with its failures, bounded, its faults turned into problems.
func route[I, O any](d *door, op huma.Operation, do func(ctx context.Context, m account.Merchant, in *I) (*O, error)) {
	op.Security = []map[string][]string{{"key": {}}}
	op.RejectUnknownQueryParameters = true
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = maxBody
	}
	op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusServiceUnavailable)
	huma.Register(d.api, op, func(ctx context.Context, in *I) (*O, error) {
		m, ok := ctx.Value(merchantKey{}).(account.Merchant)
		if !ok {
			return nil, d.problem(ctx, fault.New(fault.Denied, "unauthorized", "no API key"))
		}
		out, err := do(ctx, m, in)
		if err != nil {
			return nil, d.problem(ctx, err)
		}
		return out, nil
	})
}

// example is a body that works as it stands, where all fields at once would not.
func example(body map[string]any) *huma.RequestBody {
	return &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Example: body}}}
}
