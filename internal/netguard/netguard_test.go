package netguard

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

func TestPublic(t *testing.T) {
	tests := map[bool][]string{
		true: {"8.8.8.8", "1.1.1.1", "100.63.255.255", "172.15.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"},
		false: {
			"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255",
			"192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1",
			"240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
			"64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "2002:c0a8:101::", "3fff::1", "fc00::1", "fd12::1", "fe80::1",
			"fe80::1%eth0", "fec0::1", "ff02::1",
		},
	}
	for want, addrs := range tests {
		for _, a := range addrs {
			if got := Public(netip.MustParseAddr(a)); got != want {
				t.Errorf("%s: got %v", a, got)
			}
		}
	}
	if Public(netip.Addr{}) {
		t.Error("no address at all is public")
	}
}

func get(t *testing.T, o Options, url string) error {
	t.Helper()
	tr := Transport(o)
	defer tr.CloseIdleConnections()
	resp, err := (&http.Client{Transport: tr}).Get(url)
	if err == nil {
		_ = resp.Body.Close()
	}
	return err
}

func TestTransportRefusesPrivateAddresses(t *testing.T) {
	reached := false
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer srv.Close()
	_, port, err := net.SplitHostPort(srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	rebinding := fakeDNS(t, netip.MustParseAddr("127.0.0.1"))
	for _, url := range []string{
		srv.URL, "http://localhost:" + port, "http://[::ffff:127.0.0.1]:" + port, "http://0.0.0.0:" + port,
		"http://innocent.example.org:" + port,
	} {
		if err := get(t, Options{Resolver: rebinding}, url); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", url, err)
		}
	}
	if reached {
		t.Error("the server was reached")
	}
	if err := get(t, Options{AllowPrivate: true, Resolver: rebinding}, "http://innocent.example.org:"+port); err != nil || !reached {
		t.Errorf("with the guard off: %v", err)
	}
}

// TestControlSeesEveryRedirect: the guard is a property of connections, so a redirect from an allowed server meets it too. The
// allowed server is played by a dialer that lets only one port through.
func TestControlSeesEveryRedirect(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the private server was reached") }))
	defer target.Close()
	public := httptest.NewServer(http.RedirectHandler(target.URL, http.StatusFound))
	defer public.Close()
	tr := Transport(Options{})
	defer tr.CloseIdleConnections()
	guarded := tr.DialContext
	tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if addr == public.Listener.Addr().String() {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		}
		return guarded(ctx, network, addr)
	}
	_, err := (&http.Client{Transport: tr}).Get(public.URL)
	if !errors.Is(err, ErrRefused) {
		t.Errorf("got %v", err)
	}
}

// fakeDNS resolves every name to one address.
func fakeDNS(t *testing.T, answer netip.Addr) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply, err := answerDNS(buf[:n], answer); err == nil {
				_, _ = pc.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
}

func answerDNS(query []byte, answer netip.Addr) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	m.Response, m.Additionals = true, nil
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA && strings.HasPrefix(q.Name.String(), "innocent.") {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 0},
			Body:   &dnsmessage.AResource{A: answer.As4()},
		}}
	}
	return m.Pack()
}
