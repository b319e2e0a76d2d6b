package node

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/pki"
	"bongsu.org/bongsu/internal/testdb"
)

// authority makes an authority of the test, and certificates of nodes on this machine.
func authority(t *testing.T, nodes ...string) (dir string, pool *x509.CertPool) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "pki")
	a, err := pki.Create(dir, "Test", pki.AuthorityLife)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		if err := a.Issue(pki.Request{Name: n, Kind: pki.KindNode, Hosts: []string{"localhost", "127.0.0.1"}, Life: pki.LeafLife}); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return dir, pool
}

// throughTLS lets the test's requests, which say http, go over TLS with the given protocols.
func (r *running) throughTLS(pool *x509.CertPool, protocols ...string) {
	d := &tls.Dialer{Config: &tls.Config{RootCAs: pool, ServerName: "localhost", NextProtos: protocols, MinVersion: tls.VersionTLS12}}
	r.transport = &http.Transport{DialContext: d.DialContext}
	r.t.Cleanup(r.transport.CloseIdleConnections)
}

func TestServesTLS(t *testing.T) {
	dir, pool := authority(t, "one")
	cfg := settings(t, "")
	cfg.TLS = config.TLS{Certificate: filepath.Join(dir, "one.crt"), Key: filepath.Join(dir, "one.key")}
	n := start(t, cfg)
	n.throughTLS(pool, "http/1.1")
	alice := n.register("alice")
	room := n.createRoom(alice)
	// A long poll is parked, answered, and its connection used again: it stays one of TLS.
	since := n.syncUp(alice)
	waiting := n.waiting(alice, since)
	time.Sleep(2 * parkAfter)
	n.say(alice, room, "one")
	since = receive(t, waiting).get("next_batch")
	if got := n.must("", http.MethodGet, "/.well-known/matrix/client", "").get(`m\.homeserver.base_url`); got != "https://"+n.Addr() {
		t.Errorf("after it, the address is %s", got)
	}
	// A client that leaves while it waits is noticed, though TLS says farewell.
	d := tls.Dialer{Config: &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: tls.VersionTLS12}}
	conn, err := d.DialContext(t.Context(), "tcp", n.Addr())
	if err != nil {
		t.Fatal(err)
	}
	before := n.gates.Stats()[classSync].Running
	if _, err := conn.Write([]byte("GET " + v3 + "/sync?timeout=60000&since=" + since + "&" + quiet + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
		alice + "\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return n.gates.Stats()[classSync].Running > before })
	time.Sleep(2 * parkAfter)
	_ = conn.Close()
	eventually(t, func() bool { return n.gates.Stats()[classSync].Running == before })
	// HTTP/2 is offered.
	h2, err := (&tls.Dialer{Config: &tls.Config{RootCAs: pool, ServerName: "localhost", NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12}}).
		DialContext(t.Context(), "tcp", n.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if got := h2.(*tls.Conn).ConnectionState().NegotiatedProtocol; got != "h2" {
		t.Errorf("the protocol is %q", got)
	}
	_ = h2.Close()
	if _, err := new(net.Dialer).DialContext(t.Context(), "tcp", n.Addr()); err != nil {
		t.Error(err)
	}
}

// Nodes with certificates of one authority find each other.
func TestRoutesOverTLS(t *testing.T) {
	dir, _ := authority(t, "one", "two")
	database := testdb.Postgres(t)
	var l net.ListenConfig
	spare, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := spare.Addr().String()
	_ = spare.Close()
	nodeOf := func(name, listen string) *running {
		cfg := settings(t, database)
		cfg.Bus = config.Bus{
			ClusterListen: listen, Routes: []string{address}, Secret: "secret",
			TLSCertificate: filepath.Join(dir, name+".crt"), TLSKey: filepath.Join(dir, name+".key"), TLSAuthority: filepath.Join(dir, "ca.crt"),
		}
		return start(t, cfg)
	}
	one, two := nodeOf("one", address), nodeOf("two", "127.0.0.1:0")
	eventually(t, func() bool { return one.parts.bus.Stats().Peers == 1 && two.parts.bus.Stats().Peers == 1 })
}
