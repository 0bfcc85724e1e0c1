package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"lockstep/hub/internal/account"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/fault"
	"lockstep/internal/web"
)

const (
	maxFeed   = 1 << 20          // a body from the notifier: a thousand receipts
	longPoll  = 25 * time.Second // how long a request for uploads waits for a first one
	maxUpload = 100              // uploads in one answer
)

// The notifier's feed. What it gives is bytes: the notifier verifies them with roots of its own.
type (
	feedContact struct {
		Barcode  string `json:"barcode"`
		Sealed   []byte `json:"sealed"`   // a ciphertext of ours, or the envelope that the merchant's software made
		Merchant string `json:"merchant"` // name
		Shipment string `json:"shipment"`
		Locker   string `json:"locker"` // it is announced for
		Shown    string `json:"shown"`  // that locker's name and address, for people
		Tracking string `json:"tracking"`
		MoreTime bool   `json:"more_time,omitempty"` // the merchant lets its recipients ask for more time
	}
	feedContactKey struct {
		Number    int64  `json:"number"`
		Statement []byte `json:"statement"` // a statement.Bundle
	}
	feedUpload struct {
		Cursor   int64  `json:"cursor"`
		Locker   string `json:"locker"`
		Received int64  `json:"received"` // µs UTC
		Stretch  []byte `json:"stretch"`  // CBOR of a journal.Stretch
	}
	feedLocker struct {
		ID          string   `json:"id"`
		Name        string   `json:"name"`
		Address     string   `json:"address"`
		Zone        string   `json:"zone"`
		Certificate [][]byte `json:"certificate"`
		Line        string   `json:"line"`  // online, offline
		Since       int64    `json:"since"` // µs UTC
	}
)

func (d *door) feed() {
	d.service(account.Notifier, "GET /notifier/v1/contacts", d.feedContacts)
	d.service(account.Notifier, "POST /notifier/v1/contacts/ack", d.feedAck)
	d.service(account.Notifier, "GET /notifier/v1/contact-keys", d.feedContactKeys)
	d.service(account.Notifier, "GET /notifier/v1/uploads", d.feedUploads)
	d.service(account.Notifier, "POST /notifier/v1/receipts", d.feedReceipts)
	d.service(account.Notifier, "GET /notifier/v1/lockers", d.feedLockers)
	d.recipients()
}

// service registers a handler that only one service reaches. A nil answer is 204.
func (d *door) service(s account.Service, pattern string, do func(r *http.Request) (answer any, err error)) {
	d.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		answer, err := any(nil), d.Accounts.CheckService(r.Context(), s, bearer(r.Header.Get("Authorization")))
		if err == nil {
			answer, err = do(r)
		}
		d.answer(w, r, answer, err)
	})
}

// answer is what machines with a token get: a problem, nothing (204) or JSON.
func (d *door) answer(w http.ResponseWriter, r *http.Request, answer any, err error) {
	switch {
	case err != nil:
		p := d.problem(r.Context(), err)
		if p.Status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		write(w, p)
	case answer == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(answer)
	}
}

func (d *door) feedContacts(r *http.Request) (any, error) {
	limit, err := number(r, "limit", 100, 1, 1000)
	if err != nil {
		return nil, err
	}
	list, err := d.Custody.Contacts(r.Context(), int(limit))
	if err != nil {
		return nil, err
	}
	out := []feedContact{}
	names, rules := d.names(), map[string]account.Rule{}
	for _, c := range list {
		c.Parcel.Locker = c.Locker
		m, l, err := names(r.Context(), c.Parcel)
		if err != nil {
			return nil, err
		}
		rule, err := once(r.Context(), rules, m.ID, d.Accounts.Rule)
		if err != nil {
			return nil, err
		}
		out = append(out, feedContact{Barcode: c.Parcel.Barcode, Sealed: c.Sealed, Merchant: m.Name, Shipment: c.Parcel.Shipment, Locker: l.ID,
			Shown: l.Name + ", " + l.Address, Tracking: d.Tracking(c.Parcel.Token), MoreTime: rule.Extension > 0})
	}
	return map[string]any{"contacts": out}, nil
}

