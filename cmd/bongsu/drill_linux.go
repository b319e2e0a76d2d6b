package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bongsu.org/bongsu/drill"
	"bongsu.org/bongsu/drill/fault"
	"bongsu.org/bongsu/drill/report"
	"github.com/spf13/cobra"
)

// localDrill gives a command the flags of a drill on this machine, and returns what makes it.
func (p *program) localDrill(cmd *cobra.Command, common *drillFlags) func(context.Context) (*report.Report, error) {
	o := drill.Options{}
	var short bool
	var faults string
	f := cmd.Flags()
	f.BoolVar(&short, "short", false, "only "+strings.Join(fault.Short(), ", "))
	f.StringVar(&faults, "faults", "", "these faults, separated by commas, in this order: "+strings.Join(faultNames(), ", "))
	f.DurationVar(&o.Delay, "delay", time.Millisecond, "how long a packet is under way between sites, one way")
	f.IntVar(&o.Inside, "inside", 2, "clients inside each site")
	f.StringVar(&o.Program, "program", "", "run this program in the sites instead of this one")
	f.StringVar(&o.Weed, "weed", ".cache/weed", "SeaweedFS, the media store of each site")
	return func(ctx context.Context) (_ *report.Report, err error) {
		if short {
			o.Faults = fault.Short()
		}
		if faults != "" {
			o.Faults = strings.Split(faults, ",")
		}
		if o.Program == "" {
			if o.Program, err = os.Executable(); err != nil {
				return nil, fmt.Errorf("finding this program: %w", err)
			}
		}
		if o.Program, err = filepath.Abs(o.Program); err != nil {
			return nil, err
		}
		if o.Weed, err = filepath.Abs(o.Weed); err != nil {
			return nil, err
		}
		o.Seed, o.Out, o.Outside, o.Rate, o.Version = common.seed, common.out, common.clients, common.rate, common.version
		o.Progress, o.Log = p.out, slog.New(slog.DiscardHandler)
		return drill.Run(ctx, o)
	}
}

func faultNames() []string {
	var names []string
	for _, f := range fault.All() {
		names = append(names, f.Name)
	}
	return names
}
