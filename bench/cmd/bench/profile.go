package main

import (
	"context"
	"strconv"
	"time"

	"bongsu.org/bongsu/bench/internal/server"
)

// profiling gives a function that takes a CPU profile of the server for a time into a file, and one that waits for it and
// gives its outcome.
func profiling(ctx context.Context, in *server.Instance, file string, d time.Duration) (start func(), wait func() error) {
	done := make(chan error, 1)
	start = func() { done <- in.Profile(ctx, "profile?seconds="+strconv.Itoa(max(1, int(d.Seconds()))), file) }
	return start, func() error { return <-done }
}
