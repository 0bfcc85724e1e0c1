package codepage

import (
	"embed"
	"io/fs"
	"net/http"

	"lockstep/internal/web"
	"lockstep/internal/words"
)

//go:embed page
var page embed.FS

// shared is what the page takes from the product's common assets. qr.js is there only where npm has built it; without it the
// page shows the code alone.
var shared = map[string]bool{"tokens.css": true, "base45.js": true, "language.js": true, "dom.js": true, "qr.js": true}

// Handler serves the page below /c/, the same bytes to everybody.
func Handler() http.Handler {
	own, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // the name is a constant of ours
	}
	files, assets := web.Files(words.Page(own, "code")), web.Files(web.Assets())
	return web.Secure(web.Policy{}, http.StripPrefix("/c/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "":
			r.URL.Path = "index.html"
			files.ServeHTTP(w, r)
		case shared[r.URL.Path]:
			assets.ServeHTTP(w, r)
		default:
			files.ServeHTTP(w, r)
		}
	})))
}
