package push

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"bongsu.org/bongsu/internal/mxerr"
)

// MaxRules bounds a user's own rules, of all kinds together.
const MaxRules = 2000

// Changes is what a user changed about the server's default rules: own rules, in their order, and the default rules that were switched
// or given other actions. The zero value changes nothing. It is what the store keeps.
type Changes struct {
	Rules    map[Kind][]Rule            `json:"rules,omitempty"`
	Defaults map[Kind]map[string]Switch `json:"defaults,omitempty"`
}

// Switch is the change of one default rule; what is nil is as the server has it.
type Switch struct {
	Enabled *bool     `json:"enabled,omitempty"`
	Actions *[]Action `json:"actions,omitempty"`
}

// Place says where a rule goes among the user's own rules of its kind.
type Place struct {
	Before string // next more important than this rule
	After  string // next less important than this rule
}

// ParseChanges reads what the store kept; nothing means no changes.
func ParseChanges(stored []byte) (*Changes, error) {
	c := new(Changes)
	if len(stored) == 0 {
		return c, nil
	}
	if err := json.Unmarshal(stored, c); err != nil {
		return nil, fmt.Errorf("reading stored push rules: %w", err)
	}
	return c, nil
}

// maxStored bounds what one user's changes take in the store.
const maxStored = 512 << 10

// Encode gives what the store is to keep.
func (c *Changes) Encode() ([]byte, error) {
	out, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("writing push rules: %w", err)
	}
	if len(out) > maxStored {
		return nil, mxerr.New(http.StatusBadRequest, mxerr.ResourceLimitExceeded, "A user's push rules can take at most %d bytes", maxStored)
	}
	return out, nil
}

// Render makes the content of m.push_rules, as clients read it, from what the store kept for the user (nil for nothing).
func Render(user string, stored []byte) (json.RawMessage, error) {
	changes, err := ParseChanges(stored)
	if err != nil {
		return nil, err
	}
	return json.Marshal(Content{Global: changes.Ruleset(user)})
}

// Ruleset gives the rules in force: the server's defaults with the changes laid over them.
func (c *Changes) Ruleset(user string) Ruleset {
	set := Defaults(user)
	for _, kind := range Kinds() {
		list := set.list(kind)
		for i := range *list {
			rule := &(*list)[i]
			c.Defaults[kind][rule.ID].apply(rule)
		}
		*list = c.join(kind, *list)
	}
	return set
}

// join puts the user's own rules before the defaults, but after the master rule, which comes before all (Client-Server API,
// "Predefined Rules").
func (c *Changes) join(kind Kind, defaults []Rule) []Rule {
	at := 0
	if len(defaults) > 0 && defaults[0].ID == ruleMaster {
		at = 1
	}
	return slices.Insert(defaults, at, c.Rules[kind]...)
}

func (s Switch) apply(rule *Rule) {
	if s.Enabled != nil {
		rule.Enabled = *s.Enabled
	}
	if s.Actions != nil {
		rule.Actions = *s.Actions
	}
}

// Put adds the user's own rule, or replaces the one with its id. A new rule is enabled and, without a place, the most important of its
// kind; a replaced one keeps its switch and, without a place, its position.
func (c *Changes) Put(kind Kind, rule Rule, place Place) error {
	if err := checkRule(kind, &rule); err != nil {
		return err
	}
	rules := slices.Clone(c.Rules[kind])
	rule.Default, rule.Enabled = false, true
	at := 0
	if old := indexOf(rules, rule.ID); old >= 0 {
		rule.Enabled = rules[old].Enabled
		rules = slices.Delete(rules, old, old+1)
		at = old
	} else if c.count() >= MaxRules {
		return mxerr.New(http.StatusBadRequest, mxerr.ResourceLimitExceeded, "A user can have at most %d push rules", MaxRules)
	}
	at, err := place.index(rules, at)
	if err != nil {
		return err
	}
	c.setRules(kind, slices.Insert(rules, at, rule))
	return nil
}

