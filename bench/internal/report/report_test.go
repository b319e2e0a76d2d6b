package report

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bongsu.org/bongsu/bench/internal/load"
	"bongsu.org/bongsu/bench/internal/stats"
)

func row() Row {
	return Row{Scenario: "run", Server: "bongsu", Database: "sqlite", Result: load.Result{
		PerSecond: 1234.56, Failed: map[string]int{"503 M_UNKNOWN": 2}, Send: stats.Summary{P50: 1.5, P99: 9.25},
		Deliveries: load.Deliveries{Expected: 10, Missing: 1, Duplicates: 2, Disordered: 3},
	}}
}

func TestTables(t *testing.T) {
	for name, text := range map[string]string{"table": Table(row()), "markdown": Markdown(row())} {
		t.Run(name, func(t *testing.T) {
			for _, want := range []string{"bongsu on sqlite", "1234.6", "2 × 503 M_UNKNOWN", "1.50 / 9.25", "1 / 2 / 3"} {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in\n%s", want, text)
				}
			}
		})
	}
}

func TestSave(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.json")
	if err := Save(file, row()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var back Row
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if back.PerSecond != 1234.56 || back.Server != "bongsu" || back.Deliveries.Missing != 1 {
		t.Errorf("got %+v", back)
	}
}

func TestPlotIsXML(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.svg")
	lines := []Line{{"a", []float64{10, 100, 1000}, []float64{1, 1.1, 1}}, {"b", []float64{10, 100}, []float64{2, 2}}}
	if err := Plot(file, "Title", "how many", "ms", lines); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	d := xml.NewDecoder(f)
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestFillPage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	page := "# Title\n<!-- bench:one -->\nold\n<!-- /bench -->\nbetween\n<!-- bench:two -->\nstays\n<!-- /bench -->\nend\n"
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := FillPage(file, map[string]string{"one": "new $1\n", "three": "nowhere"}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := "# Title\n<!-- bench:one -->\nnew $1\n<!-- /bench -->\nbetween\n<!-- bench:two -->\nstays\n<!-- /bench -->\nend\n"
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
