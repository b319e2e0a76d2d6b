package drill

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bongsu.org/bongsu/drill/audit"
	"bongsu.org/bongsu/drill/load"
	"bongsu.org/bongsu/drill/report"
)

// TargetOptions say how a cluster that stands elsewhere is drilled. Its faults are made by hand.
type TargetOptions struct {
	// Entrances are the URLs of the cluster's sites, one each.
	Entrances []string
	// Staging is the operator's word that the cluster is for tests, and Accounts that the drill may make accounts, rooms and files in it,
	// which stay.
	Staging, Accounts bool
	// Token is a registration token, where one is needed.
	Token string
	// For is how long the load lasts.
	For time.Duration
	// Outside, Rate, Seed, Out, Version and Progress are as in Options.
	Outside  int
	Rate     float64
	Seed     uint64
	Out      string
	Version  string
	Progress io.Writer
	// Marks are lines with which the operator says what is done: a name when a fault begins, an empty line when it has ended.
	Marks io.Reader
}

// ErrConsent is returned for a cluster that its operator has not given free for a drill.
var ErrConsent = errors.New("a drill of a cluster needs its operator's word: --staging (it is for tests) and --make-accounts (what the drill makes stays)")

// target is a drill of a cluster that stands elsewhere.
type target struct {
	options TargetOptions
	load    *load.Load
	report  *report.Report
}

// Target drills a cluster that stands elsewhere: it puts the load on, notes what the operator says, and audits at the end.
func Target(ctx context.Context, o TargetOptions) (*report.Report, error) {
	if !o.Staging || !o.Accounts {
		return nil, ErrConsent
	}
	begin := time.Now()
	d := &target{options: o, report: &report.Report{
		Seed: o.Seed, Start: begin.UTC(), Version: o.Version, DelayBy: "the cluster's own network", Outside: o.Outside, Rooms: targetRooms,
	}}
	lo := load.Options{Outside: o.Outside, Rooms: targetRooms, Rate: o.Rate, Seed: o.Seed, Run: fmt.Sprintf("%x", begin.Unix()), Token: o.Token}
	for i, url := range o.Entrances {
		d.report.Sites = append(d.report.Sites, string(rune('a'+i)))
		lo.Entrances = append(lo.Entrances, load.Entrance{Site: i, URL: strings.TrimSuffix(url, "/")})
		d.say("site %c is %s", 'A'+i, url)
	}
	preparing, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	var err error
	if d.load, err = load.Start(preparing, lo); err != nil {
		return nil, err
	}
	defer d.load.Close()
	d.say("%d clients are at work for %s; type what you do and Enter when you do it, and Enter alone when it is over", o.Outside, o.For)
	d.follow(ctx)
	if err := d.audit(context.WithoutCancel(ctx), lo.Entrances); err != nil {
		d.report.Error = err.Error()
	}
	return d.report, d.save(begin)
}

const (
	targetRooms    = 4
	prepareTimeout = 2 * time.Minute
	// targetAudit bounds the audit, and targetHold the wait for running operations before it.
	targetAudit = 10 * time.Minute
	targetHold  = 30 * time.Second
)

func (d *target) say(format string, args ...any) {
	fmt.Fprintf(d.options.Progress, format+"\n", args...)
}

// follow notes the operator's marks until the time is over or ctx ends.
func (d *target) follow(ctx context.Context) {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(d.options.Marks); in.Scan(); {
			select {
			case lines <- strings.TrimSpace(in.Text()):
			case <-ctx.Done():
				return
			}
		}
	}()
	over := time.After(d.options.For)
	var running *report.Fault
	defer func() { d.end(running) }()
	for {
		select {
		case <-ctx.Done():
			return
		case <-over:
			return
		case line, open := <-lines:
			if !open {
				lines = nil // the time is waited for
				continue
			}
			d.end(running)
			running = nil
			if line != "" {
				running = d.begin(line)
			}
		}
	}
}

// begin notes that a fault begins.
func (d *target) begin(name string) *report.Fault {
	f := &report.Fault{Name: name, Title: name, Done: d.load.Journal.Now()}
	d.report.Faults = append(d.report.Faults, f)
	d.say("noted: %s", name)
	return f
}

// end notes that a fault is over.
func (d *target) end(f *report.Fault) {
	if f == nil {
		return
	}
	f.Ended = d.load.Journal.Now()
	f.Whole, f.During = f.Ended, report.Span{From: f.Done, To: f.Ended}
	d.say("noted: %s is over", f.Name)
}

// audit looks at every entrance that answers; one that does not is said.
func (d *target) audit(ctx context.Context, entrances []load.Entrance) error {
	from := d.load.Journal.Now()
	holding, cancel := context.WithTimeout(ctx, targetHold)
	defer cancel()
	d.load.Hold(holding)
	d.say("the auditor looks at %d sites", len(entrances))
	auditing, stop := context.WithTimeout(ctx, targetAudit)
	defer stop()
	evidence, err := audit.Collect(auditing, d.load, entrances)
	d.report.Audits = []report.Span{{From: from, To: d.load.Journal.Now()}}
	if err != nil {
		return fmt.Errorf("auditing: %w", err)
	}
	if len(d.report.Faults) == 0 {
		d.report.Faults = []*report.Fault{{Name: "none", Title: "No fault was noted", During: report.Span{To: from}}}
	}
	verdict := audit.Judge(evidence)
	last := d.report.Faults[len(d.report.Faults)-1]
	last.Findings, last.Checked = verdict.Findings, verdict.Checked
	return nil
}

// save makes the report whole and writes it.
func (d *target) save(begin time.Time) error {
	outside := func(int) bool { return true }
	ops := d.load.Journal.Ops()
	for i, f := range d.report.Faults {
		f.After = report.Span{From: f.Ended, To: d.report.Audits[0].From}
		if i+1 < len(d.report.Faults) {
			f.After.To = d.report.Faults[i+1].Done
		}
		f.Measure(ops, outside)
	}
	d.report.Took = time.Since(begin)
	d.report.Fill(ops, outside, d.load.Journal.Now())
	if err := os.MkdirAll(d.options.Out, 0o755); err != nil { //nolint:gosec // a report is to be read
		return fmt.Errorf("making the folder of the report: %w", err)
	}
	return errors.Join(d.load.Journal.Save(filepath.Join(d.options.Out, "journal.jsonl")), d.report.Save(d.options.Out))
}
