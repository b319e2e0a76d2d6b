package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"bongsu.org/bongsu/bench/internal/load"
	"bongsu.org/bongsu/bench/internal/report"
	"bongsu.org/bongsu/bench/internal/server"
)

// flags are what every loading command takes.
type flags struct {
	server   server.Options
	shape    load.Shape
	plan     load.Plan
	json     string
	scenario string
	deadline time.Duration
}

func (f *flags) register(c *cobra.Command) {
	c.Flags().IntVar(&f.shape.Rooms, "rooms", 20, "rooms")
	c.Flags().IntVar(&f.shape.Members, "members", 5, "members of each room")
	c.Flags().IntVar(&f.shape.Syncing, "syncing", 0, "how many members of each room sync (0: all)")
	c.Flags().IntVar(&f.shape.Outsiders, "outsiders", 0, "users who are in no room")
	c.Flags().IntVar(&f.plan.InFlight, "inflight", 16, "sends in flight")
	c.Flags().Float64Var(&f.plan.Rate, "rate", 0, "sends a second, whatever the server does (0: keep --inflight sends under way)")
	c.Flags().IntVar(&f.plan.BodySize, "body", 120, "bytes of text in a message")
	c.Flags().DurationVar(&f.plan.Warmup, "warmup", 3*time.Second, "how long to send before measuring")
	c.Flags().DurationVar(&f.plan.Duration, "duration", 15*time.Second, "how long to measure")
	c.Flags().DurationVar(&f.deadline, "deadline", 10*time.Minute, "give up after this long")
	c.Flags().StringVar(&f.json, "json", "", "write the result to this file as JSON")
}

func runCommand() *cobra.Command {
	f := &flags{scenario: "run"}
	c := &cobra.Command{
		Use:   "run",
		Short: "Run one load on one server",
		Example: `  bench run --server bongsu --database postgres
  bench run --server dendrite --rate 50
  bench run --server http://127.0.0.1:8008 --pid 4711`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(c.Context(), f.deadline)
			defer cancel()
			row, err := f.run(ctx, c.ErrOrStderr())
			if err != nil {
				return err
			}
			fmt.Fprint(c.OutOrStdout(), report.Table(row))
			return f.save(row)
		},
	}
	c.Flags().StringVar(&f.server.Server, "server", server.Bongsu, "bongsu, dendrite, or the URL of a running server")
	c.Flags().StringVar(&f.server.Database, "database", server.SQLite, "sqlite or postgres")
	c.Flags().IntVar(&f.server.PID, "pid", 0, "the process of a running server, for its CPU and memory")
	f.register(c)
	return c
}

func peerCommand() *cobra.Command {
	f := &flags{scenario: "peer"}
	var databases []string
	c := &cobra.Command{
		Use:   "peer",
		Short: "Run the same load on Dendrite and on Bongsu and compare",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(c.Context(), f.deadline)
			defer cancel()
			var rows []report.Row
			for _, database := range databases {
				for _, name := range []string{server.Dendrite, server.Bongsu} {
					f.server = server.Options{Server: name, Database: database}
					row, err := f.run(ctx, c.ErrOrStderr())
					if err != nil {
						return fmt.Errorf("%s on %s: %w", name, database, err)
					}
					rows = append(rows, row)
				}
			}
			fmt.Fprint(c.OutOrStdout(), report.Table(rows...))
			for i := 0; i+1 < len(rows); i += 2 {
				fmt.Fprintf(c.OutOrStdout(), "on %s: %.1f times the rate\n", rows[i].Database, rows[i+1].PerSecond/rows[i].PerSecond)
			}
			return f.save(rows)
		},
	}
	c.Flags().StringSliceVar(&databases, "database", []string{server.SQLite, server.PG}, "sqlite, postgres or both")
	f.register(c)
	return c
}

// run starts the server, loads it and stops it.
func (f *flags) run(ctx context.Context, progress io.Writer) (_ report.Row, err error) {
	fmt.Fprintf(progress, "%s on %s: starting\n", f.server.Server, f.server.Database)
	in, err := server.Start(ctx, f.server)
	if err != nil {
		return report.Row{}, err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, in.Log())
		}
		err = errors.Join(err, in.Stop())
	}()
	begin := time.Now()
	world, err := load.NewWorld(ctx, load.Host(in.URL), f.shape)
	if err != nil {
		return report.Row{}, err
	}
	setup := time.Since(begin)
	fmt.Fprintf(progress, "%s on %s: %d rooms of %d members ready after %.1f s\n", f.server.Server, f.server.Database, f.shape.Rooms, f.shape.Members, setup.Seconds())
	plan := f.plan
	plan.ServerPID, plan.DatabasePID = in.ServerPID(), in.DatabasePID()
	result, err := world.Run(ctx, plan)
	if err != nil {
		return report.Row{}, err
	}
	return report.Row{Scenario: f.scenario, Server: f.server.Server, Database: f.server.Database, Setup: setup.Seconds(), Result: result}, nil
}

func (f *flags) save(v any) error {
	if f.json == "" {
		return nil
	}
	return report.Save(f.json, v)
}
