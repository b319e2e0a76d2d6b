package push

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"bongsu.org/bongsu/internal/mxerr"
)

// Bounds of one rule. They are far above what clients write, and keep the work for one event small.
const (
	maxRuleID     = 255
	maxConditions = 32
	maxCondition  = 4 << 10 // bytes of one condition's JSON
	maxActions    = 16
	maxAction     = 1 << 10 // bytes of one action's name and value
	maxPattern    = 1 << 10
)

// ParseKind reads the kind in a path.
func ParseKind(s string) (Kind, error) {
	kind := Kind(s)
	if new(Ruleset).list(kind) == nil {
		return "", mxerr.InvalidParamf("There is no kind of push rules %q; the kinds are override, underride, sender, room and content", s)
	}
	return kind, nil
}

// checkRule checks a rule that a user wrote, and drops what does not belong to its kind.
func checkRule(kind Kind, rule *Rule) error {
	if err := checkID(rule.ID); err != nil {
		return err
	}
	if rule.Actions == nil {
		return mxerr.MissingParamf("A push rule needs actions")
	}
	actions, err := checkActions(rule.Actions)
	if err != nil {
		return err
	}
	rule.Actions = actions
	if kind != KindContent {
		rule.Pattern = nil
	} else if err := checkPattern(rule.Pattern); err != nil {
		return err
	}
	if !kind.hasConditions() {
		rule.Conditions = nil
		return nil
	}
	if rule.Conditions == nil {
		rule.Conditions = []Condition{} // no conditions: it always matches
	}
	return checkConditions(rule.Conditions)
}

// checkID: a leading dot is reserved for the server's rules, slashes and backslashes are not allowed (Client-Server API,
// PUT /pushrules/global/{kind}/{ruleId}).
func checkID(id string) error {
	switch {
	case id == "":
		return mxerr.InvalidParamf("A push rule needs an id")
	case len(id) > maxRuleID:
		return mxerr.InvalidParamf("A push rule's id has at most %d bytes", maxRuleID)
	case id[0] == '.':
		return mxerr.InvalidParamf("Rule ids that start with a dot are reserved for the server's rules")
	case strings.ContainsAny(id, `/\`):
		return mxerr.InvalidParamf("A push rule's id has no slash and no backslash")
	}
	return nil
}

func checkPattern(pattern *string) error {
	if pattern == nil {
		return mxerr.MissingParamf("A content rule needs a pattern")
	}
	if len(*pattern) > maxPattern {
		return mxerr.InvalidParamf("A pattern has at most %d bytes", maxPattern)
	}
	return nil
}

func checkActions(actions []Action) ([]Action, error) {
	if actions == nil {
		return nil, mxerr.MissingParamf("The actions are missing")
	}
	if len(actions) > maxActions {
		return nil, mxerr.InvalidParamf("A push rule has at most %d actions", maxActions)
	}
	actions = withoutHistorical(actions)
	for _, a := range actions {
		if a.Tweak == "" && a.Name != notify {
			return nil, mxerr.InvalidParamf("There is no action %q", a.Name)
		}
		if len(a.Tweak)+len(a.Value) > maxAction {
			return nil, mxerr.InvalidParamf("An action has at most %d bytes", maxAction)
		}
	}
	return actions, nil
}

func checkConditions(conditions []Condition) error {
	if len(conditions) > maxConditions {
		return mxerr.InvalidParamf("A push rule has at most %d conditions", maxConditions)
	}
	for _, c := range conditions {
		if len(c.raw) > maxCondition {
			return mxerr.InvalidParamf("A condition has at most %d bytes", maxCondition)
		}
		if err := c.check(); err != nil {
			return err
		}
	}
	return nil
}

// check refuses a condition of a known kind that can never hold because a part is missing. Unknown kinds are kept: a newer client may
// know them.
func (c Condition) check() error {
	switch c.Kind {
	case "":
		return mxerr.MissingParamf("A condition needs a kind")
	case eventMatch:
		if c.Key == "" || c.Pattern == nil {
			return mxerr.MissingParamf("An event_match condition needs key and pattern")
		}
		return checkPattern(c.Pattern)
	case eventPropertyIs, eventPropertyContains:
		if c.Key == "" || c.Value == nil {
			return mxerr.MissingParamf("A condition %s needs key and value", c.Kind)
		}
		if !simpleValue(c.Value) {
			return mxerr.InvalidParamf("The value of %s is a string, an integer, true, false or null", c.Kind)
		}
	case notificationPermission:
		if c.Key == "" {
			return mxerr.MissingParamf("A sender_notification_permission condition needs key")
		}
	case roomMemberCount:
		if _, ok := parseCount(c.Is); !ok {
			return mxerr.InvalidParamf("%q is not a number of members, such as 2 or >=10", c.Is)
		}
	}
	return nil
}

var integer = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,15})$`)

// simpleValue reports whether the JSON is a value of canonical JSON other than an object or a list.
func simpleValue(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return false
	}
	switch raw[0] {
	case '"', 't', 'f', 'n':
		return true // the decoder has already seen that it is valid JSON
	}
	return integer.Match(raw)
}
