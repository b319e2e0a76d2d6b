// Package scenario holds what is measured besides a load's rate: memory, starts, first syncs, and how cost grows with size.
// Each scenario starts a server of its own, measures one thing, and stops it.
package scenario

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"bongsu.org/bongsu/bench/internal/client"
	"bongsu.org/bongsu/bench/internal/floor"
	"bongsu.org/bongsu/bench/internal/load"
	"bongsu.org/bongsu/bench/internal/server"
)

// Bench is where and how scenarios run.
type Bench struct {
	Options  server.Options
	Progress io.Writer // what is being done, for a person who waits
}

// with starts a server, calls do, and stops the server.
func (b Bench) with(ctx context.Context, do func(in *server.Instance) error) (err error) {
	b.say("%s on %s: starting", b.Options.Server, b.Options.Database)
	in, err := server.Start(ctx, b.Options)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w\nthe server's log ends:\n%s", err, in.Log())
		}
		err = errors.Join(err, in.Stop())
	}()
	return do(in)
}

func (b Bench) say(format string, args ...any) {
	fmt.Fprintf(b.Progress, format+"\n", args...)
}

// restart stops the server and starts it anew on the same data, so that what follows finds a fresh process.
func restart(ctx context.Context, in *server.Instance) (time.Duration, error) {
	if err := in.Halt(); err != nil {
		return 0, fmt.Errorf("stopping the server: %w", err)
	}
	return in.Launch(ctx)
}

// users makes n accounts: straight in the database where that is possible, which restarts the server, and else by registering.
func (b Bench) users(ctx context.Context, in *server.Instance, prefix string, n int) ([]client.Session, error) {
	if in.Server != server.Bongsu {
		return load.RegisterUsers(ctx, load.Host(in.URL), prefix, n)
	}
	return b.devices(ctx, in, prefix, n, 1)
}

// devices makes n accounts with so many devices each, straight in the database of Bongsu, which restarts.
func (b Bench) devices(ctx context.Context, in *server.Instance, prefix string, n, each int) ([]client.Session, error) {
	if in.Server != server.Bongsu {
		return nil, errors.New("accounts with several devices are made in the database, which only Bongsu's is known")
	}
	if err := in.Halt(); err != nil {
		return nil, fmt.Errorf("stopping the server: %w", err)
	}
	users, err := floor.Accounts(ctx, in.Store(), prefix, n, each)
	if err != nil {
		return nil, err
	}
	_, err = in.Launch(ctx)
	return users, err
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func megabytes(n int64) float64 { return float64(n) / (1 << 20) }
