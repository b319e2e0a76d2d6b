// Package e2e runs the tests of this folder: real browsers against a real server that has the web client in it.
package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"bongsu.org/bongsu/e2e"
	"bongsu.org/bongsu/web"
)

const patience = 10 * time.Minute

func TestMain(m *testing.M) { os.Exit(e2e.Main(m)) }

func TestInBrowsers(t *testing.T) {
	if _, ok := web.Files(); !ok {
		t.Fatal("the web client is not built: make web")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is missing: apt-get install chromium")
	}
	runner, err := filepath.Abs(filepath.Join("..", "node_modules", ".bin", "playwright"))
	if err != nil {
		t.Fatal(err)
	}
	server := e2e.Start(t, e2e.Options{})

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, runner, "test", "--config", "e2e/playwright.config.ts")
	cmd.Dir = ".."
	node, err := filepath.Abs(filepath.Join("..", "node_modules", ".bin"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "PATH="+node+string(os.PathListSeparator)+os.Getenv("PATH"),
		"BONGSU_E2E_URL="+server.URL, "BONGSU_E2E_NAME="+server.Name, "BONGSU_E2E_CHROMIUM="+chromium)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the tests in browsers failed: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}
