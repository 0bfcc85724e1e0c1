package notifier

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"golang.org/x/time/rate"

	"lockstep/internal/fault"
	"lockstep/internal/web"
	"lockstep/notifier/internal/ledger"
)

// What the hub may ask of the notifier, request by request: the name and the last digits of a parcel's recipient, and whom a courier asks
// for at a merchant's address. It bears a token; every question is counted in the ledger, and there are only so many in an hour.

const (
	// MaxAsked bounds one request.
	MaxAsked = 100
	// DefaultAsksPerHour is how many names, and how many pickups' contacts, the hub is told of in an hour.
	DefaultAsksPerHour = 2000

	minHubToken = 20 // characters; a token is drawn, not thought up
	maxAskBody  = 1 << 20
)

// asks answers the hub.
type asks struct {
	book    *ledger.Ledger
	digest  [sha256.Size]byte
	names   *rate.Limiter
	noise   *rate.Limiter // of strangers, in the log
	pickups *rate.Limiter
	clock   now
	log     *slog.Logger
}

// newAsks makes the door for the hub; nil where it has no token.
func newAsks(c Config, book *ledger.Ledger) (*asks, error) {
	if c.HubToken == "" {
		return nil, nil
	}
	if len(c.HubToken) < minHubToken {
		return nil, fmt.Errorf("notifier: the hub's token has at least %d characters", minHubToken)
	}
	perHour := c.AsksPerHour
	if perHour == 0 {
		perHour = DefaultAsksPerHour
	}
	if perHour < 0 {
		return nil, errors.New("notifier: the hub cannot ask less than nothing")
	}
	a := &asks{book: book, digest: sha256.Sum256([]byte(c.HubToken)), noise: rate.NewLimiter(1, 5), clock: c.Clock, log: c.Log}
	for _, l := range []**rate.Limiter{&a.names, &a.pickups} {
		*l = rate.NewLimiter(rate.Limit(float64(perHour)/3600), max(MaxAsked, perHour/2))
	}
	return a, nil
}

func (a *asks) routes(mux *http.ServeMux) {
	mux.HandleFunc("POST /hub/v1/recipients", a.answer(a.recipients))
	mux.HandleFunc("POST /hub/v1/pickups", a.answer(a.contacts))
	mux.HandleFunc("POST /hub/v1/phone", a.answer(a.ofPhone))
}

// answer lets only the hub through, and turns failures into problems.
func (a *asks) answer(do func(w http.ResponseWriter, r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		answer, err := any(nil), a.check(r)
		if err == nil {
			answer, err = do(w, r)
		}
		if err != nil {
			if fault.KindOf(err) == fault.Internal && r.Context().Err() == nil {
				a.log.Error("the hub's question failed", "error", err)
			}
			web.Problem(w, err)
			return
		}
		web.JSON(w, answer)
	}
}

// check compares digests: how long it takes says nothing of the token.
func (a *asks) check(r *http.Request) error {
	token, bears := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	digest := sha256.Sum256([]byte(token))
	if subtle.ConstantTimeCompare(digest[:], a.digest[:]) != 1 || !bears {
		if a.noise.AllowN(a.clock.Now(), 1) {
			a.log.Warn("somebody without the hub's token asks", "path", r.URL.Path)
		}
		return fault.New(fault.Denied, "unauthorized", "this is for the hub")
	}
	return nil
}

// admit takes so many questions from what an hour has; more than that is an alarm.
func (a *asks) admit(ctx context.Context, kind string, limit *rate.Limiter, count int) error {
	if count < 1 || count > MaxAsked {
		return fault.New(fault.Invalid, "invalid_count", "ask for 1 to %d at once", MaxAsked)
	}
	at := a.clock.Now()
	if limit.AllowN(at, count) {
		return nil
	}
	a.log.Error("the hub asks too often; see the alarms", "kind", kind, "count", count)
	if err := a.book.AskedTooOften(ctx, kind, at); err != nil {
		return err
	}
	return fault.New(fault.Unavailable, "asked_too_often", "that was asked too often; later again")
}

type askedName struct {
	Barcode    string `json:"barcode"`
	Name       string `json:"name"`
	LastDigits string `json:"last_digits"`
}

// recipients tells of those barcodes whose recipients may be told of.
func (a *asks) recipients(w http.ResponseWriter, r *http.Request) (any, error) {
	var body struct {
		Barcodes []string `json:"barcodes"`
	}
	if err := web.ReadJSON(w, r, maxAskBody, &body); err != nil {
		return nil, err
	}
	if err := a.admit(r.Context(), "names", a.names, len(body.Barcodes)); err != nil {
		return nil, err
	}
	told, err := a.book.Names(r.Context(), body.Barcodes, a.clock.Now())
	if err != nil {
		return nil, err
	}
	list := []askedName{}
	for _, n := range told {
		list = append(list, askedName{n.Barcode, n.Name, n.LastDigits})
	}
	a.log.Info("the hub was told names", "asked", len(body.Barcodes), "told", len(list))
	return map[string]any{"recipients": list}, nil
}

// ofPhone tells which parcels are of a phone number, compared whole.
func (a *asks) ofPhone(w http.ResponseWriter, r *http.Request) (any, error) {
	var body struct {
		Phone string `json:"phone"`
	}
	if err := web.ReadJSON(w, r, maxAskBody, &body); err != nil {
		return nil, err
	}
	if err := a.admit(r.Context(), "names", a.names, 1); err != nil {
		return nil, err
	}
	barcodes, err := a.book.OfPhone(r.Context(), body.Phone, a.clock.Now())
	if err != nil {
		return nil, err
	}
	a.log.Info("the hub was told parcels of a phone number", "told", len(barcodes))
	return map[string]any{"barcodes": append([]string{}, barcodes...)}, nil
}

type askedPickup struct {
	Number int64  `json:"number"`
	Day    string `json:"day"`
	Sealed []byte `json:"sealed"`
}

type askedContact struct {
	Number int64  `json:"number"`
	Name   string `json:"name"`
	Phone  string `json:"phone"`
}

// contacts opens the contacts of pickups; of those that do not open it is silent.
func (a *asks) contacts(w http.ResponseWriter, r *http.Request) (any, error) {
	var body struct {
		Pickups []askedPickup `json:"pickups"`
	}
	if err := web.ReadJSON(w, r, maxAskBody, &body); err != nil {
		return nil, err
	}
	if err := a.admit(r.Context(), "pickups", a.pickups, len(body.Pickups)); err != nil {
		return nil, err
	}
	list := []askedContact{}
	for _, p := range body.Pickups {
		person, err := a.book.Pickup(r.Context(), p.Number, p.Day, p.Sealed, a.clock.Now())
		if errors.Is(err, ledger.ErrUnreadable) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, askedContact{p.Number, person.Name, person.Phone})
	}
	a.log.Info("the hub was told contacts of pickups", "asked", len(body.Pickups), "told", len(list))
	return map[string]any{"contacts": list}, nil
}
