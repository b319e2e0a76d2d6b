package node

import (
	"context"
	"net"
	"os"
	"runtime"
	"time"

	"bongsu.org/bongsu/internal/capacity"
	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/ops"
	"bongsu.org/bongsu/internal/store"
)

// keepLoadFor is how long it can be seen what nodes did.
const keepLoadFor = 14 * 24 * time.Hour

// capacityChores measure what the node has to do, and tell it to whoever asks for the state of the sites.
func capacityChores(p *parts, cfg *config.Config, addr string) []chore {
	meter := capacity.NewMeter(runtime.NumCPU(), capacity.MachineCPU, p.sent.Load)
	name, site, version := nodeName(addr), cfg.Site, ops.ReadBuild().Version
	return []chore{
		{name: "measuring the load", every: capacity.SampleEvery, run: func(context.Context) error {
			meter.Sample(time.Now())
			return nil
		}},
		{name: "saving the load", every: capacity.SaveEvery, run: func(ctx context.Context) error {
			report := meter.Report(time.Now())
			report.Node, report.Site, report.Version = name, site, version
			return p.store.Write(ctx, func(tx *store.Tx) error { return tx.PutNodeLoad(ctx, report) })
		}},
		{name: "sweeping the load", every: time.Hour, run: func(ctx context.Context) error {
			return p.store.Write(ctx, func(tx *store.Tx) error { return tx.SweepNodeLoad(ctx, time.Now().Add(-keepLoadFor).UnixMilli()) })
		}},
	}
}

// nodeName tells nodes apart, and is the same after a restart: the machine's name and the port that is served on.
func nodeName(addr string) string {
	host, err := os.Hostname()
	_, port, errPort := net.SplitHostPort(addr)
	if err != nil || errPort != nil {
		return addr
	}
	return net.JoinHostPort(host, port)
}
