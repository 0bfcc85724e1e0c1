package api_test

import (
	"testing"

	"lockstep/internal/quota"
)

// A key has its own quota; every answer to it says what is left, also one that refuses.
func TestQuota(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.config.Quota = quota.New(0.001, 3)
		b.serve()
		for i, want := range []struct {
			path      string
			status    int
			remaining string
		}{{"/v1/lockers", 200, "2"}, {"/v1/parcels/200010000018", 404, "1"}, {"/v1/lockers?nothing=1", 422, "0"}, {"/v1/lockers", 429, "0"}, {"/v1/shipments", 429, "0"}} {
			got := b.get(want.path)
			if got.status != want.status || got.header.Get("RateLimit-Limit") != "3" || got.header.Get("RateLimit-Remaining") != want.remaining || got.header.Get("RateLimit-Reset") == "" {
				t.Errorf("%d: %d %v %s", i, got.status, got.header, got.body)
			}
			if refused := want.status == 429; refused != (got.header.Get("Retry-After") != "") || refused && (got.field(t, "code") != "too_many_requests" || got.header.Get("Content-Type") != "application/problem+json") {
				t.Errorf("%d: %v %s", i, got.header, got.body)
			}
		}
		if got := b.do("GET", "/v1/lockers", b.other, ""); got.status != 200 || got.header.Get("RateLimit-Remaining") != "2" {
			t.Errorf("another key: %d %v", got.status, got.header)
		}
		for range 5 {
			if got := b.do("GET", "/v1/lockers", "lsk_nobody", ""); got.status != 401 || got.header.Get("RateLimit-Limit") != "" {
				t.Errorf("nobody's: %d %v", got.status, got.header)
			}
		}
		if made := b.announce("k", small); made.status != 429 || len(b.opened()) != 0 {
			t.Errorf("%d %s", made.status, made.body)
		}
	})
}
