package oauth

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The examples are those of the Client-Server API, "Redirect URI validation".
func TestValidRedirect(t *testing.T) {
	base, err := url.Parse("https://example.com/")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind, uri string
		want      bool
	}{
		{webClient, "https://example.com/callback", true},
		{webClient, "https://app.example.com/callback", true},
		{webClient, "https://example.com:5173/?query=value", true},
		{webClient, "https://EXAMPLE.com/callback", true},
		{webClient, "https://example.com/callback#fragment", false},
		{webClient, "https://example.com/callback#", false},
		{webClient, "http://example.com/callback", false},
		{webClient, "http://localhost/", false},
		{webClient, "https://localhost/", false},
		{webClient, "https://notexample.com/", false},
		{webClient, "https://example.com.evil.org/", false},
		{webClient, "https://user@example.com/", false},
		{webClient, "https://example.com@evil.org/", false},
		{webClient, "https://evil.org\\@example.com/", false},
		{webClient, "com.example.app:/callback", false},
		{webClient, "", false},
		{nativeClient, "com.example.app:/callback", true},
		{nativeClient, "com.example:/", true},
		{nativeClient, "com.example:callback", true},
		{nativeClient, "http://localhost/callback", true},
		{nativeClient, "http://127.0.0.1/callback", true},
		{nativeClient, "http://[::1]/callback", true},
		{nativeClient, "https://app.example.com/callback", true},
		{nativeClient, "example:/callback", false},
		{nativeClient, "com.example.app://callback", false},
		{nativeClient, "com.example.app:///callback", false},
		{nativeClient, "com.examples:/callback", false},
		{nativeClient, "https://localhost/callback", false},
		{nativeClient, "http://localhost:1234/callback", false},
		{nativeClient, "http://user@localhost/callback", false},
		{nativeClient, "http://localhost.evil.org/callback", false},
		{nativeClient, "http://example.com/callback", false},
		{nativeClient, "javascript:alert(1)", false},
	} {
		if got := validRedirect(c.kind, base, c.uri); got != c.want {
			t.Errorf("%s client, %q: %v", c.kind, c.uri, got)
		}
	}
}

func TestMatchRedirect(t *testing.T) {
	registered := []string{"https://example.com/callback?a=b", "http://127.0.0.1/callback", "http://[::1]/", "com.example.app:/callback"}
	for uri, want := range map[string]bool{
		"https://example.com/callback?a=b":     true,
		"https://example.com/callback?a=c":     false,
		"https://example.com/callback?a=b&c=d": false,
		"https://example.com:443/callback?a=b": false,
		"http://127.0.0.1/callback":            true,
		"http://127.0.0.1:1/callback":          true,
		"http://127.0.0.1:65535/callback":      true,
		"http://127.0.0.1:1/callback/":         false,
		"http://localhost:1/callback":          false,
		"http://x@127.0.0.1:1/callback":        false,
		"http://127.0.0.1:1@evil.org/callback": false,
		"http://127.0.0.1:1.evil.org/callback": false,
		"http://[::1]:8080/":                   true,
		"com.example.app:/callback":            true,
		"com.example.app:/callback#x":          false,
		"":                                     false,
	} {
		if got := matchRedirect(registered, uri); got != want {
			t.Errorf("%q: %v", uri, got)
		}
	}
}

// Whatever is registered is on the client's own ground, and matches itself.
func TestRedirectsStayOnTheClientsGround(t *testing.T) {
	base, err := url.Parse("https://app.example.com/")
	if err != nil {
		t.Fatal(err)
	}
	part := rapid.SampledFrom([]string{
		"https", "http", ":", "//", "/", "app.example.com", "example.com", "com.example.app", "localhost", "127.0.0.1", "evil.org", "@", "?", "#",
		":80", ".", "\\", "a", "%2f", "[::1]",
	})
	rapid.Check(t, func(t *rapid.T) {
		uri := strings.Join(rapid.SliceOfN(part, 1, 8).Draw(t, "parts"), "")
		for _, kind := range []string{webClient, nativeClient} {
			if !validRedirect(kind, base, uri) {
				continue
			}
			u, err := url.Parse(uri)
			if err != nil {
				t.Fatal(err)
			}
			host := strings.ToLower(u.Hostname())
			own := u.Scheme == "https" && (host == "app.example.com" || strings.HasSuffix(host, ".app.example.com")) ||
				kind == nativeClient && (u.Scheme == "http" && isLoopback(host) || u.Scheme == "http" && host == "::1" ||
					strings.HasPrefix(u.Scheme+".", "com.example.app.") && u.Host == "")
			if !own || strings.Contains(uri, "#") || !matchRedirect([]string{uri}, uri) {
				t.Fatalf("a %s client may be called back at %q", kind, uri)
			}
		}
	})
}

func FuzzMatchRedirect(f *testing.F) {
	f.Add("http://127.0.0.1:80/callback")
	f.Fuzz(func(t *testing.T, uri string) {
		if !matchRedirect([]string{"http://127.0.0.1/callback"}, uri) {
			return
		}
		u, err := url.Parse(uri)
		if err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" || u.Path != "/callback" || u.User != nil || u.RawQuery != "" {
			t.Fatalf("%q matches", uri)
		}
	})
}

func TestFormTarget(t *testing.T) {
	for redirect, want := range map[string]string{
		"https://app.example.com:8443/callback?x=y": "https://app.example.com:8443", "http://127.0.0.1:1/callback": "http://127.0.0.1:1",
		"http://[::1]:1/callback": "http:", "com.example.app:/callback": "com.example.app:", "com.example:callback": "com.example:", "": "'none'",
	} {
		if got := formTarget(redirect); got != want {
			t.Errorf("%q: %s", redirect, got)
		}
	}
}

func TestOwnDomain(t *testing.T) {
	for host, want := range map[string]bool{
		"example.com": true, "app.example.com": true, "me.github.io": true, "github.io": false, "com": false, "co.uk": false, "192.0.2.1": true,
		"intranet": true, "GITHUB.io": false,
	} {
		if got := isOwnDomain(host); got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
}
