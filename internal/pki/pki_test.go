package pki

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func authority(t *testing.T) *Authority {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "pki")
	if _, err := Create(dir, "Test", AuthorityLife); err != nil {
		t.Fatal(err)
	}
	a, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func issue(t *testing.T, a *Authority, r Request) {
	t.Helper()
	if err := a.Issue(r); err != nil {
		t.Fatal(err)
	}
}

func pair(t *testing.T, a *Authority, name string) tls.Certificate {
	t.Helper()
	c, err := tls.LoadX509KeyPair(filepath.Join(a.dir, name+".crt"), filepath.Join(a.dir, name+".key"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// handshake tells what each side says of the other.
func handshake(t *testing.T, a *Authority, server, client, host string) (serverErr, clientErr error) {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	c, s := net.Pipe()
	done := make(chan error, 1)
	go func() {
		conn := tls.Server(s, &tls.Config{
			Certificates: []tls.Certificate{pair(t, a, server)}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12,
			MaxVersion: tls.VersionTLS12, // both sides then know before the handshake ends
		})
		err := conn.Handshake()
		_ = s.Close()
		done <- err
	}()
	conn := tls.Client(c, &tls.Config{Certificates: []tls.Certificate{pair(t, a, client)}, RootCAs: pool, ServerName: host, MinVersion: tls.VersionTLS12})
	clientErr = conn.Handshake()
	_ = c.Close()
	return <-done, clientErr
}

func TestCertificatesAreGoodForWhatTheyAreFor(t *testing.T) {
	a := authority(t)
	issue(t, a, Request{Name: "seoul", Kind: KindNode, Hosts: []string{"seoul.example.org", "10.1.0.1"}, Life: LeafLife})
	issue(t, a, Request{Name: "busan", Kind: KindNode, Hosts: []string{"busan.example.org"}, Life: LeafLife})
	issue(t, a, Request{Name: "bongsu", Kind: KindClient, Life: LeafLife})
	for _, c := range []struct {
		server, client, host string
		good                 bool
	}{
		{"seoul", "busan", "seoul.example.org", true},
		{"seoul", "bongsu", "10.1.0.1", true},
		{"seoul", "bongsu", "busan.example.org", false},
		{"bongsu", "seoul", "bongsu", false}, // a client does not serve
	} {
		s, cl := handshake(t, a, c.server, c.client, c.host)
		if (s == nil && cl == nil) != c.good {
			t.Errorf("%+v: %v, %v", c, s, cl)
		}
	}
}

func TestFilesAreGuarded(t *testing.T) {
	a := authority(t)
	r := Request{Name: "n", Kind: KindNode, Hosts: []string{"n"}, Life: LeafLife}
	issue(t, a, r)
	for name, mode := range map[string]os.FileMode{"ca.key": 0o600, "n.key": 0o600, "ca.crt": 0o644, "n.crt": 0o644} {
		info, err := os.Stat(filepath.Join(a.dir, name))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if info, err := os.Stat(a.dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}
	if err := a.Issue(r); !errors.Is(err, ErrExists) {
		t.Errorf("issued twice: %v", err)
	}
	if _, err := Create(a.dir, "Another", AuthorityLife); !errors.Is(err, ErrExists) {
		t.Errorf("a second authority: %v", err)
	}
	if _, err := Open(t.TempDir()); !errors.Is(err, ErrNoAuthority) {
		t.Errorf("an empty folder: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(a.dir, ".new-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

func TestBadRequestsAreRefused(t *testing.T) {
	a := authority(t)
	for _, r := range []Request{
		{Name: "ca", Kind: KindNode, Hosts: []string{"h"}},
		{Name: "../x", Kind: KindNode, Hosts: []string{"h"}},
		{Name: "", Kind: KindClient},
		{Name: "n", Kind: KindNode},
		{Name: "n", Kind: KindNode, Hosts: []string{"not a host"}},
		{Name: "n", Kind: KindNode, Hosts: []string{"a..b"}},
	} {
		if a.Issue(r) == nil {
			t.Errorf("%+v was issued", r)
		}
	}
}

func TestRenewReplacesWhatIsDue(t *testing.T) {
	a := authority(t)
	issue(t, a, Request{Name: "old", Kind: KindNode, Hosts: []string{"old.example.org", "10.0.0.1"}, Life: 20 * 24 * time.Hour})
	issue(t, a, Request{Name: "new", Kind: KindClient, Life: LeafLife})
	before := pair(t, a, "old")
	names, err := a.Renew(RenewWithin)
	if err != nil || !slices.Equal(names, []string{"old"}) {
		t.Fatalf("renewed %v, %v", names, err)
	}
	if after := pair(t, a, "old"); after.Leaf.SerialNumber.Cmp(before.Leaf.SerialNumber) == 0 {
		t.Error("it is still the old one")
	}
	all, err := List(a.dir)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(c Certificate) bool { return c.Name == "old" })
	c := all[i]
	if c.Kind != KindNode || !slices.Equal(c.Hosts, []string{"old.example.org", "10.0.0.1"}) || time.Until(c.NotAfter).Round(time.Hour) != 20*24*time.Hour {
		t.Errorf("renewed it is %+v", c)
	}
	a.now = func() time.Time { return time.Now().Add(AuthorityLife - 24*time.Hour) }
	if _, err := a.Renew(RenewWithin); err != nil {
		t.Fatal(err)
	}
	all, err = List(a.dir)
	for _, c := range all {
		if c.NotAfter.After(a.cert.NotAfter) {
			t.Errorf("%s outlives its authority", c.Name)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestEnds(t *testing.T) {
	a := authority(t)
	issue(t, a, Request{Name: "n", Kind: KindClient, Life: time.Hour})
	both := filepath.Join(a.dir, "both.pem")
	var text []byte
	for _, name := range []string{"ca.crt", "n.key", "n.crt"} {
		part, err := os.ReadFile(filepath.Join(a.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, part...)
	}
	if err := os.WriteFile(both, text, 0o600); err != nil {
		t.Fatal(err)
	}
	ends, err := Ends(both)
	if left := time.Until(ends); err != nil || left > time.Hour || left < 50*time.Minute {
		t.Errorf("it ends at %s, %v", ends, err)
	}
	if _, err := Ends(filepath.Join(a.dir, "n.key")); err == nil {
		t.Error("a key has no end")
	}
}
