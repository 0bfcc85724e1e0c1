// Package widget lets a shop's visitor choose a locker on a map: a script that shops embed (PickPoint.open of an earlier network, and a
// custom element), the page that both hold in a frame of the hub's own origin, and the open list of lockers that it draws. Anybody may
// frame this page, and nothing else of the hub's: it has no cookie, no storage and no secret. docs/widget.md is for shops.
package widget

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"lockstep/hub/internal/fleet"
	"lockstep/internal/web"
	"lockstep/internal/words"
)

// Fleet is what the widget needs of fleet.Fleet.
type Fleet interface {
	All(ctx context.Context) ([]fleet.Locker, error)
	Sites(ctx context.Context, locker string) ([]fleet.Site, error)
}

// Tariff is what decides the price of sending to a locker. An unknown one is {Coeff: 1}.
type Tariff struct {
	Zone        string  `json:"zone"`
	Coeff       float64 `json:"coeff"`
	DeliveryMin int     `json:"delivery_min"` // days
	DeliveryMax int     `json:"delivery_max"`
}

// Config is what the widget stands on.
type Config struct {
	Fleet Fleet
	// Tariff gives the tariffs from a city, as a shop names it, by locker; nil where there are none.
	Tariff func(ctx context.Context, fromCity string) (map[string]Tariff, error)
	Tiles  web.Tiles
	Now    func() time.Time
	Log    *slog.Logger
}

//go:embed page
var files embed.FS

type widget struct {
	Config
	lockers, tariffs *shelf
}

// New is the handler of /select/ and /select-test/. It fails where the tiles are not such.
func New(c Config) (http.Handler, error) {
	images, err := c.Tiles.Sources()
	if err != nil {
		return nil, err
	}
	own, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // the name is a constant of ours
	}
	w := &widget{Config: c}
	w.lockers = &shelf{now: c.Now, fill: func(ctx context.Context, _ string) (any, error) { return w.list(ctx) }}
	w.tariffs = &shelf{now: c.Now, fill: func(ctx context.Context, from string) (any, error) { return w.from(ctx, from) }}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /select/{$}", w.page)
	mux.HandleFunc("GET /select/lockers.json", w.serveLockers)
	mux.HandleFunc("GET /select/tariffs.json", w.serveTariffs)
	scripts, err := newLoader(own)
	if err != nil {
		return nil, err
	}
	files := web.Files(scripts)
	mux.Handle("GET /select/", http.StripPrefix("/select/", files))
	mux.Handle("GET /select-test/widget/postamat.js", http.StripPrefix("/select-test/widget/", files))
	mux.Handle("GET /select", http.RedirectHandler("/select/", http.StatusMovedPermanently))
	return web.Secure(web.Policy{FrameAncestors: []string{"*"}, Tiles: images, Location: true, Open: true}, mux), nil
}

// loader is the page's files with what postamat.js says filled in: a script of its kind cannot load another.
type loader struct {
	fs.FS
	postamat []byte
}

func newLoader(own fs.FS) (loader, error) {
	said := map[string]any{}
	for _, language := range words.All() {
		said[language.Code] = language.Section("picker")
	}
	texts, err1 := json.Marshal(said)
	source, err2 := fs.ReadFile(own, "postamat.js")
	return loader{words.Page(own, "picker"), bytes.Replace(source, []byte("said = {}"), append([]byte("said = "), texts...), 1)}, errors.Join(err1, err2)
}

// ReadFile is what fs.ReadFile asks first.
func (l loader) ReadFile(name string) ([]byte, error) {
	if name == "postamat.js" {
		return l.postamat, nil
	}
	return fs.ReadFile(l.FS, name)
}

// page is the map and the list, in the language of ?lang= or of the browser. It takes what a shop wants by a message (page/select.js).
func (w *widget) page(out http.ResponseWriter, r *http.Request) {
	p := selection{Language: words.Of(r), Tiles: w.Tiles, Map: web.Has("leaflet.js")}
	h := out.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept-Language")
	if err := selectionPage(p).Render(r.Context(), out); err != nil {
		w.Log.Info("page of lockers not sent", "error", err)
	}
}

// selection is the page as it is drawn.
type selection struct {
	*words.Language
	Tiles web.Tiles
	Map   bool // the map's library was built in
}

// said is what the page's own code is told.
func (p selection) said() map[string]any {
	return map[string]any{"language": p.Code, "words": p.Section("select"), "tiles": p.Tiles, "map": p.Map}
}
