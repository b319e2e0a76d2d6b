package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"bongsu.org/bongsu/bench/internal/scenario"
	"bongsu.org/bongsu/bench/internal/server"
)

// The sizes of scenarios where the command line does not say others.
const (
	waitingClients = 10_000
	syncedRooms    = 500
	slidingRooms   = 2000
	storedEvents   = 1_000_000
)

func growingSizes() []int { return []int{10, 100, 1000, 10_000} }

// scenarioCommand is a command that runs one scenario on one server; run gives what is saved.
func scenarioCommand(use, short string, run func(ctx context.Context, b scenario.Bench, out io.Writer) (any, error)) *cobra.Command {
	var (
		options  server.Options
		file     string
		deadline time.Duration
	)
	c := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(c.Context(), deadline)
			defer cancel()
			result, err := run(ctx, scenario.Bench{Options: options, Progress: c.ErrOrStderr()}, c.OutOrStdout())
			if err != nil {
				return err
			}
			return save(file, result)
		},
	}
	registerServer(c, &options)
	registerOutput(c, &file, &deadline)
	return c
}

func idleCommand() *cobra.Command {
	return scenarioCommand("idle", "Measure the start and the memory of a server that nobody uses",
		func(ctx context.Context, b scenario.Bench, out io.Writer) (any, error) {
			r, err := b.Idle(ctx)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(out, "start %.0f ms, server %.1f MB, database %.1f MB\n", r.Start, r.RSS, r.DBMemory)
			return r, nil
		})
}

func clientsCommand() *cobra.Command {
	n, heap := 0, ""
	c := scenarioCommand("clients", "Measure what clients that wait in /sync cost in memory",
		func(ctx context.Context, b scenario.Bench, out io.Writer) (any, error) {
			r, err := b.Clients(ctx, n, heap)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(out, "%d clients: %.1f MB before, %.1f MB after the first syncs, %.1f MB waiting: %.1f KB a client\n",
				r.Clients, r.Before, r.Peak, r.Waiting, r.PerClient)
			return r, nil
		})
	c.Flags().IntVar(&n, "clients", waitingClients, "clients")
	c.Flags().StringVar(&heap, "heap", "", "write a profile of the server's heap to this file (Bongsu only)")
	return c
}

func initialSyncCommand() *cobra.Command {
	rooms := 0
	c := scenarioCommand("initialsync", "Measure the first /sync of an account in many rooms",
		func(ctx context.Context, b scenario.Bench, out io.Writer) (any, error) {
			r, err := b.InitialSync(ctx, rooms)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(out, "%d rooms, %d KB: %.0f ms right after the start, then p50 %.0f ms, slowest %.0f ms\n",
				r.Rooms, r.Bytes>>10, r.Cold, r.Warm.P50, r.Warm.Max)
			return r, nil
		})
	c.Flags().IntVar(&rooms, "rooms", syncedRooms, "rooms")
	return c
}

func slidingSyncCommand() *cobra.Command {
	rooms := 0
	c := scenarioCommand("slidingsync", "Measure the first sliding sync of an account in many rooms",
		func(ctx context.Context, b scenario.Bench, out io.Writer) (any, error) {
			r, err := b.SlidingSync(ctx, rooms)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(out, "%d rooms, %d KB: %.0f ms right after the start, then p50 %.0f ms, slowest %.0f ms; a message p50 %.1f ms\n",
				r.Rooms, r.Bytes>>10, r.Cold, r.Warm.P50, r.Warm.Max, r.Next.P50)
			return r, nil
		})
	c.Flags().IntVar(&rooms, "rooms", slidingRooms, "rooms")
	return c
}

func encryptionCommand() *cobra.Command {
	return scenarioCommand("encryption", "Measure keys, messages to devices, and the first encrypted message of a group",
		func(ctx context.Context, b scenario.Bench, out io.Writer) (any, error) {
			r, err := b.Encryption(ctx)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(out, "keys of %d users: p50 %.0f ms, %d KB\n%.0f claims/s\n", r.Query.Users, r.Query.Took.P50, r.Query.Bytes>>10, r.Claims.PerSecond)
			for _, d := range r.ToDevice {
				fmt.Fprintf(out, "%.0f messages to devices/s, %d a request\n", d.Durable, d.Messages)
			}
			fmt.Fprintf(out, "a group of %d members with %d devices: first message p50 %.0f ms (query %.0f, claim %.0f, keys %.0f), there after %.0f ms; next %.1f ms\n",
				r.Group.Members, r.Group.Devices, r.Group.First.P50, r.Group.Query.P50, r.Group.Claim.P50, r.Group.Keys.P50, r.Group.There.P50, r.Group.Next.P50)
			return r, nil
		})
}

func coldStartCommand() *cobra.Command {
	events := 0
	c := scenarioCommand("coldstart", "Measure a start with many events stored",
		func(ctx context.Context, b scenario.Bench, out io.Writer) (any, error) {
			r, err := b.ColdStart(ctx, events)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(out, "%d events: ready after %.0f ms (slowest %.0f), a first sync done after %.0f ms\n",
				r.Events, r.Ready.P50, r.Ready.Max, r.FirstSync.P50)
			return r, nil
		})
	c.Flags().IntVar(&events, "events", storedEvents, "events")
	return c
}

func sizesCommand() *cobra.Command {
	var (
		sizes []int
		plot  string
	)
	c := scenarioCommand("sizes", "Measure the cost of a send as rooms and servers grow",
		func(ctx context.Context, b scenario.Bench, out io.Writer) (any, error) {
			r, err := b.Sizes(ctx, sizes)
			if err != nil {
				return nil, err
			}
			for _, p := range r.Points {
				fmt.Fprintf(out, "%6d %-30s CPU %.3f ms a send, send p50 %.2f ms, p99 %.2f ms, delivery p99 %.2f ms\n",
					p.Size, p.Series, p.CPU, p.SendP50, p.SendP99, p.Delivery)
			}
			if plot == "" {
				return r, nil
			}
			return r, drawSizes(plot, r)
		})
	c.Flags().IntSliceVar(&sizes, "sizes", growingSizes(), "sizes, growing")
	c.Flags().StringVar(&plot, "plot", "", "draw the result into this SVG file")
	return c
}
