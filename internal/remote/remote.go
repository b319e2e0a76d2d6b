// Package remote tells where a request comes from and under which address the server was reached. It believes the headers of trusted
// proxies only as far as it says, and never looks anything up.
package remote

import (
	"net/http"
	"net/netip"
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

// BaseURL is the address by which the request came, such as https://chat.example.org, without a slash at its end. A client can make it
// say anything: it is good only for answers to that same client.
func BaseURL(r *http.Request) string {
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
