package inbox

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"lockstep/internal/web"
)

//go:embed page
var page embed.FS

// Handler serves the page on /, what was sent as JSON on /messages, and takes SMS on /gateway/sms.
func (b *Inbox) Handler() http.Handler {
	own, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // the name is a constant of ours
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /messages", b.list)
	mux.HandleFunc("GET /messages/{id}/html", b.letter)
	mux.HandleFunc("GET /events", b.events)
	mux.HandleFunc("POST /gateway/sms", b.gateway)
	mux.Handle("GET /assets/", web.AssetsHandler())
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = "index.html"
		web.Files(own).ServeHTTP(w, r)
	})
	mux.Handle("GET /", http.StripPrefix("/", web.Files(own)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "+
			"frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self' http://127.0.0.1:* http://localhost:*")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

func (b *Inbox) list(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(map[string]any{"messages": append([]Message{}, b.All()...)}) // the reader may be gone
}

// letter shows a letter's HTML as a mail program would: no scripts, nothing fetched.
func (b *Inbox) letter(w http.ResponseWriter, r *http.Request) {
	for _, m := range b.All() {
		if m.ID == r.PathValue("id") && m.html != "" {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'")
			fmt.Fprint(w, strings.Replace(m.html, "<head>", `<head><base target="_blank">`, 1))
			return
		}
	}
	http.NotFound(w, r)
}

// events tells the page that there is something new (text/event-stream).
func (b *Inbox) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	for {
		next := b.changes()
		fmt.Fprintf(w, "data: %d\n\n", len(b.All()))
		if err := out.Flush(); err != nil {
			return
		}
		select {
		case <-next:
		case <-r.Context().Done():
			return
		}
	}
}

// gateway takes {"id","to","text"}, as GatewayBody writes it.
func (b *Inbox) gateway(w http.ResponseWriter, r *http.Request) {
	var sms struct{ ID, To, Text string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&sms); err != nil || sms.To == "" {
		http.Error(w, `want {"id","to","text"}`, http.StatusBadRequest)
		return
	}
	b.add(Message{ID: sms.ID, Channel: "sms", To: sms.To, Text: sms.Text})
	w.WriteHeader(http.StatusAccepted)
}

// GatewayBody is the body template that an SMS channel uses for this gateway.
const GatewayBody = `{"id":"{{.ID}}","to":"{{.To}}","text":"{{.Text}}"}`
