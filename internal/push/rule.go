// Package push decides which events a user is notified of: the push rules of the Client-Server API.
//
// A user's rules are the server's defaults with the user's changes laid over them. Only the changes are kept (Changes), so that a new
// version of the server brings its new defaults to everyone. Changes.Ruleset joins the two; Compile makes of a ruleset what Evaluate
// runs for each event. A Compiled, an Event and a Room are immutable while in use, and any number of goroutines may share them.
//
// The package never reads or writes a database, never parses an event more than once, and never sends anything to a push gateway.
package push

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Kind is a kind of rule. Kinds are looked at in the order of Kinds.
type Kind string

// The kinds of rules, most important first (Client-Server API, "Push Rules").
const (
	KindOverride  Kind = "override"
	KindContent   Kind = "content"
	KindRoom      Kind = "room"
	KindSender    Kind = "sender"
	KindUnderride Kind = "underride"
)

// Kinds lists all kinds in the order in which they are checked.
func Kinds() []Kind {
	return []Kind{KindOverride, KindContent, KindRoom, KindSender, KindUnderride}
}

// hasConditions reports whether rules of this kind carry conditions of their own.
func (k Kind) hasConditions() bool { return k == KindOverride || k == KindUnderride }

// Rule is a push rule as clients see it. Within a kind the earlier rule is the more important one.
type Rule struct {
	ID         string      `json:"rule_id"`
	Default    bool        `json:"default"`
	Enabled    bool        `json:"enabled"`
	Conditions []Condition `json:"conditions,omitzero"` // override and underride only; all must hold
	Pattern    *string     `json:"pattern,omitempty"`   // content only
	Actions    []Action    `json:"actions"`
}

// Ruleset holds a user's rules by kind.
type Ruleset struct {
	Override  []Rule `json:"override"`
	Content   []Rule `json:"content"`
	Room      []Rule `json:"room"`
	Sender    []Rule `json:"sender"`
	Underride []Rule `json:"underride"`
}

// Of gives the rules of one kind, nil for a kind that does not exist.
func (s *Ruleset) Of(kind Kind) []Rule {
	if list := s.list(kind); list != nil {
		return *list
	}
	return nil
}

func (s *Ruleset) list(kind Kind) *[]Rule {
	switch kind {
	case KindOverride:
		return &s.Override
	case KindContent:
		return &s.Content
	case KindRoom:
		return &s.Room
	case KindSender:
		return &s.Sender
	case KindUnderride:
		return &s.Underride
	}
	return nil
}

// Find gives the rule with the given id.
func (s *Ruleset) Find(kind Kind, id string) (Rule, bool) {
	rules := s.Of(kind)
	i := indexOf(rules, id)
	if i < 0 {
		return Rule{}, false
	}
	return rules[i], true
}

func indexOf(rules []Rule, id string) int {
	return slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id })
}

// Content is the content of the m.push_rules account data event, and the answer of GET /pushrules/.
type Content struct {
	Global Ruleset `json:"global"`
}

// Condition is one condition of a rule. A condition whose kind this server does not know is kept as it came and never holds.
type Condition struct {
	Kind    string          `json:"kind"`
	Key     string          `json:"key,omitempty"`
	Pattern *string         `json:"pattern,omitempty"`
	Is      string          `json:"is,omitempty"`
	Value   json.RawMessage `json:"value,omitempty"`

	raw json.RawMessage // as it came, with members that this server does not know
}

// The kinds of conditions (Client-Server API, "Conditions").
const (
	eventMatch             = "event_match"
	eventPropertyIs        = "event_property_is"
	eventPropertyContains  = "event_property_contains"
	containsDisplayName    = "contains_display_name"
	roomMemberCount        = "room_member_count"
	notificationPermission = "sender_notification_permission"
)

type plainCondition Condition

// UnmarshalJSON keeps the condition as it came beside what it says.
func (c *Condition) UnmarshalJSON(data []byte) error {
	var plain plainCondition
	if err := json.Unmarshal(data, &plain); err != nil {
		return err
	}
	var raw bytes.Buffer
	if err := json.Compact(&raw, data); err != nil {
		return err
	}
	*c = Condition(plain)
	c.raw = raw.Bytes()
	return nil
}

// MarshalJSON gives the condition as it came.
func (c Condition) MarshalJSON() ([]byte, error) {
	if c.raw != nil {
		return c.raw, nil
	}
	return json.Marshal(plainCondition(c))
}
