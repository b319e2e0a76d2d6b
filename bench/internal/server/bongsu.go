package server

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/store"
)

// bongsuCommand builds this tree's server and gives the command that starts it.
func bongsuCommand(ctx context.Context, in *Instance, listen string) (func() *exec.Cmd, error) {
	root, err := repository()
	if err != nil {
		return nil, err
	}
	binary := filepath.Join(root, ".cache", "bench", "bongsu")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/bongsu")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building bongsu: %w\n%s", err, out)
	}
	args := []string{"serve", "--data", dataDir(in), "--listen", listen, "--server-name", "localhost",
		"--registration", "open", "--rate-limits", "off"}
	if in.DB != nil {
		args = append(args, "--database", in.DB.URL)
	}
	debug, err := freeAddress()
	if err != nil {
		return nil, err
	}
	in.Debug = "http://" + debug
	return func() *exec.Cmd {
		cmd := exec.Command(binary, args...)
		cmd.Env = append(os.Environ(), "BONGSU_METRICS_LISTEN="+debug, "BONGSU_LOG_LEVEL=warn")
		return cmd
	}, nil
}

// repository is the root of this module's tree, above the working directory.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the working directory: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no go.mod above the working directory: run this inside the source tree")
		}
		dir = parent
	}
}

// Store says how to open the database of a Bongsu that is stopped.
func (in *Instance) Store() store.Options {
	o := store.Options{Dir: dataDir(in), Lanes: Lanes()}
	if in.DB != nil {
		o.URL = in.DB.URL
	}
	return o
}

// Lanes is the number of lanes that Bongsu's databases are made with.
func Lanes() int { return config.Default().Lanes }

func dataDir(in *Instance) string { return filepath.Join(in.Dir, "data") }
