package courier

import (
	"net/http"
	"net/netip"
	"strings"
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

// address is where a request comes from; for one that a proxy of our own hands on, on this machine or a private network, what the
// proxy added last to X-Forwarded-For. Of IPv6 it is the /64, which is what one customer has.
func address(r *http.Request) netip.Addr {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	from := peer.Addr().Unmap()
	if from.IsLoopback() || from.IsPrivate() {
		hops := strings.Split(r.Header.Get("X-Forwarded-For"), ",")
		if said, err := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-1])); err == nil {
			from = said.Unmap()
		}
	}
	if from.Is6() {
		if network, err := from.Prefix(64); err == nil {
			return network.Addr()
		}
	}
	return from
}
