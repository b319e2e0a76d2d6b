package report

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"bongsu.org/bongsu/drill/audit"
)

// Load reads a report that Save wrote into a folder.
func Load(dir string) (*Report, error) {
	b, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		return nil, fmt.Errorf("reading a report: %w", err)
	}
	r := &Report{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("reading the report in %s: %w", dir, err)
	}
	return r, nil
}

// Summary writes what several drills say together: of each fault the least, the middle and the most of its figures.
func Summary(w io.Writer, reports []*Report) {
	byName := map[string][]*Fault{}
	var names []string
	for _, r := range reports {
		for _, f := range r.Faults {
			if byName[f.Name] == nil {
				names = append(names, f.Name)
			}
			byName[f.Name] = append(byName[f.Name], f)
		}
	}
	slices.Sort(names)
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	fmt.Fprintln(t, "fault\tn\tno send\tone client\telection\tno read\tafter its end\twhole again\tfindings")
	for _, name := range names {
		faults := byName[name]
		findings := 0
		for _, f := range faults {
			findings += len(f.Findings) + f.Figures.AcknowledgedWithout
			if f.Broken != "" {
				findings++
			}
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%d\n", name, len(faults),
			spread(faults, func(f *Fault) time.Duration { return f.Figures.Outage }),
			spread(faults, func(f *Fault) time.Duration { return f.Figures.Client }),
			spread(faults, func(f *Fault) time.Duration { return f.Figures.Election }),
			spread(faults, func(f *Fault) time.Duration { return f.Figures.Reads }),
			spread(faults, func(f *Fault) time.Duration { return f.Figures.Second }),
			spread(faults, func(f *Fault) time.Duration { return max(f.Whole-f.Ended, 0) }), findings)
	}
	_ = t.Flush() // the terminal's errors are the terminal's
	total := 0
	for _, r := range reports {
		for _, n := range r.Totals {
			total += n.Acknowledged
		}
	}
	count := func(kind audit.Fault) (n int) {
		for _, r := range reports {
			n += r.Count(kind)
		}
		return n
	}
	fmt.Fprintf(w, "\n%d drills, %d operations acknowledged: %d lost, %d twice, %d out of order, %d unmade, %d gaps, %d damaged, %d divergent, %d denied\n",
		len(reports), total, count(audit.Lost), count(audit.Twice), count(audit.OutOfOrder), count(audit.Unmade), count(audit.Gap),
		count(audit.Damaged), count(audit.Divergent), count(audit.Denied))
}

// spread is the least, the middle and the most of a figure, in seconds.
func spread(faults []*Fault, figure func(*Fault) time.Duration) string {
	var all []time.Duration
	for _, f := range faults {
		if d := figure(f); d > 0 {
			all = append(all, d)
		}
	}
	if len(all) == 0 {
		return "-"
	}
	slices.Sort(all)
	return fmt.Sprintf("%.1f / %.1f / %.1f", all[0].Seconds(), all[len(all)/2].Seconds(), all[len(all)-1].Seconds())
}
