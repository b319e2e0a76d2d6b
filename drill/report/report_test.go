package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"bongsu.org/bongsu/drill/audit"
	"bongsu.org/bongsu/drill/load"
)

func at(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// burning is a drill of one fire: sends every second, none from 10 to 18, and one client that waited for it all.
func burning() (*Report, []load.Op) {
	var ops []load.Op
	for i := range 40 {
		if i > 10 && i < 18 {
			continue
		}
		ops = append(ops, load.Op{Kind: load.Send, Site: i % 3, Call: at(float64(i) - 0.1), Return: at(float64(i)), Outcome: load.Acknowledged})
	}
	ops = append(ops,
		load.Op{Kind: load.Send, Client: 1, Site: 1, Call: at(10.5), Return: at(18.5), Outcome: load.Acknowledged},
		load.Op{Kind: load.Send, Client: 2, Site: -1, Call: at(10.5), Outcome: load.Unknown})
	for i := range 400 {
		ops = append(ops, load.Op{Kind: load.Read, Call: at(float64(i)/10 - 0.01), Return: at(float64(i) / 10), Outcome: load.Acknowledged})
	}
	r := &Report{Seed: 7, Machine: Machine{CPUs: 2}, Sites: []string{"a", "b", "c"}, Faults: []*Fault{{
		Name: "fire", Title: "Fire in the primary's site", Hit: []string{"b"}, Done: at(10), Ended: at(25), Whole: at(31),
		During: Span{at(10), at(25)}, After: Span{at(25), at(35)}, Checked: map[string]int{"events": 100},
	}}}
	return r, ops
}

func outside(client int) bool { return client < 10 }

func TestFiguresOfAFire(t *testing.T) {
	r, ops := burning()
	f := r.Faults[0]
	f.Measure(ops, outside)
	if f.Figures.Outage != at(8) || f.Figures.Client != at(8) || f.Figures.Second != at(1) || f.Figures.Reads.Round(time.Millisecond) != at(0.1) {
		t.Errorf("figures: %+v", f.Figures)
	}
	if f.Figures.Acknowledged != 19 {
		t.Errorf("%d sends were acknowledged", f.Figures.Acknowledged)
	}
}

func TestClientsInsideAreNotTimed(t *testing.T) {
	r, ops := burning()
	ops = append(ops, load.Op{Kind: load.Send, Client: 12, Return: at(14), Outcome: load.Acknowledged})
	f := r.Faults[0]
	f.Measure(ops, outside)
	if f.Figures.Outage != at(8) {
		t.Errorf("an inside client ended the outage: %s", f.Figures.Outage)
	}
}

func TestWhatMayNotBeAcknowledgedIsCounted(t *testing.T) {
	r, ops := burning()
	f := r.Faults[0]
	f.NoService = true
	f.Measure(ops, outside)
	if f.Figures.AcknowledgedWithout != 8 { // at 18 to 24, and the one that waited
		t.Errorf("%d were acknowledged without", f.Figures.AcknowledgedWithout)
	}
	if r.Held() {
		t.Error("and the drill held")
	}
}

func TestADrillHoldsOnlyIfNothingIsFound(t *testing.T) {
	r, _ := burning()
	if !r.Held() {
		t.Error("nothing was found, and it did not hold")
	}
	for name, spoil := range map[string]func(*Report){
		"a finding":      func(r *Report) { r.Faults[0].Findings = []audit.Finding{{Fault: audit.Lost}} },
		"not whole":      func(r *Report) { r.Faults[0].Broken = "etcd in b" },
		"an early end":   func(r *Report) { r.Error = "interrupted" },
		"nothing to see": func(r *Report) { r.Faults = nil },
	} {
		r, _ := burning()
		spoil(r)
		if r.Held() {
			t.Errorf("%s, and it held", name)
		}
	}
}

func TestThePageShowsWhatHappened(t *testing.T) {
	r, ops := burning()
	r.Faults[0].Measure(ops, outside)
	r.Fill(ops, outside, at(40))
	var page bytes.Buffer
	if err := r.HTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Nothing burnt", "Fire in the primary&#39;s site", "8.0 s", "Site B", `class="hit"`, "--seed 7", "prefers-color-scheme: dark"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(page.String(), "<script") || strings.Contains(page.String(), "ZgotmplZ") {
		t.Error("the page has a script, or something in it was refused by the template")
	}
	r.Faults[0].Findings = []audit.Finding{{Fault: audit.Lost, Kind: load.Send, Detail: "$gone"}}
	page.Reset()
	if err := r.HTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Not everything held", "$gone", "lost: send"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestTheTerminalShowsTheSame(t *testing.T) {
	r, ops := burning()
	r.Faults[0].Measure(ops, outside)
	r.Fill(ops, outside, at(40))
	r.Faults[0].Findings = []audit.Finding{{Fault: audit.Twice, Kind: load.Claim, Detail: "K1"}}
	var text bytes.Buffer
	r.Text(&text)
	for _, want := range []string{"Seed 7", "fire", "8.0 s", "1 twice", "1 twice: claim", "K1", "1 without an answer"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text does not say %q:\n%s", want, text.String())
		}
	}
}
