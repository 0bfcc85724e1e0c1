package widget

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	freshFor = time.Minute // a body is made at most once in this time, however many ask
	maxKept  = 32          // bodies under different keys at once
)

// shelf keeps JSON bodies that are dear to make and asked for by everybody. They are made one at a time.
type shelf struct {
	now  func() time.Time
	fill func(ctx context.Context, key string) (any, error)

	mu   sync.Mutex
	kept map[string]*body
}

// body is an answer as it is sent, plain and packed.
type body struct {
	plain, packed []byte
	tag           string
	until         time.Time
}

// get is the body under a key, at most freshFor old. A failure is not kept.
func (s *shelf) get(ctx context.Context, key string) (*body, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.kept[key]; ok && s.now().Before(b.until) {
		return b, nil
	}
	value, err := s.fill(ctx, key)
	if err != nil {
		return nil, err
	}
	b, err := newBody(value)
	if err != nil {
		return nil, err
	}
	if b.until = s.now().Add(freshFor); len(s.kept) >= maxKept || s.kept == nil {
		s.kept = map[string]*body{}
	}
	s.kept[key] = b
	return b, nil
}

func newBody(value any) (*body, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(plain); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(plain)
	return &body{plain: plain, packed: packed.Bytes(), tag: `W/"` + hex.EncodeToString(sum[:8]) + `"`}, nil
}

// serve sends the body, packed to those who take it so, or 304 to those who have it. Browsers keep it for a minute.
func (b *body) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=60, stale-while-revalidate=300")
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", b.tag)
	data := b.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		data = b.packed
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}
