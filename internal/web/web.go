// Package web is what every page of the product shares: its look, its own browser modules, third-party browser code where npm
// has built it, and the headers under which all of it is served.
//
// own/ is ours and committed. dist/ is built by `npm ci && npm run build` in web/ and never committed; a page that needs
// something from it asks Has and says what is missing.
package web

import (
	"crypto/sha256"
	"embed"
	"io/fs"
	"net/http"
	"path"
)

//go:embed own all:dist
var files embed.FS

// Assets is every file under one root, ours before npm's: tokens.css, base45.js, cbor.js, cose.js, statement.js, embedded.js;
// built: qr.js, scan.js, leaflet.js, leaflet.css, swagger-ui.css, swagger-ui-bundle.js.
func Assets() fs.FS { return layers{sub("own"), sub("dist")} }

// Has says whether an asset is there.
func Has(name string) bool {
	_, err := fs.Stat(Assets(), name)
	return err == nil
}

func sub(dir string) fs.FS {
	s, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // the name is a constant of ours
	}
	return s
}

// layers opens a name in the first of its file systems that has it.
type layers []fs.FS

func (l layers) Open(name string) (fs.File, error) {
	for _, layer := range l {
		if f, err := layer.Open(name); err == nil {
			return f, nil
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// AssetsHandler serves Assets below /assets/.
func AssetsHandler() http.Handler { return http.StripPrefix("/assets/", Files(Assets())) }

// Files serves the plain files of a file system: no listings, browsers ask again each time and get 304 while nothing changed.
func Files(from fs.FS) http.Handler {
	kept := shelf{kept: map[[sha256.Size]byte]*Body{}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		data, err := fs.ReadFile(from, r.URL.Path)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-cache")
		if kind, ok := kinds[path.Ext(r.URL.Path)]; ok {
			w.Header().Set("Content-Type", kind)
		}
		kept.body(data).Serve(w, r)
	})
}

// kinds are the media types of what we serve; a machine's own table may differ.
var kinds = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".html": "text/html; charset=utf-8",
	".svg": "image/svg+xml", ".json": "application/json", ".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8",
}
