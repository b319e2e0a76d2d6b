package websso

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCheckRedirect(t *testing.T) {
	for _, good := range []string{
		"https://app.example.org", "http://localhost:8080/x?y=z#w", "com.example.app:/callback", "element://vector", "app:opaque", "https://앱.example/",
	} {
		if err := CheckRedirect(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "x", "/x", "//x/y", "https:", "https:///x", "https:x", "http://", "https://u@x/", "javascript:alert(1)", "JavaScript:alert(1)", "data:,x", "vbscript:x",
		"blob:https://x/y", "file:///x", "intent://x", "https://x/\n", " https://x", "https://x\\y", "https://x/" + strings.Repeat("x", maxRedirect), "https://[x",
	} {
		if err := CheckRedirect(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestApp(t *testing.T) {
	for text, want := range map[string]string{
		"https://app.example.org/x": "app.example.org", "http://localhost:8080": "localhost:8080", "com.example.app:/x": "com.example.app",
		"https://аpp.example/":     "xn--pp-6kc.example", // the first letter is Cyrillic
		"https://аpp.example:8443": "xn--pp-6kc.example:8443", "http://[::1]:80/": "[::1]:80",
		"https://x.한국:8443/": "x.xn--3e0b707e:8443",
	} {
		u, err := parseRedirect(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := app(u); got != want {
			t.Errorf("%s is shown as %s, want %s", text, got, want)
		}
	}
}

func TestTrusted(t *testing.T) {
	clients := []string{"https://app.example.org/chat/", "http://localhost:8080"}
	for text, want := range map[string]bool{
		"https://app.example.org/chat": true, "https://app.example.org/chat/x?y": true, "https://APP.example.org/chat/": true,
		"https://app.example.org/chatter": false, "https://app.example.org/": false, "http://app.example.org/chat": false,
		"https://app.example.org.evil.example/chat": false, "https://app.example.org:8443/chat": false,
		"https://app.example.org/chat/../admin": false, "https://app.example.org/chat/%2e%2E/admin": false,
		"http://localhost:8080": true, "http://localhost:8080/x": true, "http://localhost:80801/": false, "com.example.app:/x": false,
	} {
		u, err := parseRedirect(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := trusted(u, clients); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestWithToken(t *testing.T) {
	for text, want := range map[string]string{
		"https://x":                             "https://x?loginToken=t%26k",
		"https://x/?a=b&a=c#d":                  "https://x/?a=b&a=c&loginToken=t%26k#d",
		"https://x/?loginToken=1&a&loginToken":  "https://x/?a&loginToken=t%26k",
		"https://x/?login%54oken=1&b=%2F&c=%zz": "https://x/?b=%2F&c=%zz&loginToken=t%26k",
		"app:/cb":                               "app:/cb?loginToken=t%26k",
		"app:cb?x":                              "app:cb?x&loginToken=t%26k",
	} {
		u, err := parseRedirect(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := withToken(u, "t&k"); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestWithTokenGoesWhereThePersonAgreed: whatever an address holds, the token goes to its scheme and host, once.
func TestWithTokenGoesWhereThePersonAgreed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`(https?|app)://[a-z.:0-9\[\]@%]{0,12}[/?#&=;a-zA-Z%.0-9]{0,30}`).Draw(t, "address")
		u, err := parseRedirect(text)
		if err != nil {
			return
		}
		out, err := url.Parse(withToken(u, "secret"))
		if err != nil {
			t.Fatalf("%s makes no address: %v", text, err)
		}
		if out.Scheme != u.Scheme || out.Host != u.Host || out.User != nil || out.EscapedPath() != u.EscapedPath() {
			t.Fatalf("%s goes to %s", text, out)
		}
		if got := out.Query()["loginToken"]; len(got) != 1 || got[0] != "secret" {
			t.Fatalf("%s: tokens %q", out, got)
		}
	})
}
