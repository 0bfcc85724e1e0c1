package notifier_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"lockstep/guard/statement"
)

// hub is the hub's side of the feed, as doors and COMMON agree it: what the notifier under test talks to.
type hub struct {
	*httptest.Server
	mu       sync.Mutex
	contacts []map[string]any
	keys     []map[string]any // contact keys
	uploads  []map[string]any
	lockers  []map[string]any
	receipts []statement.Receipt
	extended []string // barcodes; a second wish for one is refused
	refused  []string // barcodes
	reports  []report // a second one about a parcel is refused
	place    string   // what is said of every locker's place; empty: nothing
	asked    int      // how often that was asked
	changed  chan struct{}
	key      statement.Key // of the notifier's receipts
	t        *testing.T
}

const token = "feed-token-9f"

func newHub(t *testing.T, key statement.Key) *hub {
	h := &hub{changed: make(chan struct{}), key: key, t: t}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /notifier/v1/contacts", func(w http.ResponseWriter, _ *http.Request) { h.answer(w, "contacts", h.have(&h.contacts)) })
	mux.HandleFunc("POST /notifier/v1/contacts/ack", h.ack)
	mux.HandleFunc("GET /notifier/v1/contact-keys", func(w http.ResponseWriter, r *http.Request) {
		after, err := strconv.Atoi(r.URL.Query().Get("after"))
		if err != nil {
			t.Error(err)
		}
		h.answer(w, "contact_keys", h.have(&h.keys)[after:])
	})
	mux.HandleFunc("GET /notifier/v1/uploads", h.feed)
	mux.HandleFunc("POST /notifier/v1/receipts", h.takeReceipts)
	mux.HandleFunc("POST /notifier/v1/extend", h.extend)
	mux.HandleFunc("POST /notifier/v1/refuse", h.refuse)
	mux.HandleFunc("POST /notifier/v1/report", h.report)
	mux.HandleFunc("GET /notifier/v1/lockers/l1/place", h.placeOf)
	mux.HandleFunc("GET /notifier/v1/lockers", func(w http.ResponseWriter, _ *http.Request) { h.answer(w, "lockers", h.have(&h.lockers)) })
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, "who are you", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

// with changes what the hub has.
func (h *hub) with(do func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	do()
	close(h.changed)
	h.changed = make(chan struct{})
}

// have reads one of the lists.
func (h *hub) have(list *[]map[string]any) []map[string]any {
	h.mu.Lock()
	defer h.mu.Unlock()
	return *list
}

// await waits until something holds of what the hub has.
func (h *hub) await(holds func() bool) {
	h.t.Helper()
	for {
		h.mu.Lock()
		ok, changed := holds(), h.changed
		h.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-h.t.Context().Done():
			h.t.Fatal("it never came to hold")
		case <-time.After(20 * time.Second):
			h.t.Fatal("it never came to hold")
		}
	}
}

func (h *hub) answer(w http.ResponseWriter, name string, list []map[string]any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_ = json.NewEncoder(w).Encode(map[string]any{name: list})
}

func (h *hub) announce(barcode, shipment string, sealed []byte) {
	h.with(func() {
		h.contacts = append(h.contacts, map[string]any{"barcode": barcode, "sealed": sealed, "merchant": "m1", "shipment": shipment,
			"shown": "Lenina 5", "tracking": "https://hub.example/t/abc", "more_time": shipment == "s4"})
	})
}

func (h *hub) handIn(contactKey []byte) {
	h.with(func() { h.keys = append(h.keys, map[string]any{"number": len(h.keys) + 1, "statement": contactKey}) })
}

func (h *hub) upload(locker string, stretch []byte) {
	h.with(func() {
		h.uploads = append(h.uploads, map[string]any{"cursor": len(h.uploads) + 1, "locker": locker, "received": time.Now().UnixMicro(), "stretch": stretch})
	})
}

func (h *hub) ack(w http.ResponseWriter, r *http.Request) {
	var body struct{ Barcodes []string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		h.t.Error(err)
	}
	h.with(func() {
		h.contacts = slices.DeleteFunc(h.contacts, func(c map[string]any) bool { return slices.Contains(body.Barcodes, c["barcode"].(string)) })
	})
	w.WriteHeader(http.StatusNoContent)
}

// feed long-polls until there is something after the cursor.
func (h *hub) feed(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.Atoi(r.URL.Query().Get("after"))
	if err != nil {
		h.t.Error(err)
	}
	for {
		h.mu.Lock()
		rest, changed := h.uploads[min(after, len(h.uploads)):], h.changed
		h.mu.Unlock()
		if len(rest) > 0 {
			_ = json.NewEncoder(w).Encode(map[string]any{"uploads": rest, "next": after + len(rest)})
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

func (h *hub) extend(w http.ResponseWriter, r *http.Request) {
	var body struct{ Barcode string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		h.t.Error(err)
	}
	h.with(func() {
		if slices.Contains(h.extended, body.Barcode) {
			w.WriteHeader(http.StatusConflict)
			return
		}
		h.extended = append(h.extended, body.Barcode)
		w.WriteHeader(http.StatusNoContent)
	})
}

func (h *hub) refuse(w http.ResponseWriter, r *http.Request) {
	var body struct{ Barcode string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		h.t.Error(err)
	}
	h.with(func() { h.refused = append(h.refused, body.Barcode) })
	w.WriteHeader(http.StatusNoContent)
}

type report struct{ Barcode, What, Note string }

func (h *hub) report(w http.ResponseWriter, r *http.Request) {
	var body report
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		h.t.Error(err)
	}
	h.with(func() {
		if slices.ContainsFunc(h.reports, func(is report) bool { return is.Barcode == body.Barcode }) {
			w.WriteHeader(http.StatusConflict)
			return
		}
		h.reports = append(h.reports, body)
		w.WriteHeader(http.StatusNoContent)
	})
}

func (h *hub) placeOf(w http.ResponseWriter, _ *http.Request) {
	h.with(func() {
		h.asked++
		if h.place == "" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Write([]byte(h.place))
	})
}

func (h *hub) takeReceipts(w http.ResponseWriter, r *http.Request) {
	var body struct{ Receipts [][]byte }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		h.t.Error(err)
	}
	for _, envelope := range body.Receipts {
		receipt, _, err := statement.Verify[statement.Receipt](envelope, func(id statement.KeyID) (statement.Key, bool) { return h.key, h.key.ID() == id })
		if err != nil {
			h.t.Error(err)
		}
		h.with(func() { h.receipts = append(h.receipts, receipt) })
	}
	w.WriteHeader(http.StatusNoContent)
}
