package report

import (
	"bytes"
	"strings"
	"testing"
)

func TestASummaryHasTheMiddleOfSeveralDrills(t *testing.T) {
	var reports []*Report
	for _, outage := range []float64{8, 7, 12} {
		r, ops := burning()
		r.Faults[0].Measure(ops, outside)
		r.Fill(ops, outside, at(40))
		r.Faults[0].Figures.Outage = at(outage)
		dir := t.TempDir()
		if err := r.Save(dir); err != nil {
			t.Fatal(err)
		}
		read, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		reports = append(reports, read)
	}
	var text bytes.Buffer
	Summary(&text, reports)
	for _, want := range []string{"fire", "7.0 / 8.0 / 12.0", "3 drills", "0 lost"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the summary does not say %q:\n%s", want, text.String())
		}
	}
	if _, err := Load(t.TempDir()); err == nil {
		t.Error("an empty folder has a report")
	}
}
