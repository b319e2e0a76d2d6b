package drill

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"bongsu.org/bongsu/drill/audit"
	"bongsu.org/bongsu/drill/fault"
	"bongsu.org/bongsu/drill/load"
	"bongsu.org/bongsu/drill/report"
	"bongsu.org/bongsu/drill/site"
)

// drill is one that runs.
type drill struct {
	options Options
	begin   time.Time
	cluster *site.Cluster
	load    *load.Load
	watch   *watch
	report  *report.Report
	known   map[string]bool // findings
	number  uint64          // of the fault
}

const (
	// peace is how long nothing happens before a fault, and settled after all is whole.
	peace   = 5 * time.Second
	settled = 4 * time.Second
	// resumed is how long a fault lasts after the sends have come back, and longestFault how long it lasts at most.
	resumed      = 4 * time.Second
	longestFault = time.Minute
	// doTimeout bounds the doing of a fault, the longest of which restarts all sites one after the other.
	doTimeout = 5 * time.Minute
	// holdFor is how long running operations may take to end before an audit. Those of clients in sites that are down do not.
	holdFor = 6 * time.Second
)

func (d *drill) say(format string, args ...any) {
	at := time.Since(d.begin).Round(time.Second)
	fmt.Fprintf(d.options.Progress, "%3d:%02d  %s\n", int(at.Minutes()), int(at.Seconds())%60, fmt.Sprintf(format, args...))
}

func (d *drill) outside(client int) bool {
	return client < len(d.load.Clients) && d.load.Clients[client].Inside < 0
}

// fault lets one fault happen, and audits it.
func (d *drill) fault(ctx context.Context, f fault.Fault) error {
	d.number++
	entry := &report.Fault{Name: f.Name, Title: f.Title, NoService: f.NoService}
	scene := &fault.Scene{
		Cluster: d.cluster, Random: rand.New(rand.NewPCG(d.options.Seed, d.number)), //nolint:gosec // repeatable on purpose
		Say: func(format string, args ...any) {
			note := fmt.Sprintf(format, args...)
			entry.Notes = append(entry.Notes, note)
			d.say("%s: %s", f.Name, note)
		},
	}
	if err := pause(ctx, peace); err != nil {
		return err
	}
	if scene.Primary = d.cluster.Primary(ctx); scene.Primary == nil {
		return errors.New("there is no primary before the fault")
	}
	timeline := scene.Primary.Database(ctx).Timeline
	entry.Done = d.load.Journal.Now()
	d.say("%s: the primary is in site %s", f.Name, scene.Primary.Label())
	doing, cancel := context.WithTimeout(ctx, doTimeout)
	defer cancel()
	if err := f.Do(doing, scene); err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	for _, s := range scene.Hit {
		entry.Hit = append(entry.Hit, s.Name)
	}
	err := d.aftermath(ctx, f, scene, entry)
	entry.Figures.Election = d.watch.election(entry.Done, timeline)
	entry.Measure(d.load.Journal.Ops(), d.outside)
	d.report.Faults = append(d.report.Faults, entry)
	if err == nil {
		d.say("%s: no send for %.1f s, no read for %.1f s, findings: %d", f.Name, entry.Figures.Outage.Seconds(), entry.Figures.Reads.Seconds(), len(entry.Findings))
	}
	return err
}

// aftermath waits out the fault, ends it, and audits.
func (d *drill) aftermath(ctx context.Context, f fault.Fault, scene *fault.Scene, entry *report.Fault) error {
	j := d.load.Journal
	if err := d.outlast(ctx, f, entry.Done); err != nil {
		return err
	}
	entry.During = report.Span{From: entry.Done, To: j.Now()}
	if left := d.left(); len(left) > 0 && len(left) < len(d.cluster.Sites) && !f.NoService {
		if err := d.audit(ctx, entry, left); err != nil {
			return err
		}
	}
	entry.Ended = j.Now()
	d.say("%s: it ends", f.Name)
	waiting, cancel := context.WithTimeout(ctx, wholeTimeout)
	defer cancel()
	if err := f.End(waiting, scene); err != nil {
		return fmt.Errorf("ending %s: %w", f.Name, err)
	}
	err := d.cluster.Await(waiting, d.cluster.Sites, func(s string) { d.say("%s: %s", f.Name, s) })
	entry.Whole = j.Now()
	if err != nil {
		entry.Broken = err.Error()
		entry.After = report.Span{From: entry.Ended, To: j.Now()}
		return fmt.Errorf("after %s: %w", f.Name, err)
	}
	if err := pause(ctx, settled); err != nil {
		return err
	}
	entry.After = report.Span{From: entry.Ended, To: j.Now()}
	if f.NoService {
		entry.After.From = entry.Whole
	}
	return d.audit(ctx, entry, d.cluster.Sites)
}

// outlast waits until a fault has had its time and, where there is service, the sends have come back.
func (d *drill) outlast(ctx context.Context, f fault.Fault, done time.Duration) error {
	j := d.load.Journal
	for since := time.Duration(0); since < longestFault; since = j.Now() - done {
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
		if j.Now()-done < f.Least {
			continue
		}
		if f.NoService || j.SendsBetween(j.Now()-resumed, j.Now()-resumed/2) && j.SendsBetween(j.Now()-resumed/2, j.Now()) {
			return nil
		}
	}
	return nil
}

// left are the sites that have power.
func (d *drill) left() []*site.Site {
	var up []*site.Site
	for _, s := range d.cluster.Sites {
		if s.Up() {
			up = append(up, s)
		}
	}
	return up
}

// audit holds the load and lets the auditor look at the sites.
func (d *drill) audit(ctx context.Context, entry *report.Fault, at []*site.Site) error {
	from := d.load.Journal.Now()
	holding, cancel := context.WithTimeout(ctx, holdFor)
	defer cancel()
	d.load.Hold(holding)
	defer func() {
		d.load.Allow()
		d.report.Audits = append(d.report.Audits, report.Span{From: from, To: d.load.Journal.Now()})
	}()
	var entrances []load.Entrance
	for i, s := range d.cluster.Sites {
		for _, up := range at {
			if s == up {
				entrances = append(entrances, load.Entrance{Site: i, URL: s.URL()})
			}
		}
	}
	auditing, stop := context.WithTimeout(ctx, 2*time.Minute)
	defer stop()
	evidence, err := audit.Collect(auditing, d.load, entrances)
	if err != nil {
		return fmt.Errorf("auditing %s: %w", entry.Name, err)
	}
	if evidence.Rows, err = d.cluster.Rows(auditing, at, 15*time.Second); err != nil {
		return fmt.Errorf("auditing %s: %w", entry.Name, err)
	}
	verdict := audit.Judge(evidence)
	entry.Checked = verdict.Checked
	for _, finding := range verdict.Findings {
		if !d.known[finding.String()] {
			d.known[finding.String()] = true
			entry.Findings = append(entry.Findings, finding)
		}
	}
	return nil
}

// pause waits, but not past ctx.
func pause(ctx context.Context, t time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(t):
		return nil
	}
}

// keepLogs copies the sites' logs and settings to where the report is.
func keepLogs(dir, out string) error {
	found, err := filepath.Glob(filepath.Join(dir, "*", "*.log"))
	if err != nil {
		return err
	}
	var all error
	for _, path := range found {
		b, err := os.ReadFile(path)
		if err == nil {
			to := filepath.Join(out, "logs", filepath.Base(filepath.Dir(path))+"-"+filepath.Base(path))
			err = errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, b, 0o644)) //nolint:gosec // logs of a drill are to be read
		}
		all = errors.Join(all, err)
	}
	return all
}
