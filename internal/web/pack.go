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

// leastPacked is the size from which on something is packed: less fits into one packet as it is.
const leastPacked = 1400

// Body is something that is sent to many as it is: made and packed once.
type Body struct {
	plain, packed []byte // packed is nil where it is not worth it
	tag           string
}

// NewBody packs data as gzip does it.
func NewBody(data []byte) *Body {
	sum := sha256.Sum256(data)
	b := &Body{plain: data, tag: hex.EncodeToString(sum[:8])}
	if len(data) >= leastPacked {
		var out bytes.Buffer
		z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is a known one
		z.Write(data)                                           // into memory: it does not fail
		z.Close()
		b.packed = out.Bytes()
	}
	return b
}

// Serve sends it, packed to those who take it so, or 304 to those who have it.
func (b *Body) Serve(w http.ResponseWriter, r *http.Request) {
	h, tag, data := w.Header(), b.tag, b.plain
	if b.packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if takesGzip(r) {
			h.Set("Content-Encoding", "gzip")
			tag, data = tag+"-gzip", b.packed
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, r.URL.Path, time.Time{}, bytes.NewReader(data))
}

// takesGzip says whether a browser takes gzip for the whole of something: a part of what is packed is worth nothing.
func takesGzip(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && r.Header.Get("Range") == ""
}

// shelf keeps bodies of files by the digest of what they hold.
type shelf struct {
	mu   sync.Mutex
	kept map[[sha256.Size]byte]*Body
}

func (s *shelf) body(data []byte) *Body {
	sum := sha256.Sum256(data)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept[sum] == nil {
		s.kept[sum] = NewBody(data)
	}
	return s.kept[sum]
}