// names looks a parcel's merchant and locker up, each once for one answer.
func (d *door) names() func(ctx context.Context, p custody.Parcel) (account.Merchant, fleet.Locker, error) {
	merchants, lockers := map[string]account.Merchant{}, map[string]fleet.Locker{}
	return func(ctx context.Context, p custody.Parcel) (account.Merchant, fleet.Locker, error) {
		m, err := once(ctx, merchants, p.Merchant, d.Accounts.Merchant)
		if err != nil {
			return m, fleet.Locker{}, err
		}
		l, err := once(ctx, lockers, p.Locker, d.Fleet.Locker)
		return m, l, err
	}
}

func once[T any](ctx context.Context, had map[string]T, id string, find func(context.Context, string) (T, error)) (T, error) {
	if v, ok := had[id]; ok {
		return v, nil
	}
	v, err := find(ctx, id)
	if err == nil {
		had[id] = v
	}
	return v, err
}

func (d *door) feedAck(r *http.Request) (any, error) {
	var body struct {
		Barcodes []string `json:"barcodes"`
	}
	if err := web.ReadJSON(nil, r, maxFeed, &body); err != nil {
		return nil, err
	}
	for _, b := range body.Barcodes {
		if err := known(b, "unknown_parcel", "parcel"); err != nil {
			return nil, err
		}
	}
	return nil, d.Custody.AckContacts(r.Context(), body.Barcodes)
}

func (d *door) feedContactKeys(r *http.Request) (any, error) {
	from, err := number(r, "after", 0, 0, 1<<62)
	if err != nil {
		return nil, err
	}
	list, err := d.Custody.ContactKeys(r.Context(), from, maxUpload)
	if err != nil {
		return nil, err
	}
	out := []feedContactKey{}
	for _, k := range list {
		out = append(out, feedContactKey{k.Number, k.Statement})
	}
	return map[string]any{"contact_keys": out}, nil
}

func (d *door) feedUploads(r *http.Request) (any, error) {
	from, err := number(r, "after", 0, 0, 1<<62)
	if err != nil {
		return nil, err
	}
	limit, err := number(r, "limit", maxUpload, 1, 1000)
	if err != nil {
		return nil, err
	}
	list, next, err := d.Custody.Uploads(r.Context(), from, int(min(limit, maxUpload)), longPoll)
	if err != nil {
		return nil, err
	}
	out := []feedUpload{}
	for _, u := range list {
		out = append(out, feedUpload{u.Cursor, u.Locker, u.Received, u.Stretch})
	}
	return map[string]any{"uploads": out, "next": next}, nil
}

func (d *door) feedReceipts(r *http.Request) (any, error) {
	var body struct {
		Receipts [][]byte `json:"receipts"`
	}
	if err := web.ReadJSON(nil, r, maxFeed, &body); err != nil {
		return nil, err
	}
	return nil, d.Fleet.TakeReceipts(r.Context(), body.Receipts)
}

func (d *door) feedLockers(r *http.Request) (any, error) {
	all, err := d.Fleet.All(r.Context())
	if err != nil {
		return nil, err
	}
	out := []feedLocker{}
	for _, l := range all {
		line, since := string(l.Line), l.Since
		if l.Line == fleet.Never {
			line, since = string(fleet.Offline), l.Created
		}
		out = append(out, feedLocker{l.ID, l.Name, l.Address, l.Zone, l.Certificate, line, since})
	}
	return map[string]any{"lockers": out}, nil
}

func number(r *http.Request, name string, absent, least, most int64) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, fault.New(fault.Invalid, "invalid_request", "%s is a number from %d to %d", name, least, most)
	}
	return n, nil
}
