package oauth

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Kinds of clients.
const (
	webClient    = "web"
	nativeClient = "native"
)

// maxURI bounds an address that a client registers.
const maxURI = 2048

// parseURI reads an address of visible ASCII characters without a fragment.
func parseURI(text string) (*url.URL, bool) {
	if text == "" || len(text) > maxURI || strings.ContainsAny(text, `#"\<>{}|^`+"`") ||
		strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > 0x7e }) {
		return nil, false
	}
	u, err := url.Parse(text)
	return u, err == nil && u.Scheme != ""
}

// parseHTTPS reads an address that a person may open: https, with no name or password in it.
func parseHTTPS(text string) (*url.URL, bool) {
	u, ok := parseURI(text)
	return u, ok && u.Scheme == "https" && u.User == nil && u.Opaque == "" && u.Hostname() != "" && !strings.HasSuffix(u.Hostname(), ".")
}

// isOwnDomain tells whether a host can be somebody's alone: names such as "com" and "github.io" are everybody's, and a client must not
// speak for all names below them.
func isOwnDomain(host string) bool {
	host = strings.ToLower(host)
	if net.ParseIP(host) != nil {
		return true
	}
	suffix, managed := publicsuffix.PublicSuffix(host)
	return suffix != host || !managed && !strings.Contains(host, ".")
}

// isBelow tells whether an address is on a host or on a subdomain of it. Client-Server API, "Client metadata": the client's address is
// the common base of all others; port, path and query may differ.
func isBelow(base, u *url.URL) bool {
	b, h := strings.ToLower(base.Hostname()), strings.ToLower(u.Hostname())
	return h == b || net.ParseIP(b) == nil && strings.HasSuffix(h, "."+b)
}

// validRedirect tells whether a client may register a redirect URI (Client-Server API, "Redirect URI validation").
func validRedirect(kind string, base *url.URL, text string) bool {
	if u, ok := parseHTTPS(text); ok {
		return isBelow(base, u)
	}
	if kind != nativeClient {
		return false
	}
	u, ok := parseURI(text)
	if !ok {
		return false
	}
	switch u.Scheme {
	case "https":
		return false
	case "http":
		// The port is chosen when the client runs.
		return isLoopback(u.Host) && u.User == nil
	}
	return isPrivateScheme(u.Scheme, base.Hostname()) && !strings.HasPrefix(text[len(u.Scheme)+1:], "//")
}

func isLoopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "[::1]"
}

// isPrivateScheme tells whether a scheme begins with a host in reverse order: com.example.app for example.com.
func isPrivateScheme(scheme, host string) bool {
	if net.ParseIP(host) != nil || !strings.Contains(host, ".") {
		return false
	}
	labels := strings.Split(strings.ToLower(host), ".")
	slices.Reverse(labels)
	reversed := strings.Join(labels, ".")
	return scheme == reversed || strings.HasPrefix(scheme, reversed+".")
}

// matchRedirect tells whether a redirect URI is one of those that a client has registered. They must be the same, but for the port of
// a loopback address.
func matchRedirect(registered []string, text string) bool {
	if slices.Contains(registered, text) {
		return true
	}
	u, ok := parseURI(text)
	if !ok || u.Scheme != "http" || u.Port() == "" || u.User != nil {
		return false
	}
	port := ":" + u.Port()
	if !isLoopback(strings.TrimSuffix(u.Host, port)) {
		return false
	}
	return slices.Contains(registered, strings.Replace(text, port, "", 1))
}

// formTarget is what a page's policy must let a form lead to, so that the browser follows the redirect.
func formTarget(redirect string) string {
	u, ok := parseURI(redirect)
	switch {
	case !ok:
		return "'none'"
	case u.Host != "" && !strings.Contains(u.Host, "["): // an IPv6 address has no place in a policy
		return u.Scheme + "://" + u.Host
	}
	return u.Scheme + ":"
}
