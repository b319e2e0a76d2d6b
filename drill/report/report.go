package report

import (
	"time"

	"bongsu.org/bongsu/drill/audit"
	"bongsu.org/bongsu/drill/load"
)

// Report is all that is told of a drill.
type Report struct {
	Seed    uint64        `json:"seed"`
	Start   time.Time     `json:"start"`
	Took    time.Duration `json:"took"`
	Booted  time.Duration `json:"booted"`
	Version string        `json:"version"`
	// Delay is how long a packet is under way between sites, one way, and DelayBy what makes it so.
	Delay   time.Duration `json:"delay"`
	DelayBy string        `json:"delay_by"`
	Machine Machine       `json:"machine"`
	Sites   []string      `json:"sites"`
	Outside int           `json:"clients_outside"`
	Inside  int           `json:"clients_inside"`
	Rooms   int           `json:"rooms"`
	Faults  []*Fault      `json:"faults"`
	// Seconds are the acknowledged sends of each site, a number a second.
	Seconds [][]int `json:"seconds"`
	// Reads are the answered reads of clients outside, a number a second.
	Reads []int `json:"reads"`
	// Audits are the times at which the load was held for the auditor.
	Audits []Span `json:"audits"`
	// Totals are the operations of each kind.
	Totals map[load.Kind]Total `json:"totals"`
	// Error is why the drill ended early.
	Error string `json:"error,omitempty"`
}

// Machine is what the drill ran on.
type Machine struct {
	CPUs       int     `json:"cpus"`
	Kernel     string  `json:"kernel"`
	LoadBefore float64 `json:"load_before"`
	LoadAfter  float64 `json:"load_after"`
}

// Elsewhere tells that the cluster was not on this machine, and its faults were made by hand.
func (r *Report) Elsewhere() bool { return r.Machine.CPUs == 0 }

// Span is a time from and to, since the journal's start.
type Span struct {
	From time.Duration `json:"from"`
	To   time.Duration `json:"to"`
}

// Total counts the operations of a kind.
type Total struct {
	Acknowledged int `json:"acknowledged"`
	Unknown      int `json:"unknown"`
	Refused      int `json:"refused"`
}

// Fault is what happened, and what came of it. Times are since the journal's start.
type Fault struct {
	Name  string   `json:"name"`
	Title string   `json:"title"`
	Hit   []string `json:"hit"`
	Notes []string `json:"notes,omitempty"`
	// Done is when it happened, Ended when it was over, Whole when every site did its work again.
	Done  time.Duration `json:"done"`
	Ended time.Duration `json:"ended"`
	Whole time.Duration `json:"whole"`
	// During is the time in which its effect on clients is measured, After that after its end.
	During Span `json:"during"`
	After  Span `json:"after"`
	// NoService tells that nothing may be acknowledged while it lasts.
	NoService bool    `json:"no_service,omitempty"`
	Figures   Figures `json:"figures"`
	// Findings are what the auditor found after it, and had not found before.
	Findings []audit.Finding `json:"findings"`
	// Checked counts what the auditor looked at.
	Checked map[string]int `json:"checked"`
	// Broken is why the sites did not become whole again.
	Broken string `json:"broken,omitempty"`
}

// Count is how many findings of a kind there are after all faults.
func (r *Report) Count(kind audit.Fault) int {
	n := 0
	for _, f := range r.Faults {
		v := audit.Verdict{Findings: f.Findings}
		n += v.Count(kind)
	}
	return n
}

// Held tells that nothing was found, and that every fault was got over.
func (r *Report) Held() bool {
	for _, f := range r.Faults {
		if len(f.Findings) > 0 || f.Broken != "" || f.Figures.AcknowledgedWithout > 0 {
			return false
		}
	}
	return r.Error == "" && len(r.Faults) > 0
}
