package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/ops"
	"github.com/spf13/cobra"
)

// server is a running server.
type server interface {
	// Addr is the address that it serves on.
	Addr() string
	// FirstRun tells whether the server was just made, and the registration token that was made with it, if any.
	FirstRun() (token string, first bool)
	// Shutdown ends it gracefully, within the context.
	Shutdown(context.Context) error
	// Wait returns when it has ended.
	Wait() error
}

// errStoppedAtOnce is what ends the program at the second signal.
var errStoppedAtOnce = errors.New("stopped at once, by a second signal")

func (p *program) serveCommand() *cobra.Command {
	var flags *settingFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server until it gets SIGTERM or SIGINT (Ctrl-C). It then takes no new requests, finishes those that are running,
and ends; a second signal ends it at once. What was acknowledged is on disk in either case.

Flags override the environment (BONGSU_…), which overrides the settings file. "bongsu config print" shows what is in force.

The server speaks plain HTTP unless tls.certificate is set. To open it to others, set that, or put a proxy with TLS in front, such as Caddy,
nginx or HAProxy.`,
		Example: `  # Try it: everything stays in the folder "data", and only this machine reaches it.
  bongsu serve

  # A server for example.org, behind a proxy, that keeps its state in /var/lib/bongsu.
  bongsu serve --server-name example.org --data /var/lib/bongsu

  # On PostgreSQL; of several hosts the writable one is found.
  bongsu serve --server-name example.org --database postgres://bongsu:PASSWORD@db1,db2/bongsu

  # For tests of a client: anyone may register, as often as they like.
  bongsu serve --registration open --rate-limits off`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.serve(cmd, flags)
		},
	}
	flags = serverFlags(cmd)
	return cmd
}

func (p *program) serve(cmd *cobra.Command, flags *settingFlags) error {
	cfg, err := flags.load(cmd, p.env)
	if err != nil {
		return err
	}
	log := ops.NewLogger(p.errs, cfg.Log)
	running, err := p.startServer(cmd.Context(), cfg, log)
	if running == nil || err != nil {
		return err
	}
	log.Info("serving", "server_name", cfg.ServerName, "address", running.Addr(), "version", ops.ReadBuild().Version)
	if err := p.welcome(&cfg, running, databaseArguments(cmd)); err != nil {
		log.Warn("the first lines could not be printed", "error", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- running.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("the server ended: %w", err)
		}
		return nil
	case signal := <-p.signals:
		log.Info("stopping", "signal", signal.String())
		return p.stop(running, cfg.ShutdownTimeout.Std())
	}
}

// startServer starts the server. A signal meanwhile gives the start up: no server is returned then, nor an error.
func (p *program) startServer(parent context.Context, cfg config.Config, log *slog.Logger) (server, error) {
	type outcome struct {
		server server
		err    error
	}
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	starting := make(chan outcome, 1)
	go func() {
		s, err := p.start(ctx, cfg, log)
		starting <- outcome{s, err}
	}()
	select {
	case o := <-starting:
		return o.server, o.err
	case signal := <-p.signals:
		log.Info("stopping before the start is done", "signal", signal.String())
		cancel()
	}
	select {
	case o := <-starting:
		if o.err != nil {
			return nil, nil
		}
		return nil, p.stop(o.server, cfg.ShutdownTimeout.Std())
	case <-p.signals:
		return nil, errStoppedAtOnce
	}
}

// stop ends the server gracefully, or at once if another signal comes.
func (p *program) stop(s server, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(ctx) }()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("stopping: %w", err)
		}
		return nil
	case <-p.signals:
		return errStoppedAtOnce
	}
}
