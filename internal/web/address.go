package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// Address is where a request comes from; for one that a proxy of our own hands on, on this machine or a private network, what the
// proxy added last to X-Forwarded-For. Of IPv6 it is the /64, which is what one customer has.
func Address(r *http.Request) netip.Addr {
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
