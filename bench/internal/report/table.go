// Package report shows results: as a table for people, as JSON for programs and as a plot.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"bongsu.org/bongsu/bench/internal/load"
)

// Row is one run of a load, with what it ran on.
type Row struct {
	Scenario string  `json:"scenario"`
	Server   string  `json:"server"`
	Database string  `json:"database"`
	Setup    float64 `json:"setup_seconds"`
	load.Result
}

// column is one figure of a run.
type column struct {
	name  string
	value func(Row) string
}

var columns = []column{
	{"acknowledged sends/s", func(r Row) string { return fmt.Sprintf("%.1f", r.PerSecond) }},
	{"failed sends", func(r Row) string { return failures(r.Failed) }},
	{"send p50 / p99 (ms)", func(r Row) string { return fmt.Sprintf("%.2f / %.2f", r.Send.P50, r.Send.P99) }},
	{"delivery p50 / p99 (ms)", func(r Row) string { return fmt.Sprintf("%.2f / %.2f", r.Delivery.P50, r.Delivery.P99) }},
	{"deliveries expected", func(r Row) string { return fmt.Sprint(r.Deliveries.Expected) }},
	{"missing / twice / disordered", func(r Row) string {
		return fmt.Sprintf("%d / %d / %d", r.Deliveries.Missing, r.Deliveries.Duplicates, r.Deliveries.Disordered)
	}},
	{"answers to /sync (limited, failed)", func(r Row) string { return fmt.Sprintf("%d (%d, %d)", r.Syncs, r.Limited, r.SyncErrors) }},
	{"server CPU a send (ms)", func(r Row) string { return fmt.Sprintf("%.3f", r.ServerCPU) }},
	{"database CPU a send (ms)", func(r Row) string { return fmt.Sprintf("%.3f", r.DatabaseCPU) }},
	{"load generator CPU a send (ms)", func(r Row) string { return fmt.Sprintf("%.3f", r.LoadCPU) }},
	{"server memory, peak (MB)", func(r Row) string { return fmt.Sprintf("%.0f", r.ServerMemory) }},
	{"database memory (MB)", func(r Row) string { return fmt.Sprintf("%.0f", r.DatabaseMem) }},
}

// Table gives runs side by side, a line for each figure.
func Table(rows ...Row) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	cells := func(name string, cell func(Row) string) {
		fmt.Fprint(w, name)
		for _, r := range rows {
			fmt.Fprint(w, "\t", cell(r))
		}
		fmt.Fprintln(w)
	}
	cells("", func(r Row) string { return r.Server + " on " + r.Database })
	for _, c := range columns {
		cells(c.name, c.value)
	}
	_ = w.Flush() // to a strings.Builder, which never fails
	return b.String()
}

// Markdown gives the same table for a page.
func Markdown(rows ...Row) string {
	var b strings.Builder
	line := func(name string, cell func(Row) string) {
		b.WriteString("| " + name + " |")
		for _, r := range rows {
			b.WriteString(" " + cell(r) + " |")
		}
		b.WriteByte('\n')
	}
	line("", func(r Row) string { return r.Server + " on " + r.Database })
	line("---", func(Row) string { return "---:" })
	for _, c := range columns {
		line(c.name, c.value)
	}
	return b.String()
}

// Save writes a result to a file as indented JSON.
func Save(file string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the result: %w", err)
	}
	if err := os.WriteFile(file, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

func failures(by map[string]int) string {
	if len(by) == 0 {
		return "0"
	}
	var parts []string
	for name, n := range by {
		parts = append(parts, fmt.Sprintf("%d × %s", n, name))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
