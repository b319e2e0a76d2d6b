package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/pprof/profile"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// Part is a part of a server and the share of its CPU time.
type Part struct {
	Name    string  `json:"name"`
	Percent float64 `json:"percent"`
}

// parts are asked in this order: a sample belongs to the first part that a function anywhere on its stack belongs to.
var parts = []struct {
	name     string
	prefixes []string
}{
	{"garbage collection", []string{"runtime.gcBgMarkWorker", "runtime.gcAssist", "runtime.bgsweep", "runtime.bgscavenge"}},
	{"hashes and signatures", []string{"crypto/ed25519", "crypto/sha256", "crypto/internal/fips140/sha256"}},
	{"database", []string{"modernc.org/sqlite", "database/sql", "github.com/jackc/pgx", "bongsu.org/bongsu/internal/store"}},
	{"room engine", []string{"bongsu.org/bongsu/internal/room"}},
	{"sync", []string{"bongsu.org/bongsu/internal/sync"}},
	{"push rules", []string{"bongsu.org/bongsu/internal/push"}},
	{"handlers", []string{"bongsu.org/bongsu/"}},
	{"HTTP", []string{"net/http", "golang.org/x/net/http2"}},
	{"scheduler and the rest", []string{""}},
}

// Parts reads a CPU profile and shares its time out among the parts of the server, largest first.
func Parts(in io.Reader) ([]Part, error) {
	p, err := profile.Parse(in)
	if err != nil {
		return nil, fmt.Errorf("reading the profile: %w", err)
	}
	times := make([]int64, len(parts))
	total := int64(0)
	for _, s := range p.Sample {
		t := s.Value[len(s.Value)-1]
		times[partOf(s)] += t
		total += t
	}
	if total == 0 {
		return nil, fmt.Errorf("the profile is empty")
	}
	var out []Part
	for i, t := range times {
		if t > 0 {
			out = append(out, Part{parts[i].name, 100 * float64(t) / float64(total)})
		}
	}
	slices.SortFunc(out, func(a, b Part) int { return cmp.Compare(b.Percent, a.Percent) })
	return out, nil
}

func partOf(s *profile.Sample) int {
	best := len(parts) - 1
	for _, l := range s.Location {
		for _, line := range l.Line {
			for i := range best {
				if hasAnyPrefix(line.Function.Name, parts[i].prefixes) {
					best = i
					break
				}
			}
		}
	}
	return best
}

func hasAnyPrefix(name string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// DrawParts draws parts as bars into an SVG file.
func DrawParts(file, title string, shares []Part) error {
	p := plot.New()
	p.Title.Text, p.X.Label.Text = title, "of the server's CPU time (%)"
	values := make(plotter.Values, len(shares))
	names := make([]string, len(shares))
	for i, s := range shares { // bars are drawn from below
		at := len(shares) - 1 - i
		values[at], names[at] = s.Percent, s.Name
	}
	bars, err := plotter.NewBarChart(values, vg.Points(14))
	if err != nil {
		return fmt.Errorf("drawing bars: %w", err)
	}
	bars.Horizontal, bars.Color, bars.LineStyle.Width = true, palette[0], 0
	p.Add(bars)
	p.NominalY(names...)
	p.X.Min, p.X.Max = 0, shares[0].Percent*1.1 // the largest comes first
	return save(p, 8*vg.Centimeter, file)
}
