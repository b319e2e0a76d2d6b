package push

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"

	"bongsu.org/bongsu/internal/dotpath"
	"bongsu.org/bongsu/internal/glob"
)

// self stands for the owner of the rules in a program, so that all users who changed nothing share one. No Matrix id holds it.
const self = "\x00"

// Compiled is a user's rules, ready to be evaluated.
type Compiled struct {
	user    string
	program *program
}

// program is a ruleset for evaluation. Rules that are switched off are not in it.
type program struct {
	first     []rule           // override and content, most important first
	rooms     map[string]*rule // by room id, since only one room rule can match an event
	senders   map[string]*rule // by sender, likewise
	underride []rule
	names     bool // a rule looks for the owner's display name
}

// rule matches if all its checks hold.
type rule struct {
	checks []check
	result Result
}

// check is one condition.
type check struct {
	op      op
	self    bool // compare with the owner's user id instead of what follows
	text    string
	pattern glob.Pattern
	path    []string
	value   value
	compare comparison
	count   int
}

// op says what a check does. The cheaper ones come first: a rule's checks run in this order.
type op int

const (
	never     op = iota // a condition that cannot hold
	members             // the number of members
	equals              // a property outside content, without wildcards
	permitted           // the sender's power level
	is                  // a property equals a value
	contains            // a list holds a value
	globs               // a property with wildcards, or anywhere in content
	words               // content.body
	names               // content.body has the owner's display name
)

// Compile makes the rules in force for a user ready.
func Compile(user string, changes *Changes) *Compiled {
	if changes == nil || len(changes.Rules) == 0 && len(changes.Defaults) == 0 {
		return &Compiled{user: user, program: unchanged()}
	}
	return &Compiled{user: user, program: compile(changes.Ruleset(self))}
}

// CompileStored is Compile on what the store kept; nil for nothing.
func CompileStored(user string, stored []byte) (*Compiled, error) {
	changes, err := ParseChanges(stored)
	if err != nil {
		return nil, err
	}
	return Compile(user, changes), nil
}

var unchanged = sync.OnceValue(func() *program { return compile(Defaults(self)) })

func compile(set Ruleset) *program {
	p := &program{
		rooms:   byID(set.Room),
		senders: byID(set.Sender),
	}
	p.first = slices.Concat(compileAll(set.Override, false), compileAll(set.Content, true))
	p.underride = compileAll(set.Underride, false)
	p.names = slices.ContainsFunc(slices.Concat(p.first, p.underride), func(r rule) bool {
		return slices.ContainsFunc(r.checks, func(k check) bool { return k.op == names })
	})
	return p
}

// LooksForName tells whether the rules look for their owner's display name, so that Room must have it. Few do: it has to be looked up
// for each user.
func (c *Compiled) LooksForName() bool { return c.program.names }

func compileAll(rules []Rule, content bool) []rule {
	var out []rule
	for _, r := range rules {
		if !r.Enabled {
			continue
		}
		conditions := r.Conditions
		if content {
			conditions = []Condition{{Kind: eventMatch, Key: "content.body", Pattern: r.Pattern}}
		}
		out = append(out, rule{checks: compileChecks(conditions), result: resultOf(r)})
	}
	return out
}

// byID makes the rules whose id is all that they look at. Ids are unique within a kind.
func byID(rules []Rule) map[string]*rule {
	if len(rules) == 0 {
		return nil
	}
	out := make(map[string]*rule, len(rules))
	for _, r := range rules {
		if r.Enabled {
			out[r.ID] = &rule{result: resultOf(r)}
		}
	}
	return out
}

func compileChecks(conditions []Condition) []check {
	checks := make([]check, len(conditions))
	for i, c := range conditions {
		checks[i] = compileCheck(c)
	}
	slices.SortStableFunc(checks, func(a, b check) int { return int(a.op) - int(b.op) })
	return checks
}

func compileCheck(c Condition) check {
	switch c.Kind {
	case eventMatch:
		return compileMatch(c)
	case eventPropertyIs, eventPropertyContains:
		v, ok := parseValue(c.Value)
		if !ok || c.Key == "" {
			return check{op: never}
		}
		out := check{op: is, path: dotpath.Parse(c.Key), value: v, self: v.text == self}
		if c.Kind == eventPropertyContains {
			out.op = contains
		}
		return out
	case containsDisplayName:
		return check{op: names}
	case roomMemberCount:
		if out, ok := parseCount(c.Is); ok {
			return out
		}
	case notificationPermission:
		if c.Key != "" {
			return check{op: permitted, text: c.Key}
		}
	}
	// Unrecognised conditions must not match any event (Client-Server API, "Conditions").
	return check{op: never}
}

func compileMatch(c Condition) check {
	if c.Key == "" || c.Pattern == nil {
		return check{op: never}
	}
	out := check{op: globs, path: dotpath.Parse(c.Key), pattern: glob.Compile(strings.ToLower(*c.Pattern))}
	if c.Key == "content.body" {
		out.op = words
		return out
	}
	if *c.Pattern == self {
		out.self = true
	}
	text, plain := out.pattern.Text()
	if plain {
		out.text = text
		if out.path[0] != "content" {
			out.op = equals
		}
	}
	return out
}

// comparison is the sign of a member count.
type comparison int

const (
	equal comparison = iota
	less
	lessOrEqual
	greater
	greaterOrEqual
)

// parseCount reads the "is" of room_member_count.
func parseCount(is string) (check, bool) {
	out := check{op: members}
	switch {
	case strings.HasPrefix(is, "=="):
		is = is[2:]
	case strings.HasPrefix(is, "<="):
		out.compare, is = lessOrEqual, is[2:]
	case strings.HasPrefix(is, ">="):
		out.compare, is = greaterOrEqual, is[2:]
	case strings.HasPrefix(is, "<"):
		out.compare, is = less, is[1:]
	case strings.HasPrefix(is, ">"):
		out.compare, is = greater, is[1:]
	}
	n, err := strconv.ParseUint(is, 10, 31)
	out.count = int(n)
	return out, err == nil
}

// value is a simple JSON value, for exact comparison.
type value struct {
	text   string // of a string: itself; of anything else: its JSON
	string bool
}

func parseValue(raw json.RawMessage) (value, bool) {
	if !simpleValue(raw) {
		return value{}, false
	}
	text := strings.TrimSpace(string(raw))
	if text[0] != '"' {
		return value{text: text}, true
	}
	out := value{string: true}
	return out, json.Unmarshal(raw, &out.text) == nil
}