// index finds the position in rules, which do not hold the rule to be placed. Without a place it is the given one.
func (p Place) index(rules []Rule, otherwise int) (int, error) {
	at := otherwise
	if p.After != "" {
		i, err := p.find(rules, p.After)
		if err != nil {
			return 0, err
		}
		at = i + 1
	}
	// With both, the rule goes next to "before" (Client-Server API, PUT /pushrules).
	if p.Before != "" {
		i, err := p.find(rules, p.Before)
		if err != nil {
			return 0, err
		}
		at = i
	}
	return at, nil
}

func (p Place) find(rules []Rule, id string) (int, error) {
	if strings.HasPrefix(id, ".") {
		return 0, mxerr.InvalidParamf("A rule cannot be placed relative to the predefined rule %s", id)
	}
	i := indexOf(rules, id)
	if i < 0 {
		return 0, mxerr.New(http.StatusBadRequest, mxerr.Unknown, "before/after rule not found: %s", id)
	}
	return i, nil
}

// Delete removes one of the user's own rules.
func (c *Changes) Delete(kind Kind, id string) error {
	i := indexOf(c.Rules[kind], id)
	if i >= 0 {
		c.setRules(kind, slices.Delete(slices.Clone(c.Rules[kind]), i, i+1))
		return nil
	}
	if _, ok := predefinedRule(kind, id); ok {
		return mxerr.InvalidParamf("The predefined rule %s cannot be deleted, only disabled", id)
	}
	return ruleNotFound()
}

// SetEnabled switches a rule, own or default, on or off.
func (c *Changes) SetEnabled(kind Kind, id string, enabled bool) error {
	return c.edit(kind, id, func(rule *Rule) { rule.Enabled = enabled })
}

// SetActions gives a rule, own or default, other actions.
func (c *Changes) SetActions(kind Kind, id string, actions []Action) error {
	actions, err := checkActions(actions)
	if err != nil {
		return err
	}
	return c.edit(kind, id, func(rule *Rule) { rule.Actions = actions })
}

func (c *Changes) edit(kind Kind, id string, change func(*Rule)) error {
	if i := indexOf(c.Rules[kind], id); i >= 0 {
		rules := slices.Clone(c.Rules[kind])
		change(&rules[i])
		c.setRules(kind, rules)
		return nil
	}
	original, ok := predefinedRule(kind, id)
	if !ok {
		return ruleNotFound()
	}
	edited := original
	c.Defaults[kind][id].apply(&edited)
	change(&edited)
	c.setSwitch(kind, id, difference(original, edited))
	return nil
}

// difference keeps only what is not as the server has it.
func difference(original, edited Rule) Switch {
	var s Switch
	if edited.Enabled != original.Enabled {
		s.Enabled = &edited.Enabled
	}
	if !sameActions(edited.Actions, original.Actions) {
		s.Actions = &edited.Actions
	}
	return s
}

func (c *Changes) setSwitch(kind Kind, id string, s Switch) {
	if s == (Switch{}) {
		delete(c.Defaults[kind], id)
		return
	}
	if c.Defaults == nil {
		c.Defaults = map[Kind]map[string]Switch{}
	}
	if c.Defaults[kind] == nil {
		c.Defaults[kind] = map[string]Switch{}
	}
	c.Defaults[kind][id] = s
}

func (c *Changes) setRules(kind Kind, rules []Rule) {
	if c.Rules == nil {
		c.Rules = map[Kind][]Rule{}
	}
	c.Rules[kind] = rules
}

func (c *Changes) count() int {
	n := 0
	for _, rules := range c.Rules {
		n += len(rules)
	}
	return n
}

// predefinedRule looks among the defaults; which user they are for changes neither ids nor switches nor actions.
func predefinedRule(kind Kind, id string) (Rule, bool) {
	set := Defaults("")
	return set.Find(kind, id)
}

func ruleNotFound() error { return mxerr.NotFoundf("The push rule was not found.") }
