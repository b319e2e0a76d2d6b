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
	profile  string
	scenario string
	deadline time.Duration
}

func (f *flags) register(c *cobra.Command) {
	c.Flags().IntVar(&f.shape.Rooms, "rooms", f.shape.Rooms, "rooms")
	c.Flags().IntVar(&f.shape.Members, "members", f.shape.Members, "members of each room")
	c.Flags().IntVar(&f.shape.Syncing, "syncing", f.shape.Syncing, "how many members of each room sync (0: all)")
	c.Flags().IntVar(&f.shape.Outsiders, "outsiders", f.shape.Outsiders, "users who are in no room")
	c.Flags().IntVar(&f.plan.InFlight, "inflight", 16, "sends in flight")
	c.Flags().Float64Var(&f.plan.Rate, "rate", f.plan.Rate, "sends a second, whatever the server does (0: keep --inflight sends under way)")
	c.Flags().IntVar(&f.plan.BodySize, "body", 120, "bytes of text in a message")
	c.Flags().DurationVar(&f.plan.Warmup, "warmup", 3*time.Second, "how long to send before measuring")
	c.Flags().DurationVar(&f.plan.Duration, "duration", 15*time.Second, "how long to measure")
	registerOutput(c, &f.json, &f.deadline)
}

func registerServer(c *cobra.Command, o *server.Options) {
	c.Flags().StringVar(&o.Server, "server", server.Bongsu, "bongsu, dendrite, or the URL of a running server")
	c.Flags().StringVar(&o.Database, "database", server.SQLite, "sqlite or postgres")
	c.Flags().IntVar(&o.PID, "pid", 0, "the process of a running server, for its CPU and memory")
}

func registerOutput(c *cobra.Command, file *string, deadline *time.Duration) {
	c.Flags().DurationVar(deadline, "deadline", 20*time.Minute, "give up after this long")
	c.Flags().StringVar(file, "json", "", "write the result to this file as JSON")
}

// twentyRooms is the load that servers are compared by.
func twentyRooms(scenario string) *flags {
	return &flags{scenario: scenario, shape: load.Shape{Rooms: 20, Members: 5}}
}

func runCommand() *cobra.Command {
	return loadCommand(twentyRooms("run"), "run", "Run one load on one server: 20 rooms of 5 members, 16 sends in flight")
}

func steadyFlags() *flags {
	f := twentyRooms("steady")
	f.plan.Rate = 500
	return f
}

func steadyCommand() *cobra.Command {
	return loadCommand(steadyFlags(), "steady", "Send 500 messages a second to 20 rooms of 5 members")
}

func bigRoomFlags() *flags {
	f := &flags{scenario: "bigroom", shape: load.Shape{Rooms: 1, Members: 1000, Syncing: 200}}
	f.plan.Rate = 20
	return f
}

func bigRoomCommand() *cobra.Command {
	return loadCommand(bigRoomFlags(), "bigroom", "Send 20 messages a second to a room of 1,000 members, 200 of whom sync")
}

// loadCommand is a command that runs one load on one server.
func loadCommand(f *flags, use, short string) *cobra.Command {
	c := &cobra.Command{
		Use:     use,
		Short:   short,
		Example: "  bench " + use + " --database postgres\n  bench " + use + " --server dendrite\n  bench " + use + " --server http://127.0.0.1:8008 --pid 4711",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(c.Context(), f.deadline)
			defer cancel()
			row, err := f.run(ctx, c.ErrOrStderr())
			if err != nil {
				return err
			}
			fmt.Fprint(c.OutOrStdout(), report.Table(row))
			return save(f.json, row)
		},
	}
	c.Flags().StringVar(&f.profile, "profile", "", "write a CPU profile of the measured time to this file (Bongsu only)")
	registerServer(c, &f.server)
	f.register(c)
	return c
}

func peerCommand() *cobra.Command {
	f := twentyRooms("peer")
	var chosen []string
	c := &cobra.Command{
		Use:   "peer",
		Short: "Run the same load on Dendrite and on Bongsu and compare",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(c.Context(), f.deadline)
			defer cancel()
			rows, err := f.peer(ctx, chosen, c.ErrOrStderr())
			if err != nil {
				return err
			}
			fmt.Fprint(c.OutOrStdout(), report.Table(rows...))
			fmt.Fprint(c.OutOrStdout(), ratios(rows))
			return save(f.json, rows)
		},
	}
	c.Flags().StringSliceVar(&chosen, "database", databases, "sqlite, postgres or both")
	f.register(c)
	return c
}

// peer runs the load on Dendrite and on Bongsu, on each database in turn.
func (f *flags) peer(ctx context.Context, databases []string, progress io.Writer) ([]report.Row, error) {
	var rows []report.Row
	for _, database := range databases {
		for _, name := range []string{server.Dendrite, server.Bongsu} {
			f.server = server.Options{Server: name, Database: database}
			row, err := f.run(ctx, progress)
			if err != nil {
				return nil, fmt.Errorf("%s on %s: %w", name, database, err)
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
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
	var profiled func() error
	if f.profile != "" {
		plan.OnWindow, profiled = profiling(ctx, in, f.profile, plan.Duration)
	}
	result, err := world.Run(ctx, plan)
	if err != nil {
		return report.Row{}, err
	}
	if profiled != nil {
		if err := profiled(); err != nil {
			return report.Row{}, err
		}
	}
	return report.Row{Scenario: f.scenario, Server: f.server.Server, Database: f.server.Database, Setup: setup.Seconds(), Result: result}, nil
}

func save(file string, v any) error {
	if file == "" {
		return nil
	}
	return report.Save(file, v)
}
