package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"
)

// leastPacked is the size from which on a file is packed: less fits into one packet as it is.
const leastPacked = 1400

// packer keeps files as gzip has them, by the digest of what they hold: each is packed once.
type packer struct {
	mu   sync.Mutex
	kept map[[sha256.Size]byte][]byte
}

// serve sends a file's bytes, packed to those who take them so, or 304 to those who have them.
func (p *packer) serve(w http.ResponseWriter, r *http.Request, data []byte) {
	sum := sha256.Sum256(data)
	h, tag := w.Header(), hex.EncodeToString(sum[:8])
	if len(data) >= leastPacked {
		h.Set("Vary", "Accept-Encoding")
		if takesGzip(r) {
			tag += "-gzip"
			h.Set("Content-Encoding", "gzip")
			data = p.pack(sum, data)
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, r.URL.Path, time.Time{}, bytes.NewReader(data))
}

// takesGzip says whether a browser takes gzip for a whole file: a part of a packed one is worth nothing.
func takesGzip(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && r.Header.Get("Range") == ""
}

func (p *packer) pack(sum [sha256.Size]byte, data []byte) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if kept, ok := p.kept[sum]; ok {
		return kept
	}
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is a known one
	z.Write(data)                                           // into memory: it does not fail
	z.Close()
	if p.kept == nil {
		p.kept = map[[sha256.Size]byte][]byte{}
	}
	p.kept[sum] = out.Bytes()
	return out.Bytes()
}
