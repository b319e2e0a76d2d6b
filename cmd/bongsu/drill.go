package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"

	"bongsu.org/bongsu/drill"
	"bongsu.org/bongsu/drill/report"
	"bongsu.org/bongsu/internal/ops"
	"github.com/spf13/cobra"
)

// errDrillFailed ends a drill in which something was found.
var errDrillFailed = errors.New("the drill found what must not be; the report says what")

// drillFlags are those of every drill.
type drillFlags struct {
	seed    uint64
	out     string
	clients int
	rate    float64
	version string
	// target, staging, accounts, token and lasts are for a cluster that stands elsewhere.
	target   string
	staging  bool
	accounts bool
	token    string
	lasts    time.Duration
}

func (p *program) drillCommand() *cobra.Command {
	o := &drillFlags{version: ops.ReadBuild().Version}
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Burn a data centre, and show that nothing is lost",
		Long: `Boot three data centres on this machine, put clients on them, let faults happen, and compare what was acknowledged with what is there.

Each site is real: etcd, PostgreSQL under Patroni, a media store, and a node of this program, in namespaces and on a disk of its own. The drill
needs root and Linux, touches no server that runs here, and leaves nothing behind but its report. The same seed makes the same faults.

With --target it drills a cluster that stands elsewhere, one for tests: it puts the load on, you make the faults by hand and type what you do,
and the auditor looks at every site at the end.`,
		Example: `  sudo bongsu drill --short
  sudo bongsu drill --seed 7
  sudo bongsu drill --faults fire,cut,fire
  bongsu drill --target https://a.staging.example.org,https://b.staging.example.org --staging --make-accounts --for 10m`,
		Args: cobra.NoArgs,
	}
	f := cmd.Flags()
	f.Uint64Var(&o.seed, "seed", 0, "let all chance come from this seed; a new one if 0")
	f.StringVar(&o.out, "out", "drill-report", "write the report into this folder")
	f.IntVar(&o.clients, "clients", 20, "clients outside the sites")
	f.Float64Var(&o.rate, "rate", 2, "events that each client sends a second")
	f.StringVar(&o.target, "target", "", "drill the cluster with these entrances, separated by commas, instead of one on this machine")
	f.BoolVar(&o.staging, "staging", false, "with --target: the cluster is for tests, and may suffer")
	f.BoolVar(&o.accounts, "make-accounts", false, "with --target: accounts, rooms and files may be made in the cluster, and stay")
	f.StringVar(&o.token, "registration-token", "", "with --target: register with this token")
	f.DurationVar(&o.lasts, "for", 10*time.Minute, "with --target: how long the load lasts")
	cmd.AddCommand(p.drillSummaryCommand())
	local := p.localDrill(cmd, o)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if o.seed == 0 {
			o.seed = rand.Uint64N(1 << 32) //nolint:gosec // to be repeated, not to be secret
		}
		if o.target != "" {
			return p.drill(cmd.Context(), o, p.targetDrill(o))
		}
		return p.drill(cmd.Context(), o, local)
	}
	return cmd
}

func (p *program) drillSummaryCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "summary DIR…",
		Short:   "Print what several drills' reports say together",
		Example: "  bongsu drill summary drill-report/*",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, dirs []string) error {
			var reports []*report.Report
			for _, dir := range dirs {
				r, err := report.Load(dir)
				if err != nil {
					return err
				}
				reports = append(reports, r)
			}
			report.Summary(p.out, reports)
			return nil
		},
	}
}

func (p *program) targetDrill(o *drillFlags) func(context.Context) (*report.Report, error) {
	return func(ctx context.Context) (*report.Report, error) {
		return drill.Target(ctx, drill.TargetOptions{
			Entrances: strings.Split(o.target, ","), Staging: o.staging, Accounts: o.accounts, Token: o.token, For: o.lasts,
			Outside: o.clients, Rate: o.rate, Seed: o.seed, Out: o.out, Version: o.version, Progress: p.out, Marks: p.in,
		})
	}
}

// drill makes a drill until it is done or a signal ends it.
func (p *program) drill(ctx context.Context, o *drillFlags, run func(context.Context) (*report.Report, error)) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	go func() {
		select {
		case <-ctx.Done():
		case s := <-p.signals:
			end(fmt.Errorf("ended by a signal: %s", s))
		}
	}()
	r, err := run(ctx)
	if r != nil {
		r.Text(p.out)
		fmt.Fprintf(p.out, "\nThe report: %s\n", filepath.Join(o.out, "report.html"))
	}
	if err != nil {
		return err
	}
	if !r.Held() {
		return errDrillFailed
	}
	return nil
}
