package deploy

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/pki"
)

// run runs a tool that must be there, and returns what it prints.
func run(t *testing.T, env []string, name string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s was not found: tools/need.sh patroni etcd deploy installs it", name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// siteEnv reads site.env as systemd does.
func siteEnv(t *testing.T, text string) map[string]string {
	t.Helper()
	env := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, value, ok := strings.Cut(line, "=")
		if line == "" || line[0] == '#' {
			continue
		}
		if !ok {
			t.Fatalf("site.env: %q", line)
		}
		env[name] = strings.Trim(value, "'")
	}
	return env
}

func TestUnitsAreUnderstood(t *testing.T) {
	units, err := filepath.Glob("systemd/*.[st]*[er]")
	if err != nil || len(units) < 7 {
		t.Fatal(units, err)
	}
	dir, bin := t.TempDir(), t.TempDir()
	var args []string
	for _, unit := range units {
		text := read(t, unit)
		for _, program := range []string{"bongsu", "run-patroni", "restore-drill"} {
			stub := filepath.Join(bin, program)
			write(t, stub, "#!/bin/sh\n", 0o755)
			text = strings.ReplaceAll(text, "/usr/local/bin/"+program, stub)
		}
		path := filepath.Join(dir, filepath.Base(unit))
		write(t, path, text, 0o644)
		if !strings.Contains(unit, "@.") {
			args = append(args, path)
		}
	}
	out, err := run(t, nil, "systemd-analyze", append([]string{"verify", "--man=no", "--recursive-errors=no"}, args...)...)
	var ours []string
	for line := range strings.Lines(out) {
		if strings.Contains(line, "bongsu") {
			ours = append(ours, line)
		}
	}
	if err != nil || len(ours) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestSettingsAreRight(t *testing.T) {
	s := newSite(t, layout(t), 0)
	var env []string
	for name, value := range s.env {
		if strings.HasPrefix(name, "BONGSU_") {
			env = append(env, name+"="+value)
		}
	}
	cfg, err := config.Load(config.Sources{File: s.file("/etc/bongsu/bongsu.yaml"), Env: env})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Listen != s.address+":8008" || len(cfg.Bus.Routes) != 3 {
		t.Errorf("%+v", cfg)
	}
}

func TestHAProxyIsUnderstood(t *testing.T) {
	s := newSite(t, layout(t), 0)
	if out, err := run(t, []string{"SITE_ADDRESS=" + s.address}, "haproxy", "-c", "-f", s.file("/etc/haproxy/haproxy.cfg")); err != nil ||
		strings.Contains(out, "WARNING") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestPatroniIsUnderstood(t *testing.T) {
	s := newSite(t, layout(t), 0)
	var env []string
	for name, value := range s.env {
		env = append(env, name+"="+value)
	}
	out, err := run(t, env, "patroni", "--validate-config", s.file("/etc/patroni/patroni.yml"))
	for line := range strings.Lines(out) {
		// Nothing runs yet, and the tool would like to see it.
		if !strings.Contains(line, "didn't pass validation") || strings.Contains(line, "etcd3.hosts") || strings.Contains(line, "data_dir") {
			continue
		}
		t.Error(line)
	}
	if strings.Contains(out, "Traceback") {
		t.Errorf("%v\n%s", err, out)
	}
}

// parts makes an authority and everything that three sites need of it, as the guide says.
func parts(t *testing.T, dir string, sites []string) {
	t.Helper()
	a, err := pki.Create(dir, "Test", pki.AuthorityLife)
	if err != nil {
		t.Fatal(err)
	}
	requests := []pki.Request{
		{Name: "bongsu", Kind: pki.KindClient}, {Name: "replicator", Kind: pki.KindClient}, {Name: "rewinder", Kind: pki.KindClient},
	}
	for name, address := range names(sites) {
		requests = append(requests, pki.Request{Name: name, Kind: pki.KindNode, Hosts: []string{address, "localhost", "127.0.0.1"}})
	}
	for _, r := range requests {
		r.Life = pki.LeafLife
		if err := a.Issue(r); err != nil {
			t.Fatal(err)
		}
	}
}

var siteNames = []string{"seoul", "busan", "daejeon"}

func names(addresses []string) map[string]string {
	out := map[string]string{}
	for i, a := range addresses {
		out[siteNames[i]] = a
	}
	return out
}

func TestScriptsAreUnderstood(t *testing.T) {
	for _, script := range []string{"patroni/first.sh", "pgbackrest/restore-drill"} {
		if out, err := run(t, nil, "sh", "-n", script); err != nil {
			t.Errorf("%s: %v\n%s", script, err, out)
		}
	}
	if got, want := read(t, "patroni/run-patroni"), read(t, "../drill/site/settings/run-patroni"); !bytes.Equal([]byte(got), []byte(want)) {
		t.Error("patroni/run-patroni is not the one that the fire drill proves")
	}
}
