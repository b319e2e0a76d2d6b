package bus

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const patience = 30 * time.Second

// lines is a slog handler that passes on the messages which the test asks for.
type lines struct {
	contains string
	found    chan string
}

func (l lines) Enabled(context.Context, slog.Level) bool { return true }
func (l lines) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l lines) WithGroup(string) slog.Handler            { return l }
func (l lines) Handle(_ context.Context, r slog.Record) error {
	if l.contains != "" && strings.Contains(r.Message, l.contains) {
		select {
		case l.found <- r.Message:
		default:
		}
	}
	return nil
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func start(t *testing.T, opts Options, log *slog.Logger) *NATS {
	t.Helper()
	if opts.ClusterName == "" {
		opts.ClusterName = "example.org"
	}
	if opts.ClusterSecret == "" {
		opts.ClusterSecret = "a secret: with / every @ kind of %character"
	}
	opts.ClusterListen = "127.0.0.1:0"
	b, err := Start(opts, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return b
}

// cluster starts three nodes of which the later ones know the first only, and waits until each hears each.
func cluster(t *testing.T, opts Options) []*NATS {
	t.Helper()
	nodes := []*NATS{start(t, opts, quiet())}
	opts.Routes = []string{nodes[0].Addr().String()}
	nodes = append(nodes, start(t, opts, quiet()), start(t, opts, quiet()))
	for _, from := range nodes {
		for _, to := range nodes {
			if from != to {
				meet(t, from, to)
			}
		}
	}
	return nodes
}

// meet publishes probes at one node until the other has received one.
func meet(t *testing.T, from, to *NATS) {
	t.Helper()
	heard := make(chan struct{}, 1)
	subject := "probe-" + from.NodeID() + to.NodeID()
	leave, err := to.Subscribe(subject, func(string, []byte) {
		select {
		case heard <- struct{}{}:
		default:
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	deadline := time.After(patience)
	for {
		if err := from.Publish(subject, nil); err != nil {
			t.Fatal(err)
		}
		select {
		case <-heard:
			return
		case <-deadline:
			t.Fatalf("%s never heard %s", to.NodeID(), from.NodeID())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func collect[M Message](t *testing.T, b Bus) <-chan M {
	t.Helper()
	got := make(chan M, 1024)
	leave, err := Listen(b, func(m M) { got <- m })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(leave)
	return got
}

func next[M Message](t *testing.T, from <-chan M) M {
	t.Helper()
	select {
	case m := <-from:
		return m
	case <-time.After(patience):
		t.Fatal("no message came")
		panic("unreachable")
	}
}

func send[M Message](t *testing.T, b Bus, m M) {
	t.Helper()
	if err := Send(b, m); err != nil {
		t.Fatal(err)
	}
}

func TestEveryOtherNodeHearsInOrderAndNobodyHearsItself(t *testing.T) {
	nodes := cluster(t, Options{})
	inboxes := make([]<-chan LaneMoved, len(nodes))
	for i, n := range nodes {
		inboxes[i] = collect[LaneMoved](t, n)
	}
	for _, from := range nodes {
		for _, to := range nodes {
			if from != to {
				meet(t, from, to) // interest travels in order, so the subscriptions above are known when a later one is
			}
		}
	}
	const each = 100
	for i, n := range nodes {
		for pos := range int64(each) {
			send(t, n, LaneMoved{Lane: i, Pos: pos})
		}
	}
	for i, inbox := range inboxes {
		seen := map[int]int64{}
		for range (len(nodes) - 1) * each {
			m := next(t, inbox)
			if m.Lane == i {
				t.Fatalf("node %d heard itself", i)
			}
			if m.Pos != seen[m.Lane] {
				t.Fatalf("node %d heard position %d of node %d, want %d", i, m.Pos, m.Lane, seen[m.Lane])
			}
			seen[m.Lane]++
		}
	}
	if peers := nodes[0].Stats().Peers; peers != 2 {
		t.Errorf("%d peers, want 2", peers)
	}
}

func TestTheOthersGoOnWhenANodeIsLost(t *testing.T) {
	nodes := cluster(t, Options{})
	if err := nodes[0].Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	meet(t, nodes[1], nodes[2])
	meet(t, nodes[2], nodes[1])
	if err := nodes[1].Healthy(); err != nil {
		t.Errorf("a node that lost another is unhealthy: %v", err)
	}
	if err := nodes[0].Healthy(); !errors.Is(err, ErrClosed) {
		t.Errorf("Healthy after Close: %v", err)
	}
	if err := nodes[0].Publish("lane", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Publish after Close: %v", err)
	}
	if _, err := nodes[0].Subscribe("lane", func(string, []byte) {}); !errors.Is(err, ErrClosed) {
		t.Errorf("Subscribe after Close: %v", err)
	}
}

func TestANodeThatComesBackIsHeardAgain(t *testing.T) {
	first := start(t, Options{}, quiet())
	second := start(t, Options{Routes: []string{first.Addr().String()}}, quiet())
	meet(t, first, second)
	addr := first.Addr().String()
	if err := first.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	again, err := Start(Options{ClusterName: "example.org", ClusterListen: addr,
		ClusterSecret: "a secret: with / every @ kind of %character"}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close(context.Background()) }()
	meet(t, again, second)
	meet(t, second, again)
	if again.NodeID() == first.NodeID() {
		t.Error("the node's id outlived its run")
	}
}

func TestStrangersAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		stranger Options
		says     string
	}{
		"wrong secret":    {Options{ClusterSecret: "guess"}, "Authorization Violation"},
		"another cluster": {Options{ClusterName: "example.com"}, "cluster name"},
	} {
		t.Run(name, func(t *testing.T) {
			log := lines{contains: c.says, found: make(chan string, 1)}
			home := start(t, Options{}, slog.New(log))
			heard := collect[LaneMoved](t, home)
			c.stranger.Routes = []string{home.Addr().String()}
			stranger := start(t, c.stranger, slog.New(log))
			select {
			case <-log.found:
			case <-time.After(patience):
				t.Fatal("nobody complained")
			}
			send(t, stranger, LaneMoved{Lane: 1, Pos: 1})
			if n := home.Stats().Peers; n != 0 {
				t.Errorf("the stranger became one of %d peers", n)
			}
			select {
			case m := <-heard:
				t.Errorf("the stranger was heard: %v", m)
			default:
			}
		})
	}
}

func TestRoutesOverTLS(t *testing.T) {
	cert, key, ca := certificates(t)
	conf, err := LoadTLS(cert, key, ca)
	if err != nil {
		t.Fatal(err)
	}
	nodes := cluster(t, Options{TLS: conf})
	inbox := collect[Typing](t, nodes[2])
	meet(t, nodes[1], nodes[2])
	want := Typing{RoomID: "!room", UserID: "@alice:example.org", ForMS: 30000}
	send(t, nodes[1], want)
	if got := next(t, inbox); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestASlowSubscriberLosesAndTheLossIsCounted(t *testing.T) {
	nodes := cluster(t, Options{})
	blocked, entered := make(chan struct{}), make(chan struct{}, queueMessages*3)
	leave, err := nodes[1].Subscribe("burst", func(string, []byte) {
		entered <- struct{}{}
		<-blocked
	})
	if err != nil {
		t.Fatal(err)
	}
	last := collect[TokenRevoked](t, nodes[1])
	meet(t, nodes[0], nodes[1])
	const extra = 1000
	for range queueMessages + extra {
		if err := nodes[0].Publish("burst", []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	send(t, nodes[0], TokenRevoked{Hash: "end"})
	next(t, last) // one connection keeps the order: the burst has arrived
	<-entered
	if dropped := nodes[1].Stats().Dropped; dropped < extra-1 || dropped > extra {
		t.Errorf("%d dropped, want about %d", dropped, extra)
	}
	leave()
	leave()
	close(blocked)
	if dropped := nodes[1].Stats().Dropped; dropped < extra-1 {
		t.Errorf("%d dropped after the subscription is gone: the count was lost", dropped)
	}
}

func TestAPanicInAHandlerIsALogLine(t *testing.T) {
	log := lines{contains: "panic", found: make(chan string, 1)}
	home := start(t, Options{}, quiet())
	other := start(t, Options{Routes: []string{home.Addr().String()}}, slog.New(log))
	meet(t, home, other)
	if _, err := other.Subscribe("fire", func(string, []byte) { panic("burning") }); err != nil {
		t.Fatal(err)
	}
	meet(t, home, other)
	if err := home.Publish("fire", nil); err != nil {
		t.Fatal(err)
	}
	select {
	case <-log.found:
	case <-time.After(patience):
		t.Fatal("no log line")
	}
	meet(t, home, other)
}

func TestStartNamesWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct {
		opts Options
		says string
	}{
		"no secret":   {Options{ClusterName: "a", ClusterListen: "127.0.0.1:0"}, "cluster secret"},
		"no name":     {Options{ClusterSecret: "s", ClusterListen: "127.0.0.1:0"}, "name"},
		"no address":  {Options{ClusterName: "a", ClusterSecret: "s", Routes: []string{"b:1"}}, "address to listen on"},
		"no port":     {Options{ClusterName: "a", ClusterSecret: "s", ClusterListen: "127.0.0.1"}, "HOST:PORT"},
		"odd port":    {Options{ClusterName: "a", ClusterSecret: "s", ClusterListen: "127.0.0.1:nats"}, `"nats" is not a port`},
		"odd route":   {Options{ClusterName: "a", ClusterSecret: "s", ClusterListen: "127.0.0.1:0", Routes: []string{"b"}}, `route "b"`},
		"taken by us": {Options{ClusterName: "a", ClusterSecret: "s", ClusterListen: taken.Addr().String()}, strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := Start(c.opts, quiet())
			if err == nil {
				_ = b.Close(context.Background())
				t.Fatal("started")
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q does not say %q", err, c.says)
			}
		})
	}
}

// certificates makes an authority and one certificate for 127.0.0.1, good for both ends.
func certificates(t *testing.T) (cert, key, ca string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "node"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cert = write("node.pem", "CERTIFICATE", der)
	return cert, write("node.key", "PRIVATE KEY", keyDER), cert
}
