package audit

import (
	"fmt"
	"time"

	"bongsu.org/bongsu/drill/load"
)

// Evidence is all that is known after a drill.
type Evidence struct {
	// Ops is the journal.
	Ops []load.Op
	// Streams are what the clients saw, by their numbers.
	Streams map[int]Stream
	// Histories are the rooms' events, by site and room.
	Histories map[int]map[string][]load.Event
	// Pictures are digests of what was downloaded, or why it was not, by site and address.
	Pictures map[int]map[string]Picture
	// Backups are digests of backed-up keys, by site, client and session.
	Backups map[int]map[int]map[string]string
	// Users are the clients' user ids, by their numbers.
	Users map[int]string
	// Refused are the reasons why streams ended.
	Refused []error
	// Rows are digests of the database's tables, by site and table.
	Rows map[string]map[string]string
}

// Stream is what one client saw.
type Stream struct {
	Rooms    map[string][]load.Seen
	ToDevice []load.Seen
	// Whole tells that the client's site is up, so that the stream must have come to its end.
	Whole bool
}

// Picture is what came of downloading one.
type Picture struct {
	Digest string
	Err    string
}

// Fault is the kind of a finding.
type Fault string

// The kinds of findings, the worst first.
const (
	Lost       Fault = "lost"         // acknowledged, and not there
	Twice      Fault = "twice"        // there more than once, or given more than once
	OutOfOrder Fault = "out of order" // in another order than it must be
	Unmade     Fault = "unmade"       // seen by a client, and not there any more
	Gap        Fault = "gap"          // left out of a stream
	Damaged    Fault = "damaged"      // there, but not what was put in
	Divergent  Fault = "divergent"    // sites differ
	Denied     Fault = "denied"       // a server refused what it must do
)

// Finding is one thing that is wrong.
type Finding struct {
	Fault  Fault     `json:"fault"`
	Kind   load.Kind `json:"kind,omitempty"`
	Detail string    `json:"detail"`
}

// String implements fmt.Stringer.
func (f Finding) String() string {
	if f.Kind == "" {
		return fmt.Sprintf("%s: %s", f.Fault, f.Detail)
	}
	return fmt.Sprintf("%s (%s): %s", f.Fault, f.Kind, f.Detail)
}

// Verdict is what the auditor found.
type Verdict struct {
	Findings []Finding `json:"findings"`
	// Checked counts what was looked at, by what it is.
	Checked map[string]int `json:"checked"`
}

// letter is how people call a site.
func letter(site int) string {
	if site < 0 {
		return "?"
	}
	return string(rune('A' + site))
}

// when is a time as people read it.
func when(at time.Duration) time.Duration { return at.Round(time.Millisecond) }

// Count is how many findings are of a kind.
func (v *Verdict) Count(f Fault) int {
	n := 0
	for _, finding := range v.Findings {
		if finding.Fault == f {
			n++
		}
	}
	return n
}

func (v *Verdict) find(f Fault, kind load.Kind, format string, args ...any) {
	v.Findings = append(v.Findings, Finding{Fault: f, Kind: kind, Detail: fmt.Sprintf(format, args...)})
}

// Judge looks at all evidence.
func Judge(e *Evidence) *Verdict {
	v := &Verdict{Checked: map[string]int{}}
	v.denied(e)
	v.events(e)
	v.streams(e)
	v.linear(e)
	v.claims(e)
	v.toDevice(e)
	v.pictures(e)
	v.backups(e)
	v.rows(e)
	return v
}

// denied finds what was refused.
func (v *Verdict) denied(e *Evidence) {
	for i := range e.Ops {
		if op := &e.Ops[i]; op.Outcome == load.Refused {
			v.find(Denied, op.Kind, "client %d's number %d at site %s: %s", op.Client, op.Seq, letter(op.Site), op.Result)
		}
	}
	for _, err := range e.Refused {
		v.find(Denied, "", "%v", err)
	}
}
