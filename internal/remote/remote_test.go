package remote

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestAddress(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct{ peer, forwarded, want string }{
		{"192.0.2.1:5", "", "192.0.2.1"},
		{"192.0.2.1:5", "198.51.100.7", "192.0.2.1"},
		{"10.1.1.1:5", "198.51.100.7", "198.51.100.7"},
		{"10.1.1.1:5", "1.1.1.1, 198.51.100.7", "198.51.100.7"},
		{"10.1.1.1:5", "nonsense", "10.1.1.1"},
		{"[::ffff:10.1.1.1]:5", "2001:db8::1", "2001:db8::1"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		r.Header.Set("X-Forwarded-For", c.forwarded)
		if got := Address(r, trusted); got != c.want {
			t.Errorf("%+v gave %s", c, got)
		}
	}
}

func TestBaseURL(t *testing.T) {
	entrances := []string{"https://b.example.org/"}
	for _, c := range []struct{ host, proto, base, want string }{
		{"a.example.org", "", "", "http://a.example.org"},
		{"a.example.org", "https", "", "https://a.example.org"},
		{"a.example.org", "", "https://main.example.org/", "https://main.example.org"},
		{"B.example.org", "", "https://main.example.org", "https://b.example.org"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Host = c.host
		r.Header.Set("X-Forwarded-Proto", c.proto)
		if got := BaseURL(r, c.base, entrances); got != c.want {
			t.Errorf("%+v gave %s", c, got)
		}
	}
}
