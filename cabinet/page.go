package cabinet

import (
	"context"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"lockstep/internal/web"
	"lockstep/internal/words"
)

//go:embed page
var assets embed.FS

var pageTemplate = template.Must(template.ParseFS(assets, "page/index.html"))

// hands is what whoever plays at the page carries.
type hands struct {
	mu      sync.Mutex
	parcels []Parcel
	changed chan struct{}
}

func (h *hands) list() ([]Parcel, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.changed == nil {
		h.changed = make(chan struct{})
	}
	return append([]Parcel{}, h.parcels...), h.changed // never null in JSON
}

func (h *hands) change(act func([]Parcel) []Parcel) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.parcels = act(h.parcels)
	if h.changed != nil {
		close(h.changed)
	}
	h.changed = make(chan struct{})
}

func (h *hands) add(p Parcel) { h.change(func(all []Parcel) []Parcel { return append(all, p) }) }

// release takes a parcel out of the hands.
func (h *hands) release(barcode string) (p Parcel, ok bool) {
	h.change(func(all []Parcel) []Parcel {
		i := slices.IndexFunc(all, func(p Parcel) bool { return p.Barcode == barcode })
		if i < 0 {
			return all
		}
		p, ok = all[i], true
		return slices.Delete(all, i, i+1)
	})
	return p, ok
}

// pages serves the cabinet's front. Everything but the static files wants the token.
func (r *Running) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", r.withToken(r.servePage))
	mux.HandleFunc("GET /events", r.withToken(r.serveEvents))
	mux.HandleFunc("POST /do", r.withToken(r.serveDo))
	mux.HandleFunc("POST /scan", r.withToken(r.serveScan))
	own, err := fs.Sub(assets, "page")
	if err != nil {
		panic(err) // the name is a constant of ours
	}
	files := http.StripPrefix("/", web.Files(words.Page(own, "cabinet")))
	for _, name := range []string{"page.js", "words.js", "page.css"} {
		mux.Handle("GET /"+name, files)
	}
	mux.Handle("GET /assets/", web.AssetsHandler())
	return r.guarded(mux)
}

func (r *Running) guarded(next http.Handler) http.Handler {
	ancestors := "'none'"
	if len(r.options.FrameAncestors) > 0 {
		ancestors = strings.Join(r.options.FrameAncestors, " ")
	}
	policy := "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors " + ancestors
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, q)
	})
}

func (r *Running) withToken(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		if subtle.ConstantTimeCompare([]byte(q.URL.Query().Get("token")), []byte(r.options.Token)) != 1 {
			http.Error(w, "This page wants the token that was printed when the cabinet started.", http.StatusForbidden)
			return
		}
		next(w, q)
	}
}

func (r *Running) servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	ancestors := strings.Join(r.options.FrameAncestors, " ")
	if err := pageTemplate.Execute(w, struct{ Ancestors string }{ancestors}); err != nil {
		r.options.Log.Warn("cabinet: page", "error", err)
	}
}

// view is what the page draws.
type view struct {
	State
	Hands []Parcel `json:"hands"`
}

// serveEvents sends the whole view after each change (server-sent events).
func (r *Running) serveEvents(w http.ResponseWriter, q *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	keep := time.NewTicker(20 * time.Second)
	defer keep.Stop()
	for {
		r.Cabinet.mu.Lock()
		state, changed := r.Cabinet.state(), r.Cabinet.changed
		r.Cabinet.mu.Unlock()
		held, handsChanged := r.hands.list()
		data, err := json.Marshal(view{state, held})
		if err == nil {
			_, err = fmt.Fprintf(w, "data: %s\n\n", data)
		}
		if errors.Join(err, out.Flush()) != nil {
			return // the page has gone
		}
		select {
		case <-changed:
		case <-handsChanged:
		case <-keep.C:
		case <-q.Context().Done():
			return
		}
	}
}

// serveDo takes what a person at the page does: press, close, put, take, pick up, put away.
func (r *Running) serveDo(w http.ResponseWriter, q *http.Request) {
	var ask Request
	if err := json.NewDecoder(http.MaxBytesReader(w, q.Body, maxRequest)).Decode(&ask); err != nil {
		http.Error(w, "not a request", http.StatusBadRequest)
		return
	}
	if err := r.play(q.Context(), ask); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (r *Running) play(ctx context.Context, ask Request) error {
	switch ask.Verb {
	case "pick up":
		if !plainName(ask.Barcode) {
			return errors.New("cabinet: a barcode has 1 to 32 letters and digits")
		}
		r.hands.add(Parcel{Barcode: ask.Barcode})
		return nil
	case "put away":
		r.hands.release(ask.Barcode)
		return nil
	case "put":
		return r.putFromHands(ask)
	case "take":
		p, err := r.Cabinet.Take(ask.Person, ask.Compartment, ask.Barcode)
		if err == nil {
			r.hands.add(p)
		}
		return err
	case "press", "close", "force", "fault", "mend":
		if reply := r.do(ctx, ask); reply.Error != "" {
			return errors.New(reply.Error)
		}
		return nil
	}
	return fmt.Errorf("cabinet: nobody can %q here", ask.Verb)
}

func (r *Running) putFromHands(ask Request) error {
	p, ok := r.hands.release(ask.Barcode)
	if !ok {
		return fmt.Errorf("cabinet: no parcel %s in hand", ask.Barcode)
	}
	err := r.Cabinet.Put(ask.Person, ask.Compartment, p)
	if err != nil {
		r.hands.add(p)
	}
	return err
}

// serveScan shows the body's text to the scanner.
func (r *Running) serveScan(w http.ResponseWriter, q *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, q.Body, 4096))
	if err == nil {
		err = r.Scan(string(text))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
