package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"bongsu.org/bongsu/bench/internal/load"
	"bongsu.org/bongsu/bench/internal/report"
	"bongsu.org/bongsu/bench/internal/scenario"
	"bongsu.org/bongsu/bench/internal/server"
)

// suite runs benchmarks one after the other and keeps each one's result in a file of its own, so that one of them can be run anew
// without the others.
type suite struct {
	folder   string
	page     string
	images   string
	only     []string
	deadline time.Duration
	progress io.Writer
}

var databases = []string{server.SQLite, server.PG}

// steps are the benchmarks by the names of their files.
func (s *suite) steps() []step {
	return []step{
		{"peer", s.peer}, {"floor", s.floor}, {"steady", s.steady}, {"bigroom", s.bigRoom}, {"idle", s.idle}, {"clients", s.clients},
		{"initialsync", s.initialSync}, {"slidingsync", s.slidingSync}, {"encryption", s.encryption}, {"coldstart", s.coldStart}, {"sizes", s.sizes}, {"profile", s.profile},
	}
}

type step struct {
	name string
	run  func(ctx context.Context) (any, error)
}

func allCommand() *cobra.Command {
	s := &suite{}
	c := &cobra.Command{
		Use:   "all",
		Short: "Run all benchmarks, keep their results and write the page of figures",
		Example: "  bench all\n  bench all --only peer,floor\n" +
			"  bench all --only none   # writes the page from the kept results",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(c.Context(), s.deadline)
			defer cancel()
			s.progress = c.ErrOrStderr()
			return errors.Join(s.run(ctx), s.render())
		},
	}
	c.Flags().StringVar(&s.folder, "results", "docs/performance", "the folder of the kept results")
	c.Flags().StringVar(&s.page, "page", "docs/performance.md", "the page whose marked blocks are written")
	c.Flags().StringVar(&s.images, "images", "docs/img", "the folder of plots")
	c.Flags().StringSliceVar(&s.only, "only", nil, "run these alone")
	c.Flags().DurationVar(&s.deadline, "deadline", time.Hour, "give up after this long")
	return c
}

// run goes on after a step that failed and gives all errors.
func (s *suite) run(ctx context.Context) error {
	if err := os.MkdirAll(s.folder, 0o755); err != nil {
		return fmt.Errorf("making the folder of results: %w", err)
	}
	var errs []error
	if !slices.Equal(s.only, []string{"none"}) {
		errs = append(errs, report.Save(filepath.Join(s.folder, "machine.json"), report.ThisMachine(ctx)))
	}
	for _, st := range s.steps() {
		if len(s.only) > 0 && !slices.Contains(s.only, st.name) || ctx.Err() != nil {
			continue
		}
		result, err := st.run(ctx)
		if err == nil {
			err = report.Save(filepath.Join(s.folder, st.name+".json"), result)
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", st.name, err)
			fmt.Fprintln(s.progress, err)
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, ctx.Err())...)
}

func (s *suite) bench(database string) scenario.Bench {
	return scenario.Bench{Options: server.Options{Server: server.Bongsu, Database: database}, Progress: s.progress}
}

// each runs a scenario of Bongsu on every database.
func each[T any](s *suite, run func(b scenario.Bench) (T, error)) (any, error) {
	var out []T
	for _, database := range databases {
		r, err := run(s.bench(database))
		if err != nil {
			return nil, fmt.Errorf("on %s: %w", database, err)
		}
		out = append(out, r)
	}
	return out, nil
}

// load runs a load on Bongsu on every database.
func (s *suite) load(ctx context.Context, f *flags) (any, error) {
	f.defaults()
	return each(s, func(b scenario.Bench) (report.Row, error) {
		f.server = b.Options
		return f.run(ctx, s.progress)
	})
}

func (s *suite) peer(ctx context.Context) (any, error) {
	f := twentyRooms("peer")
	f.defaults()
	return f.peer(ctx, databases, s.progress)
}

func (s *suite) floor(ctx context.Context) (any, error) {
	f := twentyRooms("floor")
	f.defaults()
	var out []floorResult
	for _, database := range databases {
		f.server = s.bench(database).Options
		r, err := f.floors(ctx, floorWindow, s.progress)
		if err != nil {
			return nil, fmt.Errorf("on %s: %w", database, err)
		}
		out = append(out, r...)
	}
	return out, nil
}

func (s *suite) steady(ctx context.Context) (any, error)  { return s.load(ctx, steadyFlags()) }
func (s *suite) bigRoom(ctx context.Context) (any, error) { return s.load(ctx, bigRoomFlags()) }

func (s *suite) idle(ctx context.Context) (any, error) {
	return each(s, func(b scenario.Bench) (scenario.Idle, error) { return b.Idle(ctx) })
}

func (s *suite) clients(ctx context.Context) (any, error) {
	return each(s, func(b scenario.Bench) (scenario.Clients, error) { return b.Clients(ctx, waitingClients, "") })
}

func (s *suite) initialSync(ctx context.Context) (any, error) {
	return each(s, func(b scenario.Bench) (scenario.InitialSync, error) { return b.InitialSync(ctx, syncedRooms) })
}

func (s *suite) slidingSync(ctx context.Context) (any, error) {
	return each(s, func(b scenario.Bench) (scenario.SlidingSync, error) { return b.SlidingSync(ctx, slidingRooms) })
}

func (s *suite) encryption(ctx context.Context) (any, error) {
	return each(s, func(b scenario.Bench) (scenario.Encryption, error) { return b.Encryption(ctx) })
}

func (s *suite) coldStart(ctx context.Context) (any, error) {
	return each(s, func(b scenario.Bench) (scenario.ColdStart, error) { return b.ColdStart(ctx, storedEvents) })
}

func (s *suite) sizes(ctx context.Context) (any, error) {
	return each(s, func(b scenario.Bench) (scenario.Sizes, error) { return b.Sizes(ctx, growingSizes()) })
}

// profile loads Bongsu on each database once more, under the profiler, which costs some of the rate.
func (s *suite) profile(ctx context.Context) (any, error) {
	return each(s, func(b scenario.Bench) (profileResult, error) {
		f := twentyRooms("profile")
		f.defaults()
		f.server = b.Options
		f.profile = filepath.Join(os.TempDir(), "bongsu-"+b.Options.Database+".pprof")
		row, err := f.run(ctx, s.progress)
		if err != nil {
			return profileResult{}, err
		}
		shares, err := readParts(f.profile)
		return profileResult{Database: b.Options.Database, PerSend: row.ServerCPU, Parts: shares}, err
	})
}

// profileResult is where the server's time went under the load.
type profileResult struct {
	Database string        `json:"database"`
	PerSend  float64       `json:"server_cpu_ms_per_send"`
	Parts    []report.Part `json:"parts"`
}

func readParts(file string) ([]report.Part, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("reading the profile: %w", err)
	}
	defer func() { _ = f.Close() }()
	return report.Parts(f)
}

// defaults are what the command line would set.
func (f *flags) defaults() {
	f.plan.Pace = load.Pace{InFlight: 16, Rate: f.plan.Rate, BodySize: 120}
	f.plan.Warmup, f.plan.Duration = 3*time.Second, 15*time.Second
}
