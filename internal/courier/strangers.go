package courier

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	maxTries  = 10               // bad proofs of one address at once
	tryAgain  = 10 * time.Second // after which it has another
	addresses = 10_000           // remembered at a time
)

// strangers counts the bad proofs of every address. Good ones cost nothing: a depot behind one address enrols as many couriers
// as it has.
type strangers struct {
	mu  sync.Mutex
	bad map[netip.Addr]*rate.Limiter
}

// welcome says whether an address may try.
func (s *strangers) welcome(from netip.Addr, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	tries, ok := s.bad[from]
	return !ok || tries.TokensAt(now) >= 1
}

// failed counts one bad proof. When too many addresses are known, all are forgotten.
func (s *strangers) failed(from netip.Addr, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bad == nil || len(s.bad) >= addresses {
		s.bad = map[netip.Addr]*rate.Limiter{}
	}
	if s.bad[from] == nil {
		s.bad[from] = rate.NewLimiter(rate.Every(tryAgain), maxTries)
	}
	s.bad[from].AllowN(now, 1)
}
