package deploy

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// caller talks to the entrance of a site as a client does.
type caller struct {
	t     *testing.T
	http  *http.Client
	base  string
	token string
}

func newCaller(t *testing.T, s *site) *caller {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(read(t, filepath.Join(s.c.root, "pki", "ca.crt"))))
	return &caller{t: t, base: "https://" + s.address + ":8443", http: &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true},
	}}
}

var errStatus = errors.New("the server said")

func (c *caller) call(method, path string, body any) (map[string]any, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w %d: %s", errStatus, resp.StatusCode, answer)
	}
	var out map[string]any
	return out, json.Unmarshal(answer, &out)
}

// eventually tries until it works.
func eventually(t *testing.T, what string, within time.Duration, try func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if err = try(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

// startSite starts everything that the units of a site start.
func startSite(s *site, program string) {
	s.start("etcd", false, s.command("bongsu-etcd.service")...)
	patroni := s.command("bongsu-patroni.service")
	runPatroni, _ := filepath.Abs("patroni/run-patroni")
	// Supervised, as by systemd: it ends where etcd has no quorum yet.
	s.start("patroni", true, "/bin/sh", "-c", `while :; do "$@"; sleep 1; done`, "patroni", runPatroni, patroni[1])
	bongsu := s.command("bongsu.service")
	s.start("bongsu", false, "/bin/sh", "-c", `while :; do "$@"; sleep 1; done`, "bongsu", program, bongsu[1], bongsu[2], bongsu[3])
	s.start("haproxy", false, "haproxy", "-f", s.file("/etc/haproxy/haproxy.cfg"))
}

// TestThreeSites starts three sites from the files, on addresses of this machine, with TLS between all parts. It burns the site of the
// primary while messages are sent through another's entrance: every message that was acknowledged is there once. Then the burnt site
// comes back.
func TestThreeSites(t *testing.T) {
	for _, tool := range []string{"patroni", "etcd", "haproxy"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s was not found: tools/need.sh patroni etcd deploy installs it", tool)
		}
	}
	program := filepath.Join(t.TempDir(), "bongsu")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "bongsu.org/bongsu/cmd/bongsu").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c := layout(t)
	var sites []*site
	for i := range siteNames {
		s := newSite(t, c, i)
		settings := read(t, s.file("/etc/bongsu/bongsu.yaml")) + "\nregistration: open\nrate_limits: off\n"
		write(t, s.file("/etc/bongsu/bongsu.yaml"), settings, 0o600)
		sites = append(sites, s)
		t.Cleanup(func() {
			s.burn()
			if t.Failed() {
				t.Log(s.logs())
			}
		})
	}
	began := time.Now()
	for _, s := range sites {
		startSite(s, program)
	}
	alice := newCaller(t, sites[1])
	eventually(t, "the first account", 2*time.Minute, func() error {
		out, err := alice.call(http.MethodPost, "/_matrix/client/v3/register", map[string]any{
			"username": "alice", "password": "correct horse battery staple", "auth": map[string]string{"type": "m.login.dummy"},
		})
		if err == nil {
			alice.token, _ = out["access_token"].(string)
		}
		return err
	})
	t.Logf("the three sites served after %s", time.Since(began).Round(time.Second))
	room, err := alice.call(http.MethodPost, "/_matrix/client/v3/createRoom", map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	path := "/_matrix/client/v3/rooms/" + url.PathEscape(room["room_id"].(string))
	primary := awaitCopies(t, sites, 2)

	var acked []string
	var worst time.Duration
	last := time.Now()
	burnt := -1
	for n := 0; len(acked) < 300; n++ {
		if len(acked) == 100 && burnt < 0 {
			burnt = primary
			if burnt == 1 { // the entrance burns, too: clients go to the next one
				alice.base = newCaller(t, sites[2]).base
			}
			sites[burnt].burn()
		}
		txn := fmt.Sprint("m", len(acked))
		out, err := alice.call(http.MethodPut, path+"/send/m.room.message/"+txn, map[string]string{"msgtype": "m.text", "body": txn})
		if err != nil {
			if time.Since(last) > time.Minute {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
			continue
		}
		acked = append(acked, out["event_id"].(string))
		worst = max(worst, time.Since(last))
		last = time.Now()
	}
	t.Logf("%s burnt; the longest time without an acknowledgement was %s", sites[burnt].name, worst.Round(10*time.Millisecond))
	checkMessages(t, alice, path, acked)

	startSite(sites[burnt], program)
	awaitCopies(t, sites, 2)
	back := newCaller(t, sites[burnt])
	back.token = alice.token
	eventually(t, "the burnt site's entrance", time.Minute, func() error {
		_, err := back.call(http.MethodGet, "/_matrix/client/v3/account/whoami", nil)
		return err
	})
	checkMessages(t, back, path, acked)
	acked = append(acked, rolling(t, sites, back, path)...)
	checkMessages(t, back, path, acked)
}

// rolling restarts the nodes one after the other while messages are sent and read. No request may fail.
func rolling(t *testing.T, sites []*site, c *caller, path string) (acked []string) {
	t.Helper()
	stop, done := make(chan struct{}), make(chan error, 2)
	go func() {
		for n := 0; ; n++ {
			out, err := c.call(http.MethodPut, fmt.Sprint(path, "/send/m.room.message/r", n), map[string]string{"msgtype": "m.text", "body": "rolling"})
			if err != nil {
				done <- fmt.Errorf("sending message %d: %w", n, err)
				return
			}
			acked = append(acked, out["event_id"].(string))
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
		}
	}()
	go func() {
		for {
			if _, err := c.call(http.MethodGet, path+"/messages?dir=b&limit=1", nil); err != nil {
				done <- fmt.Errorf("reading: %w", err)
				return
			}
			select {
			case <-stop:
				done <- nil
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	for _, s := range sites {
		s.restartNode()
		one := newCaller(t, s)
		one.base = "https://" + s.address + ":8008"
		eventually(t, s.name+"'s node", time.Minute, func() error {
			_, err := one.call(http.MethodGet, "/health/writable", nil)
			return err
		})
		time.Sleep(time.Second) // the entrances look every half second
	}
	close(stop)
	for range 2 {
		if err := <-done; err != nil {
			t.Errorf("a request failed during a rolling restart: %v", err)
		}
	}
	t.Logf("%d messages were sent during a rolling restart", len(acked))
	return acked
}

// awaitCopies waits until a primary has so many standbys that must have each commit, and tells which site is the primary's.
func awaitCopies(t *testing.T, sites []*site, want int) (primary int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d synchronous standbys", want), 2*time.Minute, func() error {
		var seen []string
		for i, s := range sites {
			cmd := exec.CommandContext(t.Context(), "/usr/lib/postgresql/15/bin/psql", "-h", s.file("/run/postgresql"), "-U", "postgres", "-XAtqc",
				`SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum') AND state = 'streaming' AND NOT pg_is_in_recovery()`)
			cmd.SysProcAttr = asPostgres(s.c)
			out, _ := cmd.CombinedOutput()
			seen = append(seen, s.name+": "+strings.TrimSpace(string(out)))
			if strings.TrimSpace(string(out)) == fmt.Sprint(want) {
				primary = i
				return nil
			}
		}
		return fmt.Errorf("%w %v", errStatus, seen)
	})
	return primary
}

// checkMessages pages through a room and compares.
func checkMessages(t *testing.T, c *caller, path string, acked []string) {
	t.Helper()
	var got []string
	for from := ""; ; {
		page, err := c.call(http.MethodGet, path+"/messages?dir=b&limit=100&from="+url.QueryEscape(from), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, ev := range page["chunk"].([]any) {
			if e := ev.(map[string]any); e["type"] == "m.room.message" {
				got = append(got, e["event_id"].(string))
			}
		}
		next, more := page["end"].(string)
		if !more {
			break
		}
		from = next
	}
	slices.Reverse(got)
	if !slices.Equal(got, acked) {
		t.Errorf("%d acknowledged, %d there, or not the same", len(acked), len(got))
	}
}
