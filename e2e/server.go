package e2e

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
	"syscall"
	"testing"
	"time"
)

const (
	// SharedSecret is the registration secret of every server started here.
	SharedSecret = "e2e-shared-secret"

	serverName   = "bongsu.test"
	startTimeout = 60 * time.Second
	stopTimeout  = 30 * time.Second
)

// Options says how a server is started. The zero value is a server on SQLite with open registration and no rate limits.
type Options struct {
	Database     string   // a URL; SQLite under the data folder if empty
	Registration string   // open if empty
	RateLimits   bool     // off unless set
	Config       string   // the text of a settings file
	Args         []string // more arguments of `bongsu serve`
	Env          []string // more environment
}

// Server is a running server program. Its methods are for one goroutine at a time; clients may call its URL from many.
type Server struct {
	URL  string
	Name string // the server name in user ids
	Data string // the data folder; it lasts over restarts

	opts   Options
	listen string
	log    *logBuffer
	cmd    *exec.Cmd
	exited chan struct{} // closed when cmd has ended
}

// Start starts a server that is killed when the test ends. A failed test shows the end of the server's log.
func Start(t testing.TB, opts Options) *Server {
	t.Helper()
	s, err := launch(opts, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("the server's log ends:\n%s", s.log.tail())
		}
		if report := s.log.panics(); report != "" {
			t.Errorf("the server panicked:\n%s", report)
		}
	})
	return s
}

func launch(opts Options, dir string) (*Server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &Server{Name: serverName, Data: filepath.Join(dir, "data"), opts: opts, log: &logBuffer{}}
	s.listen = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	s.URL = "http://" + s.listen
	if opts.Config != "" {
		file := filepath.Join(dir, "bongsu.yaml")
		if err := os.WriteFile(file, []byte(opts.Config), 0o600); err != nil {
			return nil, fmt.Errorf("writing the settings: %w", err)
		}
		s.opts.Args = append([]string{"--config", file}, opts.Args...)
	}
	if err := s.run(); err != nil {
		return nil, err
	}
	return s, nil
}

// run starts the process and returns when it is ready to serve.
func (s *Server) run() error {
	path, err := Program()
	if err != nil {
		return err
	}
	s.cmd = exec.Command(path, s.arguments()...)
	s.cmd.Env = append(os.Environ(), s.opts.Env...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := startBound(s.cmd); err != nil {
		return fmt.Errorf("starting the server: %w", err)
	}
	cmd, exited := s.cmd, make(chan struct{})
	s.exited = exited
	go func() { _ = cmd.Wait(); close(exited) }()
	if err := s.waitReady(); err != nil {
		s.Kill()
		return fmt.Errorf("%w\nthe server's log ends:\n%s", err, s.log.tail())
	}
	return nil
}

func (s *Server) arguments() []string {
	registration, limits := s.opts.Registration, "off"
	if registration == "" {
		registration = "open"
	}
	if s.opts.RateLimits {
		limits = "on"
	}
	args := []string{
		"serve", "--data", s.Data, "--listen", s.listen, "--server-name", s.Name, "--registration", registration,
		"--registration-shared-secret", SharedSecret, "--rate-limits", limits, "--allow-private-addresses",
	}
	if s.opts.Database != "" {
		args = append(args, "--database", s.opts.Database)
	}
	return append(args, s.opts.Args...)
}

func (s *Server) waitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/health/ready", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.exited:
			return fmt.Errorf("the server ended while starting: %s", s.cmd.ProcessState)
		case <-ctx.Done():
			return errors.New("the server did not become ready in time")
		case <-tick.C:
		}
	}
}

// Kill ends the process as a crash does (SIGKILL) and returns when it is gone. It may be called on an ended server.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.exited
}

// Stop asks the process to end (SIGTERM) and returns its exit code.
func (s *Server) Stop() (int, error) {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, fmt.Errorf("signalling the server: %w", err)
	}
	select {
	case <-s.exited:
		return s.cmd.ProcessState.ExitCode(), nil
	case <-time.After(stopTimeout):
		s.Kill()
		return 0, fmt.Errorf("the server did not stop within %s", stopTimeout)
	}
}

// Restart starts an ended server again, on the same address and data.
func (s *Server) Restart() error { return s.run() }

// Log returns all that the server has printed.
func (s *Server) Log() string { return s.log.String() }

// freePort finds a free port below the range that the system takes for outgoing connections, so that none of those can be
// in the way at a restart.
func freePort() (int, error) {
	for range 100 {
		port := 20000 + int(time.Now().UnixNano()/1000%12000)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		return port, l.Close()
	}
	return 0, errors.New("no free port was found between 20000 and 32000")
}
