package media

import (
	"strings"
	"testing"
)

func TestParseMXC(t *testing.T) {
	tests := map[string]bool{
		"mxc://example.org/abcDEF_-09":                     true,
		"mxc://example.org:8448/abc":                       true,
		"mxc://1.2.3.4:80/abc":                             true,
		"mxc://[2001:db8::1]:8448/abc":                     true,
		"mxc://[::1]/abc":                                  true,
		"mxc://[::1%25eth0]/abc":                           false,
		"mxc://[::1/abc":                                   false,
		"mxc://[::1]x/abc":                                 false,
		"mxc://127.0.0.1/../../../some_service/etc/passwd": false,
		"mxc://example.org/":                               false,
		"mxc:///abc":                                       false,
		"mxc://example.org":                                false,
		"mxc://exa mple.org/abc":                           false,
		"mxc://example.org/a%2Fb":                          false,
		"mxc://example.org/a.b":                            false,
		"https://example.org/abc":                          false,
		"mxc://example.org/" + strings.Repeat("a", 300):    false,
	}
	for uri, want := range tests {
		m, err := ParseMXC(uri)
		if (err == nil) != want {
			t.Errorf("%s: %v", uri, err)
		}
		if err == nil && m.String() != uri {
			t.Errorf("%s became %s", uri, m)
		}
	}
}

func TestNewMediaID(t *testing.T) {
	a, b := newMediaID(), newMediaID()
	if a == b || !validMediaID(a) || len(a) != 32 {
		t.Errorf("ids %q and %q", a, b)
	}
}
