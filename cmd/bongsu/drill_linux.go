package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bongsu.org/bongsu/drill"
	"bongsu.org/bongsu/drill/fault"
	"bongsu.org/bongsu/internal/ops"
	"github.com/spf13/cobra"
)

// errDrillFailed ends a drill in which something was found.
var errDrillFailed = errors.New("the drill found what must not be; the report says what")

func (p *program) drillCommand() *cobra.Command {
	o := drill.Options{Version: ops.ReadBuild().Version}
	var short bool
	var faults string
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Burn a data centre on this machine, and show that nothing is lost",
		Long: `Boot three data centres on this machine, put clients on them, let faults happen, and compare what was acknowledged with what is there.

Each site is real: etcd, PostgreSQL under Patroni, and a node of this program, in namespaces and on a disk of its own. The drill needs root
and Linux, touches no server that runs here, and leaves nothing behind but its report. The same seed makes the same faults.

Faults: ` + strings.Join(faultNames(), ", ") + `.`,
		Example: `  sudo bongsu drill --short
  sudo bongsu drill --seed 7
  sudo bongsu drill --faults fire,cut,fire`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if short {
				o.Faults = fault.Short()
			}
			if faults != "" {
				o.Faults = strings.Split(faults, ",")
			}
			return p.drill(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.Uint64Var(&o.Seed, "seed", 0, "make the faults of this seed; a new one if 0")
	f.BoolVar(&short, "short", false, "only "+strings.Join(fault.Short(), ", "))
	f.StringVar(&faults, "faults", "", "these faults, separated by commas, in this order")
	f.StringVar(&o.Out, "out", "drill-report", "write the report into this folder")
	f.DurationVar(&o.Delay, "delay", time.Millisecond, "how long a packet is under way between sites, one way")
	f.IntVar(&o.Outside, "clients", 20, "clients outside the sites")
	f.IntVar(&o.Inside, "inside", 2, "clients inside each site")
	f.Float64Var(&o.Rate, "rate", 2, "events that each client sends a second")
	f.StringVar(&o.Program, "program", "", "run this program in the sites instead of this one")
	return cmd
}

func faultNames() []string {
	var names []string
	for _, f := range fault.All() {
		names = append(names, f.Name)
	}
	return names
}

// drill runs a drill until it is done or the user ends it.
func (p *program) drill(ctx context.Context, o drill.Options) (err error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	go func() {
		select {
		case <-ctx.Done():
		case s := <-p.signals:
			end(fmt.Errorf("ended by a signal: %s", s))
		}
	}()
	if o.Seed == 0 {
		o.Seed = rand.Uint64N(1 << 32) //nolint:gosec // to be repeated, not to be secret
	}
	if o.Program == "" {
		if o.Program, err = os.Executable(); err != nil {
			return fmt.Errorf("finding this program: %w", err)
		}
	}
	if o.Program, err = filepath.Abs(o.Program); err != nil {
		return err
	}
	o.Progress, o.Log = p.out, slog.New(slog.DiscardHandler)
	r, err := drill.Run(ctx, o)
	if r != nil {
		r.Text(p.out)
		fmt.Fprintf(p.out, "\nThe report: %s\n", filepath.Join(o.Out, "report.html"))
	}
	if err != nil {
		return err
	}
	if !r.Held() {
		return errDrillFailed
	}
	return nil
}
