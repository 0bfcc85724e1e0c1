// Package tracking is the public page of one parcel: where it is and what has happened to it, for whoever has its link.
package tracking

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a locker's wall clock, on machines without the tables

	"lockstep/hub/internal/custody"
	"lockstep/internal/fault"
	"lockstep/internal/web"
	"lockstep/internal/words"
	"lockstep/parcel"
)

// Custody is what the page needs of custody.Custody.
type Custody interface {
	Track(ctx context.Context, token string) (custody.Tracking, error)
}

// Config is what the page stands on.
type Config struct {
	Custody Custody
	Now     func() time.Time
	Log     *slog.Logger
}

//go:embed track.css
var style embed.FS

// New is the handler of /t/.
func New(c Config) http.Handler {
	p := &page{c}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /t/", p.track)
	mux.Handle("GET /t/track.css", http.StripPrefix("/t/", web.Files(style)))
	return web.Secure(web.Policy{}, mux)
}

type page struct{ Config }

// tracked is the tracking page as it is drawn: words and times, already in the reader's language. It holds no compartment and
// nobody's name.
type tracked struct {
	*words.Language
	Found   bool
	Barcode string
	State   string
	Text    string
	Tone    string // go · care · quiet
	Steps   []step
	Due     string
	Locker  custodyPlace
	Events  []happened
}

type custodyPlace struct{ Name, Address, Heard string }

type step struct {
	Name string
	Done bool
	Now  bool
}

type happened struct{ What, When, Age, Proof string }

// track serves the public page of one parcel. A token that is not known gets a page of the same shape, with status 404.
func (c *page) track(w http.ResponseWriter, r *http.Request) {
	token := strings.TrimPrefix(r.URL.Path, "/t/")
	page := tracked{Language: words.Of(r)}
	status := http.StatusNotFound
	if validToken(token) {
		found, err := c.Custody.Track(r.Context(), token)
		if err == nil {
			status = http.StatusOK
			page.fill(found, c.Now())
		} else if fault.KindOf(err) != fault.NotFound {
			c.Log.Error("tracking page", "error", err)
			status = http.StatusInternalServerError
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	h.Set("Vary", "Accept-Language")
	w.WriteHeader(status)
	if err := trackPage(page).Render(r.Context(), w); err != nil {
		c.Log.Info("tracking page not sent", "error", err)
	}
}

// validToken bounds what is asked of the database.
func validToken(token string) bool {
	return len(token) >= 16 && len(token) <= 64 && !strings.ContainsFunc(token, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_'
	})
}

func (p *tracked) fill(t custody.Tracking, now time.Time) {
	zone, err := time.LoadLocation(t.Locker.Zone)
	if err != nil {
		zone = time.UTC
	}
	p.Found, p.Barcode = true, parcel.InFours(t.Parcel.Barcode, " ")
	p.State, p.Text, p.Tone = p.Say("track.states."+string(t.Parcel.State)), p.Say(about(t.Parcel)+string(t.Parcel.State)), tones[t.Parcel.State]
	if !p.Has(about(t.Parcel) + string(t.Parcel.State)) {
		p.Text = p.Say("track.stateTexts." + string(t.Parcel.State))
	}
	if !t.Parcel.Outbound { // a return goes another way
		p.Steps = steps(p.Language, t.Parcel.State)
	}
	if t.Parcel.Due > 0 && t.Parcel.State == parcel.Stored {
		p.Due = p.Say("track.due") + " " + p.Clock(time.UnixMicro(t.Parcel.Due), zone)
	}
	p.Locker = custodyPlace{Name: t.Locker.Name, Address: t.Locker.Address, Heard: p.Say("track.never")}
	if t.Locker.Heard > 0 {
		p.Locker.Heard = p.Say("track.heard") + " " + p.Ago(now.Sub(time.UnixMicro(t.Locker.Heard)))
	}
	for _, e := range slices.Backward(t.Events) {
		if what := "track.facts." + string(e.What); p.Has(what) {
			at := time.UnixMicro(e.Happened)
			p.Events = append(p.Events, happened{p.Say(what), p.Clock(at, zone), p.Ago(now.Sub(at)), p.Say("track.proofs." + string(e.Proof))})
		}
	}
}

// about is where the texts are about what a parcel does: one that a customer puts in goes another way.
func about(p custody.Parcel) string {
	switch {
	case p.Outbound && p.Onward:
		return "track.onward."
	case p.Outbound:
		return "track.returns."
	}
	return "track.stateTexts."
}

var tones = map[parcel.State]string{
	parcel.Stored: "go", parcel.Overdue: "care", parcel.Uncertain: "care", parcel.Recovered: "care", parcel.Collected: "go",
}

// path is the way most parcels go, as the row of steps shows it.
var path = []parcel.State{parcel.Announced, parcel.Dispatched, parcel.Stored, parcel.Collected}

// steps marks how far a parcel is. One that left the usual way shows none.
func steps(l *words.Language, s parcel.State) []step {
	if s == parcel.Overdue {
		s = parcel.Stored
	}
	at := slices.Index(path, s)
	if at < 0 {
		return nil
	}
	var out []step
	for i, name := range path {
		out = append(out, step{l.Say("track.steps." + string(name)), i < at || s == parcel.Collected, i == at && s != parcel.Collected})
	}
	return out
}
