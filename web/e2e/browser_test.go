// Package e2e runs the tests of this folder: real browsers against a real server that has the web client in it.
package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bongsu.org/bongsu/e2e"
	"bongsu.org/bongsu/internal/testdb"
	"bongsu.org/bongsu/web"
)

const patience = 12 * time.Minute

func TestMain(m *testing.M) { os.Exit(e2e.Main(m)) }

// specs are the test files that need nothing but a server; those of other tests here are named by them. BONGSU_E2E_SPECS names some of
// them, for who works on those.
func specs(t *testing.T, except ...string) []string {
	t.Helper()
	if wanted := os.Getenv("BONGSU_E2E_SPECS"); wanted != "" {
		return strings.Fields(wanted)
	}
	files, err := filepath.Glob("*.spec.ts")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests were found: %v", err)
	}
	var chosen []string
	for _, file := range files {
		if !strings.Contains(strings.Join(except, " "), file) {
			chosen = append(chosen, "e2e/"+file)
		}
	}
	return chosen
}

// The long conversation of group.spec.ts does not pass every time yet: `make test-group` plays it.
func TestInBrowsers(t *testing.T) {
	server := e2e.Start(t, e2e.Options{})
	phone := startPhone(t, server)
	play(t, server.URL, server.Name, []string{"BONGSU_E2E_PHONE=" + phone}, specs(t, "entrances.spec.ts", "group.spec.ts")...)
}

// Two nodes, each behind an entrance of its own. The test asks for the death of the first while two people chat.
func TestAnEntranceDies(t *testing.T) {
	database := testdb.Postgres(t)
	var doors [2]*httptest.Server
	var urls [2]string
	for i := range doors {
		doors[i] = httptest.NewUnstartedServer(nil) // its address is known already
		urls[i] = "http://" + doors[i].Listener.Addr().String()
	}
	var nodes [2]*e2e.Server
	for i, door := range doors {
		nodes[i] = e2e.Start(t, e2e.Options{Database: database, Config: fmt.Sprintf("entrances: [%s, %s]\n", urls[0], urls[1])})
		door.Config.Handler = wayTo(t, nodes[i].URL)
		door.Start()
		t.Cleanup(door.Close)
	}
	fire := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		_ = doors[0].Listener.Close()
		doors[0].CloseClientConnections()
		nodes[0].Kill()
	}))
	t.Cleanup(fire.Close)
	play(t, urls[0], nodes[0].Name, []string{"BONGSU_E2E_FIRE=" + fire.URL}, "e2e/entrances.spec.ts")
}

func wayTo(t *testing.T, node string) http.Handler {
	t.Helper()
	u, err := url.Parse(node)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(u)
		r.Out.Host = r.In.Host
	}}
}

// play runs Playwright's tests against a server.
func play(t *testing.T, serverURL, serverName string, env []string, files ...string) {
	t.Helper()
	if _, ok := web.Files(); !ok {
		t.Fatal("the web client is not built: make web")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is missing: apt-get install chromium")
	}
	bin, err := filepath.Abs(filepath.Join("..", "node_modules", ".bin"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "playwright"), append([]string{"test", "--config", "e2e/playwright.config.ts"}, files...)...)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"),
		"BONGSU_E2E_URL="+serverURL, "BONGSU_E2E_NAME="+serverName, "BONGSU_E2E_CHROMIUM="+chromium)
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the tests in browsers failed: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}
