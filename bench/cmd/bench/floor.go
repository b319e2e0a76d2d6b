package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"bongsu.org/bongsu/bench/internal/floor"
	"bongsu.org/bongsu/bench/internal/report"
	"bongsu.org/bongsu/bench/internal/scenario"
	"bongsu.org/bongsu/bench/internal/server"
)

// floorWindow is how long each floor is measured.
const floorWindow = 6 * time.Second

// floorBatches are the numbers of events in a transaction that are tried, and of sends in flight that the server is loaded with
// beside them: the server cannot have more events in a transaction than there are sends in flight.
var floorBatches = []int{16, 256}

// floorResult is a floor with the server's rate on the same machine in the same run.
type floorResult struct {
	Database string      `json:"database"`
	Floor    floor.Floor `json:"floor"`
	Server   report.Row  `json:"server"`
	Percent  float64     `json:"percent_of_floor"`
}

func floorCommand() *cobra.Command {
	f := twentyRooms("floor")
	chosen := []string{}
	window := time.Duration(0)
	c := &cobra.Command{
		Use:   "floor",
		Short: "Measure what signing and the database alone allow, and how much of it the server reaches",
		Long: "Signs, hashes and writes the rows of messages to a fresh database in batches, with no HTTP, rules or sync; then loads the\n" +
			"server on the same kind of database, with as many sends in flight as the batches have events, and compares.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(c.Context(), f.deadline)
			defer cancel()
			var all []floorResult
			for _, database := range chosen {
				f.server = server.Options{Server: server.Bongsu, Database: database}
				results, err := f.floors(ctx, window, c.ErrOrStderr())
				if err != nil {
					return fmt.Errorf("on %s: %w", database, err)
				}
				all = append(all, results...)
			}
			for _, r := range all {
				fmt.Fprintf(c.OutOrStdout(), "%s, %d events in a transaction: floor %.0f events/s; %d sends in flight: server %.0f sends/s: %.0f %%\n",
					r.Database, r.Floor.Batch, r.Floor.PerSecond, r.Server.Pace.InFlight, r.Server.PerSecond, r.Percent)
			}
			return save(f.json, all)
		},
	}
	c.Flags().StringSliceVar(&chosen, "database", databases, "sqlite, postgres or both")
	c.Flags().DurationVar(&window, "floor-duration", floorWindow, "how long to write for each floor")
	f.register(c)
	return c
}

// floors measures the floor and the server for each size of batches.
func (f *flags) floors(ctx context.Context, window time.Duration, progress io.Writer) ([]floorResult, error) {
	var out []floorResult
	for _, batch := range floorBatches {
		limit, err := scenario.Bench{Options: f.server, Progress: progress}.Floor(ctx, batch, window)
		if err != nil {
			return nil, err
		}
		f.plan.InFlight = batch
		row, err := f.run(ctx, progress)
		if err != nil {
			return nil, err
		}
		out = append(out, floorResult{Database: f.server.Database, Floor: limit, Server: row, Percent: 100 * row.PerSecond / limit.PerSecond})
	}
	return out, nil
}
