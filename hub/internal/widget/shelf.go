package widget

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"lockstep/internal/web"
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

// body is an answer and how long it is good.
type body struct {
	*web.Body
	until time.Time
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
	data, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	b := &body{web.NewBody(data), s.now().Add(freshFor)}
	if len(s.kept) >= maxKept || s.kept == nil {
		s.kept = map[string]*body{}
	}
	s.kept[key] = b
	return b, nil
}

// serve sends the body. Browsers keep it for a minute.
func (b *body) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=60, stale-while-revalidate=300")
	b.Serve(w, r)
}
