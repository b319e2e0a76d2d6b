package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"bongsu.org/bongsu/bench/internal/server"
)

// profiling gives a function that takes a CPU profile of the server for a time into a file, and one that waits for it and
// gives its outcome.
func profiling(ctx context.Context, in *server.Instance, file string, d time.Duration) (start func(), wait func() error) {
	done := make(chan error, 1)
	start = func() { done <- fetchProfile(ctx, in, file, d) }
	return start, func() error { return <-done }
}

func fetchProfile(ctx context.Context, in *server.Instance, file string, d time.Duration) error {
	if in.Debug == "" {
		return errors.New("this server has no address for profiles")
	}
	url := in.Debug + "/debug/pprof/profile?seconds=" + strconv.Itoa(max(1, int(d.Seconds())))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking for a profile: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("asking for a profile: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("asking for a profile: status %d", resp.StatusCode)
	}
	out, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("making the profile's file: %w", err)
	}
	if _, err := io.Copy(out, resp.Body); err != nil {
		return errors.Join(fmt.Errorf("reading the profile: %w", err), out.Close())
	}
	return out.Close()
}
