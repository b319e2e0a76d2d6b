package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"bongsu.org/bongsu/drill/fault"
	"bongsu.org/bongsu/drill/load"
	"bongsu.org/bongsu/drill/report"
	"bongsu.org/bongsu/drill/site"
)

// Options say what drill is wanted.
type Options struct {
	// Program is bongsu, for the sites' nodes.
	Program string
	// Weed is SeaweedFS, for the sites' media.
	Weed string
	// Out is the folder of the report, the journal and the sites' logs.
	Out string
	// Seed is what all chance comes from.
	Seed uint64
	// Faults are what happens, in order; all, in an order of the seed's, if there are none.
	Faults []string
	// Delay is that of a packet between sites, one way.
	Delay time.Duration
	// Outside is how many clients are outside, Inside how many in each site.
	Outside, Inside int
	// Rate is how many events each client sends a second, if it is let.
	Rate float64
	// Version is that of the program.
	Version string
	// Progress is told what happens, a line each.
	Progress io.Writer
	// Log gets what only a search for faults needs.
	Log *slog.Logger
}

const (
	sites    = 3
	rooms    = 4
	diskSize = 3 << 30
	// bootTimeout and wholeTimeout bound what a drill waits for.
	bootTimeout  = 2 * time.Minute
	wholeTimeout = 3 * time.Minute
)

// Run makes a drill. The report is there even where the drill ended early, if it had begun.
func Run(ctx context.Context, o Options) (_ *report.Report, err error) {
	faults, err := plan(&o)
	if err != nil {
		return nil, err
	}
	home, err := makeFolder(folderParent)
	if err != nil {
		return nil, err
	}
	dir := home.path
	defer func() { err = errors.Join(err, home.remove()) }()
	d := &drill{options: o, begin: time.Now(), report: newReport(&o), known: map[string]bool{}}
	booting, cancel := context.WithTimeout(ctx, bootTimeout)
	defer cancel()
	d.say("seed %d", o.Seed)
	d.cluster, err = site.Start(booting, site.Options{
		Sites: sites, Dir: dir, Program: o.Program, Weed: o.Weed, Delay: o.Delay, DiskSize: diskSize, Log: o.Log,
	}, func(s string) { d.say("%s", s) })
	if err != nil {
		return nil, errors.Join(err, keepLogs(dir, o.Out))
	}
	defer func() { err = errors.Join(err, d.cluster.Close(), keepLogs(dir, o.Out)) }()
	d.report.Booted = time.Since(d.begin)
	d.say("three sites are up after %.1f s; preparing %d clients", d.report.Booted.Seconds(), o.Outside+sites*o.Inside)
	if d.load, err = load.Start(booting, d.loadOptions()); err != nil {
		return nil, err
	}
	defer d.load.Close()
	watching, stop := context.WithCancel(ctx)
	defer stop()
	d.watch = startWatch(watching, d.cluster, d.load.Journal)
	for _, f := range faults {
		if err := d.fault(ctx, f); err != nil {
			d.report.Error = err.Error()
			break
		}
	}
	return d.report, d.finish()
}

// plan finds the faults that are asked for.
func plan(o *Options) ([]fault.Fault, error) {
	if len(o.Faults) > 0 {
		return fault.ByName(o.Faults)
	}
	return fault.Plan(rand.New(rand.NewPCG(o.Seed, 0))), nil //nolint:gosec // repeatable on purpose
}

func (d *drill) loadOptions() load.Options {
	o := load.Options{
		Outside: d.options.Outside, Rooms: rooms, Rate: d.options.Rate, Seed: d.options.Seed, Run: fmt.Sprint(d.options.Seed),
	}
	for i, s := range d.cluster.Sites {
		entrance := load.Entrance{Site: i, URL: s.URL()}
		o.Entrances = append(o.Entrances, entrance)
		for range d.options.Inside {
			o.Inside = append(o.Inside, load.Insider{Entrance: entrance, Dial: s.Dial})
		}
	}
	return o
}

// finish makes the report whole and saves it.
func (d *drill) finish() error {
	r := d.report
	r.Took, r.Machine.LoadAfter = time.Since(d.begin), loadAverage()
	r.Fill(d.load.Journal.Ops(), d.outside, d.load.Journal.Now())
	if err := os.MkdirAll(d.options.Out, 0o755); err != nil { //nolint:gosec // a report is to be read
		return fmt.Errorf("making the folder of the report: %w", err)
	}
	return errors.Join(d.load.Journal.Save(filepath.Join(d.options.Out, "journal.jsonl")), r.Save(d.options.Out))
}
