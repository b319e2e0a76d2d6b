package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func runPKI(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	p := &program{name: "bongsu", out: &out, errs: &out}
	err := p.execute(t.Context(), append([]string{"pki", "--dir", dir}, args...))
	return out.String(), err
}

func TestPKICommands(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	if _, err := runPKI(t, dir, "node", "seoul", "--host", "seoul.example.org"); err == nil {
		t.Fatal("a certificate without an authority")
	}
	for _, args := range [][]string{
		{"ca", "--name", "Test"},
		{"node", "seoul", "--host", "seoul.example.org,10.1.0.1"},
		{"client", "bongsu", "--days", "10"},
	} {
		if out, err := runPKI(t, dir, args...); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	out, err := runPKI(t, dir, "list")
	if !errors.Is(err, errDue) || !strings.Contains(out, "bongsu  client") || !strings.Contains(out, "(due)") ||
		!strings.Contains(out, "seoul.example.org 10.1.0.1") {
		t.Fatalf("%v\n%s", err, out)
	}
	before, err := os.ReadFile(filepath.Join(dir, "bongsu.crt"))
	if err != nil {
		t.Fatal(err)
	}
	if out, err = runPKI(t, dir, "renew"); err != nil || out != "bongsu is renewed.\n" {
		t.Fatalf("%v\n%s", err, out)
	}
	after, err := os.ReadFile(filepath.Join(dir, "bongsu.crt"))
	if err != nil || bytes.Equal(before, after) {
		t.Fatalf("it is the same, or %v", err)
	}
	if _, err := runPKI(t, dir, "ca"); err == nil {
		t.Fatal("the authority was replaced")
	}
}
