// Package js runs the tests of this folder: Node programs that drive the server with matrix-js-sdk, through a proxy that
// holds every response against the specification's schemas.
package js

import (
	"context"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"bongsu.org/bongsu/e2e"
	"bongsu.org/bongsu/e2e/conform"
	"bongsu.org/bongsu/internal/testdb"
)

const patience = 10 * time.Minute

func TestMain(m *testing.M) { os.Exit(e2e.Main(m)) }

func TestMatrixJSSDK(t *testing.T) {
	node := e2e.Node(t, ".")
	spec, err := conform.Load()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.test.js")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests were found: %v", err)
	}
	run := func(t *testing.T, target string) {
		checker := conform.NewChecker(spec)
		u, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		proxy := httptest.NewServer(checker.Proxy(u))
		defer proxy.Close()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, node, append([]string{"--import", "./quiet.js", "--test", "--test-force-exit", "--test-reporter=spec"}, files...)...)
		cmd.Env = append(os.Environ(), "BONGSU_E2E_URL="+proxy.URL)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("the tests in Node failed: %v\n%s", err, out)
		}
		for _, v := range checker.Violations() {
			t.Errorf("against the specification: %s", v)
		}
	}
	if target := os.Getenv("BONGSU_E2E_URL"); target != "" {
		run(t, target)
		return
	}
	testdb.Each(t, func(t *testing.T, database string) {
		run(t, e2e.Start(t, e2e.Options{Database: database}).URL)
	})
}
