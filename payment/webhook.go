package payment

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"lockstep/guard/statement"
	"lockstep/internal/peer"
)

const (
	maxBody   = 64 << 10
	tolerance = 5 * time.Minute // between the provider's clock and ours
)

// provider is the adapter for payment providers that call webhooks signed by the Standard Webhooks specification: type
// "payment.succeeded", with data {barcode, amount, currency, reference}. Other types are taken and mean nothing here. A provider that
// speaks otherwise needs a few lines before this door.
type provider struct {
	*Service
	hook *standardwebhooks.Webhook
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the body is too large, or did not come whole", http.StatusRequestEntityTooLarge)
		return
	}
	if !p.genuine(body, r.Header) {
		http.Error(w, "not signed with the secret that was agreed, or too old", http.StatusUnauthorized)
		return
	}
	paid, meant, err := p.read(body)
	switch {
	case err != nil:
		p.config.Log.Error("a payment that nobody can read; the money needs a person", "webhook", r.Header.Get(standardwebhooks.HeaderWebhookID), "error", err)
		http.Error(w, "barcode, amount, currency and reference are needed", http.StatusUnprocessableEntity)
	case !meant:
		w.WriteHeader(http.StatusNoContent)
	default:
		p.take(w, r, paid)
	}
}

// genuine says whether the provider has signed this within the last minutes.
func (p *provider) genuine(body []byte, header http.Header) bool {
	seconds, err := strconv.ParseInt(header.Get(standardwebhooks.HeaderWebhookTimestamp), 10, 64)
	if err != nil || p.hook.VerifyIgnoringTimestamp(body, header) != nil {
		return false
	}
	return p.config.Now().Sub(time.Unix(seconds, 0)).Abs() <= tolerance
}

// read reads an event. meant is false for one that says nothing of a payment that succeeded.
func (p *provider) read(body []byte) (paid Payment, meant bool, err error) {
	var event struct {
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Data      struct {
			Barcode   string `json:"barcode"`
			Amount    int64  `json:"amount"`
			Currency  string `json:"currency"`
			Reference string `json:"reference"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &event); err != nil {
		return paid, false, errors.New("not the JSON that was agreed")
	}
	if event.Type != "payment.succeeded" {
		return paid, false, nil
	}
	d := event.Data
	paid = Payment{d.Barcode, d.Amount, strings.ToUpper(d.Currency), d.Reference, event.Timestamp}
	if paid.At.IsZero() {
		paid.At = p.config.Now()
	}
	// The locker is the hub's to say; all else must be fit to be signed.
	return paid, true, statement.Paid{Locker: "any", Barcode: paid.Barcode, Amount: paid.Amount, Currency: paid.Currency, At: paid.At.UnixMicro(), Reference: paid.Reference}.Check()
}

// take answers so that a provider repeats what may succeed later. What never will needs a person: money has come in.
func (p *provider) take(w http.ResponseWriter, r *http.Request, paid Payment) {
	charge, err := p.Take(r.Context(), paid)
	refused, isRefused := errors.AsType[*peer.Refused](err)
	switch {
	case err == nil:
		p.config.Log.Info("paid", "shipment", charge.Shipment, "reference", paid.Reference)
		w.WriteHeader(http.StatusNoContent)
	case isRefused && refused.Code == "moved":
		http.Error(w, "the parcel is just being sent elsewhere; again, please", http.StatusServiceUnavailable)
	case errors.Is(err, ErrAnotherAmount), isRefused && (refused.Status == http.StatusNotFound || refused.Status == http.StatusConflict || refused.Status == http.StatusUnprocessableEntity):
		p.config.Log.Error("a payment that does not fit what is due; the money needs a person", "barcode", paid.Barcode, "reference", paid.Reference, "error", err)
		http.Error(w, "this does not fit what is due", http.StatusConflict)
	default:
		p.config.Log.Error("a payment was not taken; the provider repeats it", "barcode", paid.Barcode, "reference", paid.Reference, "error", err)
		http.Error(w, "not now; again, please", http.StatusServiceUnavailable)
	}
}
