package outbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

const (
	attemptTimeout = 15 * time.Second // bounds one attempt, from dialling to the end of the answer
	restTime       = time.Second      // of it, for what follows the answer's headers: the status has said all by then
)

var errPrivate = errors.New("not a public address")

// client sends to addresses that merchants chose. The address is judged after the name was resolved, for each connection, so
// that no name can point it into our own networks; proxies and redirects would lead round that and are not followed.
func client(private bool) *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second, ControlContext: guard(private)}
	return &http.Client{
		Timeout:       attemptTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: 10 * time.Second,
			MaxResponseHeaderBytes: 64 << 10, MaxIdleConnsPerHost: 2, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
			DisableCompression: true,
		},
	}
}

func guard(private bool) func(ctx context.Context, network, address string, c syscall.RawConn) error {
	return func(_ context.Context, network, address string, _ syscall.RawConn) error {
		if private {
			return nil
		}
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("outbox: %w", err)
		}
		if !public(to.Addr()) {
			return errPrivate
		}
		return nil
	}
}

// reserved are networks that are not private by netip's words but not the public internet either: IANA's special-purpose
// registries (RFC 6890 and after), with those that carry an IPv4 address within.
var reserved = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
	"2002::/16", "3fff::/20", "5f00::/16", "fec0::/10")

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, t := range texts {
		list = append(list, netip.MustParsePrefix(t))
	}
	return list
}

// public says whether an address is on the public internet.
func public(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}
