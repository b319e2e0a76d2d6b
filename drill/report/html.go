package report

import (
	_ "embed" // the page
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"bongsu.org/bongsu/drill/audit"
	"bongsu.org/bongsu/drill/load"
)

//go:embed page.html
var pageText string

// view is what the page is filled with.
type view struct {
	*Report
	Held     bool
	Heading  string
	Lead     string
	Big      []big
	Picture  picture
	Apart    string // the way between sites
	Rows     []row
	Counts   []count
	Findings []group
}

// big is a figure at the top of the page.
type big struct {
	Value, Label string
	Bad          bool
}

type row struct {
	Number int
	*Fault
	Sites, Outage, Client, Election, NoRead, After, Return, Outcome string
	Bad                                                             bool
	Looked                                                          string
}

type count struct {
	Name string
	Total
}

// group is findings of one kind after one fault.
type group struct {
	Fault    string
	What     string
	Number   int
	Examples []string
}

// HTML writes the page. It needs no other file and no script.
func (r *Report) HTML(w io.Writer) error {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	return t.Execute(w, r.view())
}

func (r *Report) view() view {
	v := view{Report: r, Held: r.Held(), Picture: r.draw(), Apart: milliseconds(r.Delay)}
	v.Heading, v.Lead = r.headline()
	v.Big = r.bigFigures()
	for i, f := range r.Faults {
		v.Rows = append(v.Rows, f.row(i+1))
		v.Findings = append(v.Findings, f.groups(i+1)...)
	}
	for _, kind := range []struct {
		kind load.Kind
		name string
	}{
		{load.Send, "Encrypted messages sent"}, {load.ToDevice, "Messages to devices"}, {load.Claim, "One-time keys claimed"},
		{load.Upload, "Pictures uploaded"}, {load.Backup, "Keys backed up"}, {load.Read, "Reads"},
	} {
		v.Counts = append(v.Counts, count{kind.name, r.Totals[kind.kind]})
	}
	return v
}

func (r *Report) headline() (heading, lead string) {
	acked := 0
	for kind, t := range r.Totals {
		if kind != load.Read {
			acked += t.Acknowledged
		}
	}
	if !r.Held() {
		return "Not everything held", fmt.Sprintf("%s things were acknowledged. Not all of them are as they must be; the findings are below.", thousands(acked))
	}
	if r.Elsewhere() {
		return "Nothing is lost", fmt.Sprintf("Of %s things that the cluster had acknowledged, all are there, once, and in order.", thousands(acked))
	}
	what := "once"
	if len(r.Faults) > 1 {
		what = fmt.Sprintf("%d times", len(r.Faults))
	}
	return "Nothing burnt", fmt.Sprintf("Three data centres were struck %s under load. Of %s things that people had been told were safe, all are there, once, and in order.", what, thousands(acked))
}

// bigFigures are the ones that everybody asks for.
func (r *Report) bigFigures() []big {
	var outage, reads time.Duration
	acked := 0
	for _, f := range r.Faults {
		if !f.NoService {
			outage, reads = max(outage, f.Figures.Outage, f.Figures.Second), max(reads, f.Figures.Reads)
		}
	}
	for kind, t := range r.Totals {
		if kind != load.Read {
			acked += t.Acknowledged
		}
	}
	figure := func(n int, label string) big { return big{thousands(n), label, n > 0} }
	return []big{
		{thousands(acked), "acknowledged", false},
		figure(r.Count(audit.Lost), "lost"), figure(r.Count(audit.Twice), "twice"), figure(r.Count(audit.OutOfOrder), "out of order"),
		{seconds(outage), "longest without a send", false}, {seconds(reads), "longest without a read", false},
	}
}

func (f *Fault) row(number int) row {
	o := row{
		Number: number, Fault: f, Sites: strings.ToUpper(strings.Join(f.Hit, ", ")), Outage: seconds(f.Figures.Outage), Client: seconds(f.Figures.Client),
		Election: seconds(f.Figures.Election), NoRead: seconds(f.Figures.Reads), After: seconds(f.Figures.Second),
		Return: seconds(max(f.Whole-f.Ended, 0)), Outcome: f.outcome(),
	}
	if o.Outcome == "none" {
		o.Outcome = "all there"
	} else {
		o.Bad = true
	}
	if f.NoService {
		o.Outage = "as it must: none"
	}
	looked := 0
	for _, n := range f.Checked {
		looked += n
	}
	o.Looked = thousands(looked)
	return o
}

// examples is how many findings of a group are shown.
const examples = 3

func (f *Fault) groups(number int) []group {
	var all []group
	index := map[string]int{}
	for _, finding := range f.Findings {
		what := string(finding.Fault)
		if finding.Kind != "" {
			what += ": " + string(finding.Kind)
		}
		i, known := index[what]
		if !known {
			i = len(all)
			index[what] = i
			all = append(all, group{Fault: fmt.Sprintf("%d. %s", number, f.Title), What: what})
		}
		if all[i].Number++; len(all[i].Examples) < examples {
			all[i].Examples = append(all[i].Examples, finding.Detail)
		}
	}
	return all
}

// thousands writes a number with its digits in threes.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}
