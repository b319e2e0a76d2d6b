package websso

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/idna"

	"bongsu.org/bongsu/internal/mxerr"
)

// maxRedirect bounds the address of an app: it travels inside other addresses, and in a cookie.
const maxRedirect = 2000

// runs are schemes whose addresses are programs or files, and not apps.
var runs = []string{"javascript", "data", "vbscript", "blob", "about", "file", "filesystem", "view-source", "ws", "wss", "ftp", "intent"}

// CheckRedirect tells whether an address may be sent a login token: that of a web site, or of an app with a scheme of its own.
func CheckRedirect(text string) error {
	_, err := parseRedirect(text)
	return err
}

func parseRedirect(text string) (*url.URL, error) {
	if text == "" {
		return nil, mxerr.MissingParamf("redirectUrl is needed")
	}
	if len(text) > maxRedirect {
		return nil, mxerr.InvalidParamf("redirectUrl is longer than %d bytes", maxRedirect)
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.User != nil || slices.Contains(runs, u.Scheme) ||
		strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return nil, mxerr.InvalidParamf("redirectUrl is not the address of an app")
	}
	if !isWeb(u) {
		return u, nil
	}
	// Letters that look like others are shown, and go into policies, as they are spelled in DNS.
	host, err := idna.ToASCII(u.Hostname())
	if host == "" || u.Opaque != "" || err != nil {
		return nil, mxerr.InvalidParamf("redirectUrl names no host")
	}
	u.Host = strings.Replace(u.Host, u.Hostname(), host, 1)
	return u, nil
}

func isWeb(u *url.URL) bool { return u.Scheme == "https" || u.Scheme == "http" }

// withToken adds a login token to an app's address. Client-Server API, "Handling the callback from the Authentication server", 4: tokens
// that are in it already are removed, all other parameters stay as they are.
func withToken(u *url.URL, token string) string {
	const name = "loginToken"
	out := *u
	var kept []string
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		key, _, _ := strings.Cut(part, "=")
		if decoded, err := url.QueryUnescape(key); part != "" && (err != nil || decoded != name) {
			kept = append(kept, part)
		}
	}
	out.RawQuery = strings.Join(append(kept, name+"="+url.QueryEscape(token)), "&")
	return out.String()
}

// app is how a person knows an address: the host of a site, or the scheme of an app.
func app(u *url.URL) (name string, site bool) {
	if isWeb(u) {
		return u.Host, true
	}
	return u.Scheme, false
}

// isLoopback tells whether a host is the person's own machine, on which a desktop app may wait for the browser.
func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// source is the address in the form of a Content-Security-Policy.
func source(u *url.URL) string {
	if isWeb(u) {
		return u.Scheme + "://" + u.Host
	}
	return u.Scheme + ":"
}

// trusted tells whether an app's address is that of a trusted one, or below it.
func trusted(u *url.URL, clients []string) bool {
	return slices.ContainsFunc(clients, func(client string) bool {
		c, err := url.Parse(client)
		if err != nil || c.Scheme != u.Scheme || !strings.EqualFold(c.Host, u.Host) || u.Opaque != "" {
			return false
		}
		base := strings.TrimSuffix(c.EscapedPath(), "/")
		path := u.EscapedPath()
		return !strings.Contains(path, "..") && !strings.Contains(strings.ToLower(path), "%2e") &&
			(path == base || strings.HasPrefix(path, base+"/"))
	})
}
