// Package remote tells where a request comes from and under which address the server was reached. It believes the headers of trusted
// proxies only as far as it says, and never looks anything up.
package remote

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Address is the caller's IP address, without port. X-Forwarded-For is believed from trusted proxies only, and only its last part,
// which they wrote.
func Address(r *http.Request, trusted []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	addr := peer.Addr().Unmap()
	for _, p := range trusted {
		if !p.Contains(addr) {
			continue
		}
		parts := strings.Split(r.Header.Get("X-Forwarded-For"), ",")
		if fwd, err := netip.ParseAddr(strings.TrimSpace(parts[len(parts)-1])); err == nil {
			return fwd.Unmap().String()
		}
	}
	return addr.String()
}

// BaseURL is the public address of the server, such as https://chat.example.org, without a slash at its end: the one of its entrances by
// which the request came, or else the base that is set, or else what the request says. Of the last a client can make anything: it is good
// only for answers to that same client.
func BaseURL(r *http.Request, base string, entrances []string) string {
	for _, entrance := range entrances {
		if u, err := url.Parse(entrance); err == nil && strings.EqualFold(u.Host, r.Host) {
			return strings.TrimSuffix(entrance, "/")
		}
	}
	if base != "" {
		return strings.TrimSuffix(base, "/")
	}
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
