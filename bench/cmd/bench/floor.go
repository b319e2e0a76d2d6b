package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"bongsu.org/bongsu/bench/internal/report"
	"bongsu.org/bongsu/bench/internal/scenario"
	"bongsu.org/bongsu/bench/internal/server"
)

// floorWindow is how long each floor is measured.
const floorWindow = 6 * time.Second

// floorResult is a floor with the server's rate on the same machine in the same run.
type floorResult struct {
	scenario.Floors
	Server  report.Row `json:"server"`
	Percent float64    `json:"percent_of_floor"`
}

func floorCommand() *cobra.Command {
	f := twentyRooms("floor")
	chosen := []string{}
	window := time.Duration(0)
	c := &cobra.Command{
		Use:   "floor",
		Short: "Measure what signing and the database alone allow, and how much of it the server reaches",
		Long: "Signs, hashes and writes the rows of messages to a fresh database in batches, with no HTTP, rules or sync; then loads the\n" +
			"server on the same kind of database and compares. The floor is the better of two sizes of batches.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(c.Context(), f.deadline)
			defer cancel()
			var all []floorResult
			for _, database := range chosen {
				f.server = server.Options{Server: server.Bongsu, Database: database}
				r, err := f.floor(ctx, window, c.ErrOrStderr())
				if err != nil {
					return fmt.Errorf("on %s: %w", database, err)
				}
				fmt.Fprintf(c.OutOrStdout(), "%s: floor %.0f events/s, server %.0f sends/s: %.0f %% of the floor\n", database, r.Best, r.Server.PerSecond, r.Percent)
				all = append(all, r)
			}
			return save(f.json, all)
		},
	}
	c.Flags().StringSliceVar(&chosen, "database", databases, "sqlite, postgres or both")
	c.Flags().DurationVar(&window, "floor-duration", floorWindow, "how long to write for each floor")
	f.register(c)
	return c
}

func (f *flags) floor(ctx context.Context, window time.Duration, progress io.Writer) (floorResult, error) {
	floors, err := scenario.Bench{Options: f.server, Progress: progress}.Floor(ctx, window)
	if err != nil {
		return floorResult{}, err
	}
	row, err := f.run(ctx, progress)
	if err != nil {
		return floorResult{}, err
	}
	return floorResult{Floors: floors, Server: row, Percent: 100 * row.PerSecond / floors.Best}, nil
}
