package webapp

import (
	"net/url"
	"strings"
)

// wantedStyle is the hash of the one inline style sheet that the component library makes, on iOS, to keep the page behind a dialog from
// scrolling.
const wantedStyle = "'sha256-gYiS/BvZvRcK27JIXTuwhZ3hs2+VJ1X+2gUlE+farlg='"

// contentPolicy is what the page may do. It may ask homeservers of the user's choice, which are reached by https, and the server's own
// entrances.
func contentPolicy(entrances []string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self' 'wasm-unsafe-eval'",
		"style-src 'self' " + wantedStyle,
		"img-src 'self' blob:",
		"media-src 'self' blob:",
		"font-src 'self'",
		strings.Join(append([]string{"connect-src 'self' https: blob:"}, plainOrigins(entrances)...), " "),
		"worker-src 'self'",
		"manifest-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types bongsu dompurify",
	}, "; ")
}

// plainOrigins are the origins among addresses that `https:` does not cover.
func plainOrigins(addresses []string) []string {
	var origins []string
	for _, address := range addresses {
		if u, err := url.Parse(address); err == nil && u.Scheme == "http" {
			origins = append(origins, u.Scheme+"://"+u.Host)
		}
	}
	return origins
}
