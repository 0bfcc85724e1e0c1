package console

import (
	"net/http"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a locker's wall clock, on machines without the tables

	"golang.org/x/text/language"

	"lockstep/hub/internal/custody"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// tracked is the tracking page as it is drawn: words and times, already in the reader's language. It holds no compartment and
// nobody's name.
type tracked struct {
	Words    trackWords
	Language string
	Path     string
	Found    bool
	Barcode  string
	State    string
	Text     string
	Tone     string // go · care · quiet
	Steps    []step
	Due      string
	Locker   custodyPlace
	Events   []happened
}

type custodyPlace struct{ Name, Address, Heard string }

type step struct {
	Name string
	Done bool
	Now  bool
}

type happened struct{ What, When, Age, Proof string }

var languages = language.NewMatcher([]language.Tag{language.Russian, language.English})

// reader is the language of the page: the one chosen by the switch, or what the browser asks for.
func reader(r *http.Request) string {
	if chosen := r.URL.Query().Get("lang"); chosen == "ru" || chosen == "en" {
		return chosen
	}
	asked, _, _ := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if _, i, _ := languages.Match(asked...); i == 1 {
		return "en"
	}
	return "ru"
}

// track serves the public page of one parcel. A token that is not known gets a page of the same shape, with status 404.
func (c *console) track(w http.ResponseWriter, r *http.Request) {
	token := strings.TrimPrefix(r.URL.Path, "/t/")
	page := tracked{Language: reader(r), Path: r.URL.Path}
	page.Words = trackTexts[page.Language]
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
	w := p.Words
	p.Found, p.Barcode = true, group(t.Parcel.Barcode)
	p.State, p.Text, p.Tone = w.States[t.Parcel.State], w.StateTexts[t.Parcel.State], tones[t.Parcel.State]
	texts := w.Returns
	if t.Parcel.Onward {
		texts = w.Onward
	}
	if text, ok := texts[t.Parcel.State]; ok && t.Parcel.Outbound {
		p.Text = text
	}
	if !t.Parcel.Outbound { // a return goes another way
		p.Steps = steps(w, t.Parcel.State)
	}
	if t.Parcel.Due > 0 && t.Parcel.State == parcel.Stored {
		p.Due = w.Due + " " + w.clock(t.Parcel.Due, zone)
	}
	p.Locker = custodyPlace{Name: t.Locker.Name, Address: t.Locker.Address, Heard: w.Never}
	if t.Locker.Heard > 0 {
		p.Locker.Heard = w.Heard + " " + w.age(now.Sub(time.UnixMicro(t.Locker.Heard)))
	}
	for _, e := range slices.Backward(t.Events) {
		if what, shown := w.Facts[e.What]; shown {
			p.Events = append(p.Events, happened{what, w.clock(e.Happened, zone), w.age(now.Sub(time.UnixMicro(e.Happened))), w.Proofs[e.Proof]})
		}
	}
}

var tones = map[parcel.State]string{
	parcel.Stored: "go", parcel.Overdue: "care", parcel.Uncertain: "care", parcel.Recovered: "care", parcel.Collected: "go",
}

// path is the way most parcels go, as the row of steps shows it.
var path = []parcel.State{parcel.Announced, parcel.Dispatched, parcel.Stored, parcel.Collected}

// steps marks how far a parcel is. One that left the usual way shows none.
func steps(w trackWords, s parcel.State) []step {
	if s == parcel.Overdue {
		s = parcel.Stored
	}
	at := slices.Index(path, s)
	if at < 0 {
		return nil
	}
	var out []step
	for i, name := range path {
		out = append(out, step{w.Steps[name], i < at || s == parcel.Collected, i == at && s != parcel.Collected})
	}
	return out
}

// group writes a barcode in fours.
func group(barcode string) string {
	var out []string
	for c := range slices.Chunk([]byte(barcode), 4) {
		out = append(out, string(c))
	}
	return strings.Join(out, " ")
}
