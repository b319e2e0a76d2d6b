// Package browser runs the tests of this folder: programs for Node that drive a real browser over the server's pages, at the width of a
// telephone and of a desktop, in light and in dark.
//
// Set BONGSU_E2E_SCREENSHOTS to a folder to keep what the browser showed.
package browser

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"bongsu.org/bongsu/e2e"
)

const patience = 10 * time.Minute

func TestMain(m *testing.M) { os.Exit(e2e.Main(m)) }

// drive runs one program with the given environment, beside what all of them get: the server's address, the browser, and a folder for
// screenshots.
func drive(t *testing.T, program string, s *e2e.Server, env ...string) {
	t.Helper()
	node := e2e.Node(t, ".")
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is missing: apt-get install chromium")
	}
	shots := os.Getenv("BONGSU_E2E_SCREENSHOTS")
	if shots == "" {
		shots = t.TempDir()
	}
	if shots, err = filepath.Abs(shots); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{program, "browser.js"} { // go test remembers a result for as long as what the test itself reads is the same
		if _, err := os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "--test", "--test-force-exit", "--test-reporter=spec", program)
	cmd.Env = append(os.Environ(), append(env, "BONGSU_E2E_URL="+s.URL, "BONGSU_E2E_CHROMIUM="+chromium, "BONGSU_E2E_SCREENSHOTS="+shots)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s failed: %v\n%s", program, err, out)
	}
}
