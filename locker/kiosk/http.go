package kiosk

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"time"

	"lockstep/guard/door"
	"lockstep/guard/statement"
	"lockstep/internal/web"
	"lockstep/internal/words"
)

//go:embed page
var pageFiles embed.FS

const maxBody = 8 << 10

// keepAlive is how often a quiet stream says that it still stands.
const keepAlive = 15 * time.Second

// newHandler is everything the screen may load and ask.
func newHandler(d *desk, frameAncestor string) http.Handler {
	own, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // the name is a constant of ours
	}
	page := words.Page(own, "kiosk")
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", index(page))
	mux.Handle("GET /page/", http.StripPrefix("/page/", web.Files(page)))
	mux.Handle("GET /assets/", web.AssetsHandler())
	mux.HandleFunc("GET /state", d.serveState)
	mux.HandleFunc("GET /healthz", d.serveHealth)
	mux.HandleFunc("POST /code", d.serveTyped(door.Code, statement.CheckCode))
	mux.HandleFunc("POST /return", d.serveTyped(door.Return, statement.CheckPermitCode))
	mux.HandleFunc("POST /scan", d.serveScan)
	for _, verb := range []door.KioskVerb{door.Courier, door.Technician, door.Override, door.Larger, door.Decline, door.Cancel} {
		mux.HandleFunc("POST /"+string(verb), d.serveVerb(verb))
	}
	mux.HandleFunc("POST /next", d.serveQueue(func(context.Context) { d.goOn() }))
	mux.HandleFunc("POST /skip", d.serveQueue(d.skip))
	mux.HandleFunc("POST /stop", d.serveQueue(d.stop))
	mux.HandleFunc("POST /carried", d.serveQueue(func(context.Context) { d.carriedAway() }))
	mux.HandleFunc("GET /carried/{part}", d.servePart)
	policy := web.Policy{}
	if frameAncestor != "" {
		policy.FrameAncestors = []string{frameAncestor}
	}
	return web.Secure(policy, onlyThisMachine(http.NewCrossOriginProtection().Handler(mux)))
}

func index(page fs.FS) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = "index.html"
		web.Files(page).ServeHTTP(w, r)
	})
}

// onlyThisMachine refuses pages that reached us under another name (DNS rebinding).
func onlyThisMachine(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if !isLoopback(host) {
			http.Error(w, "this screen is served to its own machine only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serveState streams the state as server-sent events: one at once, then one with every change.
func (d *desk) serveState(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	quiet := time.NewTicker(keepAlive)
	defer quiet.Stop()
	for {
		now, changed := d.state()
		data, err := json.Marshal(now)
		if err != nil {
			d.log.Error("state not sent", "error", err)
			return
		}
		if _, err := fmt.Fprintf(w, "data: %s\n\n", data); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		case <-quiet.C:
		}
	}
}

// serveHealth says whether the guard answers.
func (d *desk) serveHealth(w http.ResponseWriter, _ *http.Request) {
	if now, _ := d.state(); !now.Guard {
		http.Error(w, "the guard does not answer", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// serveTyped asks about a code that somebody typed. A typing error costs nothing: the guard is not asked.
func (d *desk) serveTyped(verb door.KioskVerb, check func(string) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Code string `json:"code"`
			Low  bool   `json:"low"` // a return into a low compartment
		}
		if !readBody(w, r, &body) {
			return
		}
		if !check(body.Code) {
			reply(w, answer{About: string(verb), Reason: reasonTypo})
			return
		}
		d.drop()
		reply(w, d.ask(r.Context(), door.KioskRequest{Verb: verb, Code: body.Code, Low: body.Low}))
	}
}

// serveScan takes what a scanner typed into the page as if it were a keyboard. What came of it is in the state.
func (d *desk) serveScan(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Text string `json:"text"`
	}
	if !readBody(w, r, &body) {
		return
	}
	d.scanned(r.Context(), body.Text)
	w.WriteHeader(http.StatusNoContent)
}

func (d *desk) serveVerb(verb door.KioskVerb) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !readBody(w, r, &struct{}{}) {
			return
		}
		d.drop()
		reply(w, d.ask(r.Context(), door.KioskRequest{Verb: verb}))
	}
}

// serveQueue takes what somebody says who is led from door to door. What comes of it is in the state.
func (d *desk) serveQueue(do func(context.Context)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !readBody(w, r, &struct{}{}) {
			return
		}
		do(r.Context())
		w.WriteHeader(http.StatusNoContent)
	}
}

// readBody reads strict JSON, or answers 400 without quoting what it read.
func readBody(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil || decoder.More() {
		http.Error(w, "not the JSON this door takes", http.StatusBadRequest)
		return false
	}
	return true
}

func reply(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(a) // a page that went away misses its answer; the state tells it
}
