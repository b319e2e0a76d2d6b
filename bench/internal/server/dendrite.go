package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// DendriteVersion is the release that is measured against.
const DendriteVersion = "v0.13.8"

// dendriteModule is where its programs are.
const dendriteModule = "github.com/matrix-org/dendrite/cmd/"

// dendriteCommand builds Dendrite, makes its key and configuration and gives the command that starts it.
//
// The configuration is that of `generate-config --ci`, but for two settings that would make Dendrite slower than an
// operator's: it logs warnings instead of traces, and it keeps no full-text index.
func dendriteCommand(ctx context.Context, in *Instance, listen string) (func() *exec.Cmd, error) {
	bin, err := buildDendrite(ctx)
	if err != nil {
		return nil, err
	}
	key := filepath.Join(in.Dir, "matrix_key.pem")
	if out, err := exec.CommandContext(ctx, filepath.Join(bin, "generate-keys"), "--private-key", key).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("making Dendrite's key: %w\n%s", err, out)
	}
	args := []string{"--ci", "--dir", in.Dir}
	if in.DB != nil {
		args = append(args, "--db", in.DB.URL)
	}
	generate := exec.CommandContext(ctx, filepath.Join(bin, "generate-config"), args...)
	generate.Stderr = os.Stderr
	text, err := generate.Output()
	if err != nil {
		return nil, fmt.Errorf("making Dendrite's configuration: %w", err)
	}
	if text, err = atItsBest(text); err != nil {
		return nil, err
	}
	config := filepath.Join(in.Dir, "dendrite.yaml")
	if err := os.WriteFile(config, text, 0o600); err != nil {
		return nil, fmt.Errorf("writing Dendrite's configuration: %w", err)
	}
	return func() *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, "dendrite"), "--config", config, "--http-bind-address", listen, "--really-enable-open-registration")
		cmd.Dir = in.Dir
		return cmd
	}, nil
}

// atItsBest makes the two changes to a generated configuration.
func atItsBest(config []byte) ([]byte, error) {
	for _, change := range [][2]string{
		{"level: trace", "level: warn"},
		{"  search:\n    enabled: true", "  search:\n    enabled: false"},
	} {
		if !bytes.Contains(config, []byte(change[0])) {
			return nil, fmt.Errorf("the configuration of Dendrite has no %q to change", change[0])
		}
		config = bytes.Replace(config, []byte(change[0]), []byte(change[1]), 1)
	}
	return config, nil
}

// buildDendrite builds the programs from the module proxy, once, into the tree's cache folder.
func buildDendrite(ctx context.Context) (string, error) {
	root, err := repository()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(root, ".cache", "dendrite-"+DendriteVersion)
	args := []string{"install", "-trimpath"}
	missing := false
	for _, name := range []string{"dendrite", "generate-keys", "generate-config"} {
		args = append(args, dendriteModule+name+"@"+DendriteVersion)
		_, err := os.Stat(filepath.Join(bin, name))
		missing = missing || errors.Is(err, os.ErrNotExist)
	}
	if !missing {
		return bin, nil
	}
	build := exec.CommandContext(ctx, "go", args...)
	build.Env = append(os.Environ(), "GOBIN="+bin)
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building Dendrite: %w\n%s", err, out)
	}
	return bin, nil
}
