package relay

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/turn/v5"

	"bongsu.org/bongsu/internal/relay/credential"
)

const (
	secret = "the secret"
	alice  = "@alice:example.org"
	bob    = "@bob:example.org"
)

// loopback are options for a relay on this machine, whose public address is that of the machine itself.
func loopback() Options {
	return Options{
		Listen: "127.0.0.1:0", Public: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, MinPort: 20000, MaxPort: 29999,
		Realm: "example.org", Secret: secret, PerUser: 4, Total: 100, Log: slog.New(slog.DiscardHandler),
	}
}

func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// login is a client of the relay.
type login struct {
	user, secret string
	until        time.Time
}

func as(user string) login { return login{user, secret, time.Now().Add(time.Hour)} }

func (l login) client(t *testing.T, conn net.PacketConn, server net.Addr) *turn.Client {
	t.Helper()
	name, password := credential.Make(l.secret, l.user, l.until)
	c, err := turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: server.String(), Username: name, Password: password, Conn: conn, LoggerFactory: logs{slog.New(slog.DiscardHandler)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func (l login) udp(t *testing.T, s *Server) *turn.Client {
	t.Helper()
	return l.client(t, socket(t), s.udp[0])
}

func socket(t *testing.T) net.PacketConn {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func allocate(t *testing.T, c *turn.Client) net.PacketConn {
	t.Helper()
	conn, err := c.Allocate()
	if err != nil {
		t.Fatalf("no relay address: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func send(t *testing.T, from net.PacketConn, to net.Addr, text string) {
	t.Helper()
	if _, err := from.WriteTo([]byte(text), to); err != nil {
		t.Fatalf("sending %q: %v", text, err)
	}
}

func hear(t *testing.T, at net.PacketConn, want string) net.Addr {
	t.Helper()
	if err := at.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1500)
	n, from, err := at.ReadFrom(buf)
	if err != nil {
		t.Fatalf("waiting for %q: %v", want, err)
	}
	if got := string(buf[:n]); got != want {
		t.Fatalf("heard %q, want %q", got, want)
	}
	return from
}

func TestTwoUsersTalkThroughTheRelay(t *testing.T) {
	s := start(t, loopback())
	ca, cb := as(alice).udp(t, s), as(bob).udp(t, s)
	a, b := allocate(t, ca), allocate(t, cb)
	for c, peer := range map[*turn.Client]net.PacketConn{ca: b, cb: a} {
		if err := c.CreatePermission(peer.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	send(t, b, a.LocalAddr(), "from b")
	if from := hear(t, a, "from b"); from.String() != b.LocalAddr().String() {
		t.Errorf("it came from %s, not from %s", from, b.LocalAddr())
	}
	send(t, a, b.LocalAddr(), "from a")
	hear(t, b, "from a")
	stats := s.Stats()
	if stats.Held != 2 || stats.Made != 2 || stats.Sent < 12 || stats.Received < 12 {
		t.Errorf("counted %+v", stats)
	}
}

func TestOutsidePeerOverEveryTransport(t *testing.T) {
	o := loopback()
	o.AllowPrivatePeers = true
	o.TLSListen = "127.0.0.1:0"
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS()
	o.TLS = &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12}
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	web.Close()
	s := start(t, o)

	plain, err := net.Dial("tcp", s.tcp[0].String())
	if err != nil {
		t.Fatal(err)
	}
	secure, err := tls.Dial("tcp", s.tls[0].String(), &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	clients := map[string]*turn.Client{
		"udp": as(alice).udp(t, s),
		"tcp": as(alice).client(t, turn.NewSTUNConn(plain), s.tcp[0]),
		"tls": as(alice).client(t, turn.NewSTUNConn(secure), s.tls[0]),
	}
	for name, c := range clients {
		t.Run(name, func(t *testing.T) {
			relayed, peer := allocate(t, c), socket(t)
			send(t, relayed, peer.LocalAddr(), "hello")
			if from := hear(t, peer, "hello"); from.String() != relayed.LocalAddr().String() {
				t.Errorf("the peer sees %s, not the relay address %s", from, relayed.LocalAddr())
			}
			send(t, peer, relayed.LocalAddr(), "and back")
			hear(t, relayed, "and back")
		})
	}
}

func TestCredentialsAreChecked(t *testing.T) {
	s := start(t, loopback())
	for name, who := range map[string]login{
		"expired":      {alice, secret, time.Now().Add(-time.Second)},
		"wrong secret": {alice, "another secret", time.Now().Add(time.Hour)},
		"no user":      {"", secret, time.Now().Add(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := who.udp(t, s).Allocate(); err == nil || !strings.Contains(err.Error(), "401") {
				t.Errorf("want 401, got %v", err)
			}
		})
	}
	if stats := s.Stats(); stats.RefusedLogins < 3 || stats.Held != 0 {
		t.Errorf("counted %+v", stats)
	}
}

func TestCredentialsEndWhileTheyAreUsed(t *testing.T) {
	o := loopback()
	var later atomic.Int64
	o.now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	s := start(t, o)
	c := as(alice).udp(t, s)
	allocate(t, c)
	later.Store(int64(2 * time.Hour))
	if err := c.CreatePermission(&net.UDPAddr{IP: net.IPv4(8, 8, 8, 8), Port: 9}); err == nil {
		t.Error("a permission was given for a credential that has ended")
	}
}

func TestPrivatePeersAreRefused(t *testing.T) {
	s := start(t, loopback())
	c := as(alice).udp(t, s)
	relayed := allocate(t, c)
	for _, ip := range []string{"10.0.0.1", "127.0.0.2", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"} {
		err := c.CreatePermission(&net.UDPAddr{IP: net.ParseIP(ip), Port: 53})
		if err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("%s: want 403, got %v", ip, err)
		}
	}
	if err := c.CreatePermission(&net.UDPAddr{IP: net.IPv4(8, 8, 8, 8), Port: 53}); err != nil {
		t.Errorf("a public address: %v", err)
	}

	// The relay's own address is allowed for the relay ports only: another service of the machine hears nothing.
	service, bobs := socket(t), as(bob).udp(t, s)
	other := allocate(t, bobs)
	if err := bobs.CreatePermission(relayed.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	send(t, relayed, service.LocalAddr(), "secret door")
	send(t, relayed, other.LocalAddr(), "fine")
	hear(t, other, "fine")
	if n := s.Stats().RefusedPeers; n != 7 {
		t.Errorf("%d refusals counted, want 7", n)
	}
}

func TestQuotas(t *testing.T) {
	o := loopback()
	o.PerUser, o.Total = 2, 3
	s := start(t, o)
	first := allocate(t, as(alice).udp(t, s))
	allocate(t, as(alice).udp(t, s))
	refused := func(who, why string) {
		t.Helper()
		if _, err := as(who).udp(t, s).Allocate(); err == nil || !strings.Contains(err.Error(), "486") {
			t.Errorf("%s: want 486, got %v", why, err)
		}
	}
	refused(alice, "the quota of a user")
	allocate(t, as(bob).udp(t, s))
	refused(bob, "the quota of all")
	if err := first.Close(); err != nil { // a refresh to zero, which the server answers
		t.Fatal(err)
	}
	allocate(t, as(alice).udp(t, s))
	s.Drain()
	refused("@carol:example.org", "draining")
}

func TestPeersAreBounded(t *testing.T) {
	g := &guard{Options: &Options{}, peers: map[string]map[netip.Addr]struct{}{}}
	client := &net.UDPAddr{IP: net.IPv4(8, 8, 4, 4), Port: 1}
	peer := func(i int) net.IP { return net.IPv4(8, 8, byte(i>>8), byte(i)) }
	for i := range maxPeers {
		if !g.admit(client, peer(i)) {
			t.Fatalf("peer %d is refused", i)
		}
		g.added(client, peer(i))
	}
	if g.admit(client, peer(maxPeers)) {
		t.Error("one peer too many")
	}
	if !g.admit(client, peer(0)) {
		t.Error("a peer that is known is refused")
	}
	for i := range maxPeers {
		g.removed(client, peer(i))
	}
	if len(g.peers) != 0 {
		t.Errorf("%d clients are remembered for nothing", len(g.peers))
	}
}

func TestWrongOptions(t *testing.T) {
	for name, spoil := range map[string]func(*Options){
		"no secret":      func(o *Options) { o.Secret = "" },
		"no address":     func(o *Options) { o.Public = nil },
		"no ports":       func(o *Options) { o.MinPort = 0 },
		"other family":   func(o *Options) { o.Public = []netip.Addr{netip.MustParseAddr("2001:db8::1")} },
		"no certificate": func(o *Options) { o.TLSListen = "127.0.0.1:0" },
		"foreign":        func(o *Options) { o.Listen = "192.0.2.1:3478" },
	} {
		o := loopback()
		spoil(&o)
		if s, err := Start(context.Background(), o); err == nil {
			s.Close()
			t.Errorf("%s: started", name)
		}
	}
}
