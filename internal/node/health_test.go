package node

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/testdb"
)

// gate is a way to a database that can be shut.
type gate struct {
	t       *testing.T
	target  string
	address string

	mu     sync.Mutex
	socket net.Listener
	conns  []net.Conn
}

// newGate puts a gate before a database and returns the database's URL through it.
func newGate(t *testing.T, database string) (*gate, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{t: t, target: u.Host, address: "127.0.0.1:0"}
	g.open()
	u.Host = g.address
	t.Cleanup(g.shut)
	return g, u.String()
}

func (g *gate) open() {
	g.t.Helper()
	var lc net.ListenConfig
	socket, err := lc.Listen(g.t.Context(), "tcp", g.address)
	if err != nil {
		g.t.Fatal(err)
	}
	g.mu.Lock()
	g.socket, g.address = socket, socket.Addr().String()
	g.mu.Unlock()
	go func() {
		for {
			in, err := socket.Accept()
			if err != nil {
				return
			}
			var d net.Dialer
			out, err := d.DialContext(g.t.Context(), "tcp", g.target)
			if err != nil {
				_ = in.Close()
				continue
			}
			g.mu.Lock()
			g.conns = append(g.conns, in, out)
			g.mu.Unlock()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
		}
	}()
}

// shut cuts all connections and refuses new ones.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	_ = g.socket.Close()
	for _, c := range g.conns {
		_ = c.Close()
	}
	g.conns = nil
}

func TestReadyTellsTheTruthAboutTheDatabase(t *testing.T) {
	g, database := newGate(t, testdb.Postgres(t))
	cfg := settings(t, database)
	cfg.DatabasePatience = config.Duration(time.Second)
	n := start(t, cfg)
	status := func(path string) int { return n.call("", http.MethodGet, path, "").status }
	alice := n.register("alice")
	room := n.createRoom(alice)
	if got := status("/health/ready"); got != http.StatusOK {
		t.Fatalf("ready: %d", got)
	}
	g.shut()
	eventually(t, func() bool { return status("/health/ready") == http.StatusServiceUnavailable })
	if got := status("/health/live"); got != http.StatusOK {
		t.Errorf("live without a database: %d", got)
	}
	r := n.call(alice, http.MethodPut, room+"/send/m.room.message/once", `{"msgtype":"m.text","body":"x"}`)
	if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" {
		t.Errorf("a send without a database: %d %s", r.status, r.body)
	}
	g.open()
	eventually(t, func() bool { return status("/health/ready") == http.StatusOK })
	n.say(alice, room, "once")
}
