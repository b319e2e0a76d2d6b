package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"bongsu.org/bongsu/drill/audit"
	"bongsu.org/bongsu/drill/load"
)

// seconds writes a time as people read it.
func seconds(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// milliseconds writes a short time as people read it.
func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%g ms", float64(d)/float64(time.Millisecond))
}

// Text writes the figures for a terminal.
func (r *Report) Text(w io.Writer) {
	fmt.Fprintf(w, "\nSeed %d. %d sites, %d clients outside and %d inside.", r.Seed, len(r.Sites), r.Outside, r.Inside)
	if !r.Elsewhere() {
		fmt.Fprintf(w, " %s one way (%s), %d CPUs, load %.1f before and %.1f after.",
			milliseconds(r.Delay), r.DelayBy, r.Machine.CPUs, r.Machine.LoadBefore, r.Machine.LoadAfter)
	}
	fmt.Fprint(w, "\n\n")
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	fmt.Fprintln(t, "fault\tsite\tno send\tone client\telection\tno read\tafter its end\twhole again\tfindings")
	for _, f := range r.Faults {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Name, strings.Join(f.Hit, " "), seconds(f.Figures.Outage), seconds(f.Figures.Client),
			seconds(f.Figures.Election), seconds(f.Figures.Reads), seconds(f.Figures.Second), seconds(max(f.Whole-f.Ended, 0)), f.outcome())
	}
	_ = t.Flush() // the terminal's errors are the terminal's
	fmt.Fprintln(w)
	for _, kind := range []load.Kind{load.Send, load.Claim, load.ToDevice, load.Upload, load.Backup, load.Read} {
		n := r.Totals[kind]
		fmt.Fprintf(w, "%-10s %6d acknowledged", kind, n.Acknowledged)
		if n.Unknown > 0 {
			fmt.Fprintf(w, ", %d without an answer", n.Unknown)
		}
		if n.Refused > 0 {
			fmt.Fprintf(w, ", %d refused", n.Refused)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "\n%d lost, %d twice, %d out of order, %d unmade, %d gaps, %d damaged, %d divergent, %d denied\n",
		r.Count(audit.Lost), r.Count(audit.Twice), r.Count(audit.OutOfOrder), r.Count(audit.Unmade), r.Count(audit.Gap),
		r.Count(audit.Damaged), r.Count(audit.Divergent), r.Count(audit.Denied))
	r.textFindings(w)
}

// textFindings writes what was found, the same things together.
func (r *Report) textFindings(w io.Writer) {
	for i, f := range r.Faults {
		for _, g := range f.groups(i + 1) {
			fmt.Fprintf(w, "  %s: %d %s\n", f.Name, g.Number, g.What)
			for _, example := range g.Examples {
				fmt.Fprintf(w, "      %s\n", example)
			}
		}
	}
	if r.Error != "" {
		fmt.Fprintf(w, "\nThe drill ended early: %s\n", r.Error)
	}
}

// outcome is what came of a fault, in a word or two.
func (f *Fault) outcome() string {
	switch {
	case f.Broken != "":
		return "not whole again: " + f.Broken
	case f.Figures.AcknowledgedWithout > 0:
		return fmt.Sprintf("%d acknowledged by what could not keep them", f.Figures.AcknowledgedWithout)
	case len(f.Findings) > 0:
		return fmt.Sprint(len(f.Findings))
	}
	return "none"
}
