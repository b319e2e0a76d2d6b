package push

import (
	"strings"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/glob"
)

// Result is what a user's rules say about an event. The zero value: no rule matched, no notification.
type Result struct {
	Notify    bool
	Highlight bool
	Sound     string   // empty for none
	RuleID    string   // the rule that matched
	Actions   []Action // all of its actions, for a push gateway; shared, not to be changed
}

func resultOf(r Rule) Result {
	actions := withoutHistorical(r.Actions)
	out := Result{RuleID: r.ID, Actions: actions}
	out.Notify, out.Highlight, out.Sound = outcome(actions)
	return out
}

// Evaluate gives the actions of the most important rule that matches. Nobody is notified of their own events (Client-Server API,
// "Push Rules").
func (c *Compiled) Evaluate(event *Prepared, room *Room) Result {
	if event.event.Sender == c.user {
		return Result{}
	}
	p := c.program
	if r := c.firstMatch(p.first, event, room); r != nil {
		return r.result
	}
	if r := p.rooms[event.event.RoomID]; r != nil {
		return r.result
	}
	if r := p.senders[event.event.Sender]; r != nil {
		return r.result
	}
	if r := c.firstMatch(p.underride, event, room); r != nil {
		return r.result
	}
	return Result{}
}

func (c *Compiled) firstMatch(rules []rule, event *Prepared, room *Room) *rule {
next:
	for i := range rules {
		for j := range rules[i].checks {
			if !c.holds(&rules[i].checks[j], event, room) {
				continue next
			}
		}
		return &rules[i]
	}
	return nil
}

func (c *Compiled) holds(k *check, event *Prepared, room *Room) bool {
	switch k.op {
	case members:
		return k.holdsCount(room.Members)
	case equals:
		text, ok := event.plain(k.path[0])
		return ok && len(k.path) == 1 && sameFold(text, c.text(k))
	case permitted:
		return room.MayNotify != nil && room.MayNotify(event.event.Sender, k.text)
	case is:
		return c.equal(k, event.at(k.path))
	case contains:
		return c.listHas(k, event.at(k.path))
	case globs:
		return c.matches(k, event.at(k.path))
	case words:
		body, ok := event.lowerBody()
		return ok && k.pattern.MatchWords(body)
	case names:
		body, ok := event.lowerBody()
		return ok && room.DisplayName != "" && glob.Literal(strings.ToLower(room.DisplayName)).MatchWords(body)
	}
	return false
}

func (c *Compiled) text(k *check) string {
	if k.self {
		return c.user
	}
	return k.text
}

// matches is event_match on any property but content.body: the whole of a string.
func (c *Compiled) matches(k *check, property gjson.Result) bool {
	if property.Type != gjson.String {
		return false
	}
	if k.self {
		return sameFold(property.Str, c.user)
	}
	if k.text != "" {
		return sameFold(property.Str, k.text)
	}
	return k.pattern.Match(strings.ToLower(property.Str))
}

// equal compares without any conversion between types.
func (c *Compiled) equal(k *check, property gjson.Result) bool {
	switch property.Type {
	case gjson.String:
		if k.self {
			return property.Str == c.user
		}
		return k.value.string && property.Str == k.value.text
	case gjson.Number, gjson.True, gjson.False:
		return !k.value.string && property.Raw == k.value.text
	case gjson.Null: // also the type of what does not exist
		return property.Exists() && !k.value.string && property.Raw == k.value.text
	}
	return false
}

func (c *Compiled) listHas(k *check, property gjson.Result) bool {
	if !property.IsArray() {
		return false
	}
	found := false
	property.ForEach(func(_, item gjson.Result) bool {
		found = c.equal(k, item)
		return !found
	})
	return found
}

func (k *check) holdsCount(n int) bool {
	switch k.compare {
	case less:
		return n < k.count
	case lessOrEqual:
		return n <= k.count
	case greater:
		return n > k.count
	case greaterOrEqual:
		return n >= k.count
	}
	return n == k.count
}

// sameFold compares without case. Strings of different length differ: that settles nearly every event type at once.
func sameFold(a, b string) bool {
	return len(a) == len(b) && (a == b || strings.EqualFold(a, b))
}
