package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// readyTimeout bounds the wait for a server's first answer.
const readyTimeout = 2 * time.Minute

// The servers and databases that can be started.
const (
	Bongsu   = "bongsu"
	Dendrite = "dendrite"
	SQLite   = "sqlite"
	PG       = "postgres"
)

// Options say what to start.
type Options struct {
	Server   string // Bongsu, Dendrite, or the URL of a running one
	Database string // SQLite or PG
	PID      int    // of a running server, for its cost
}

// Instance is a running server.
type Instance struct {
	Options
	URL      string
	DB       *Postgres
	Dir      string
	Debug    string // base URL of the operators' listener with profiles; empty if there is none
	external bool
	child    *child
	command  func() *exec.Cmd
}

// Start builds and starts a server and waits until it answers.
func Start(ctx context.Context, o Options) (_ *Instance, err error) {
	if strings.HasPrefix(o.Server, "http://") {
		return &Instance{Options: o, URL: strings.TrimSuffix(o.Server, "/"), external: true}, nil
	}
	in := &Instance{Options: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, in.Stop())
		}
	}()
	if in.Dir, err = os.MkdirTemp("", "bench-"+o.Server+"-"); err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	switch o.Database {
	case SQLite:
	case PG:
		if in.DB, err = StartPostgres(ctx, o.Server); err != nil {
			return nil, fmt.Errorf("starting PostgreSQL: %w", err)
		}
	default:
		return nil, fmt.Errorf("database %q: use %s or %s", o.Database, SQLite, PG)
	}
	listen, err := freeAddress()
	if err != nil {
		return nil, err
	}
	in.URL = "http://" + listen
	switch o.Server {
	case Bongsu:
		in.command, err = bongsuCommand(ctx, in, listen)
	case Dendrite:
		in.command, err = dendriteCommand(ctx, in, listen)
	default:
		err = fmt.Errorf("server %q: use %s, %s or the URL of a running server", o.Server, Bongsu, Dendrite)
	}
	if err != nil {
		return nil, err
	}
	if _, err := in.Launch(ctx); err != nil {
		return nil, err
	}
	return in, nil
}

// Launch starts the process, which must not run, and gives the time until it was ready.
func (in *Instance) Launch(ctx context.Context) (time.Duration, error) {
	begin := time.Now()
	var err error
	if in.child, err = spawn(in.command(), filepath.Join(in.Dir, "server.log")); err != nil {
		return 0, err
	}
	if err := in.awaitReady(ctx); err != nil {
		return 0, err
	}
	return time.Since(begin), nil
}

// Halt stops the process and leaves its data.
func (in *Instance) Halt() error {
	if in.child == nil {
		return nil
	}
	err := in.child.stop(syscall.SIGTERM)
	in.child = nil
	return err
}

// Stop stops the process and its database and removes all data.
func (in *Instance) Stop() error {
	if in.external {
		return nil
	}
	errs := []error{in.Halt()}
	if in.DB != nil {
		errs = append(errs, in.DB.Stop())
		in.DB = nil
	}
	if in.Dir != "" {
		errs = append(errs, os.RemoveAll(in.Dir))
	}
	return errors.Join(errs...)
}

// ServerPID is the process whose cost is the server's; 0 when unknown.
func (in *Instance) ServerPID() int {
	if in.child == nil {
		return in.PID
	}
	return in.child.cmd.Process.Pid
}

// DatabasePID is the process whose cost is the database's; 0 when it has none of its own.
func (in *Instance) DatabasePID() int {
	if in.DB == nil {
		return 0
	}
	return in.DB.PID()
}

// Log gives the end of the server's log.
func (in *Instance) Log() string {
	if in.child == nil {
		return ""
	}
	return in.child.tail()
}

func (in *Instance) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for !in.answers(ctx) {
		select {
		case <-in.child.exited:
			return fmt.Errorf("%s ended before it was ready: %w\n%s", in.Server, in.child.err, in.child.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s was not ready in %v: %w\n%s", in.Server, readyTimeout, ctx.Err(), in.child.tail())
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// answers says whether the server serves clients.
//
// Client-Server API, 2.1: /versions needs no authentication.
func (in *Instance) answers(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, in.URL+"/_matrix/client/versions", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// freeAddress gives a loopback address to listen on.
func freeAddress() (string, error) {
	port, err := freePort()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), err
}

// freePort gives a loopback port that was free a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
