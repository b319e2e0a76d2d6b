package push

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

const notify = "notify"

// The tweaks that the server itself understands; all others pass through to the push gateway.
const (
	tweakSound     = "sound"
	tweakHighlight = "highlight"
)

// Action is what a matching rule does: either a name, or a tweak with its value.
type Action struct {
	Name  string          // "notify", or empty for a tweak
	Tweak string          // the name after set_tweak
	Value json.RawMessage // the tweak's value; nil if it has none
}

type tweakJSON struct {
	Tweak *string         `json:"set_tweak"`
	Value json.RawMessage `json:"value,omitempty"`
}

// MarshalJSON gives an action without parameters as a string and a tweak as an object (Client-Server API, "Actions").
func (a Action) MarshalJSON() ([]byte, error) {
	if a.Tweak == "" {
		return json.Marshal(a.Name)
	}
	return json.Marshal(tweakJSON{Tweak: &a.Tweak, Value: a.Value})
}

// UnmarshalJSON reads either form. Whether the action is a known one is for the caller to say.
func (a *Action) UnmarshalJSON(data []byte) error {
	*a = Action{}
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &a.Name)
	}
	var tweak tweakJSON
	if err := json.Unmarshal(data, &tweak); err != nil {
		return fmt.Errorf("reading an action: %w", err)
	}
	if tweak.Tweak == nil || *tweak.Tweak == "" {
		return errors.New("an action is a string or an object with set_tweak")
	}
	a.Tweak, a.Value = *tweak.Tweak, tweak.Value
	return nil
}

// historical reports the actions that every server and client must ignore (Client-Server API, "Historical Actions").
func (a Action) historical() bool { return a.Name == "dont_notify" || a.Name == "coalesce" }

// withoutHistorical gives the actions that count. It is never nil, since "actions" is a required list.
func withoutHistorical(actions []Action) []Action {
	out := slices.DeleteFunc(slices.Clone(actions), Action.historical)
	if out == nil {
		return []Action{}
	}
	return out
}

func sameActions(a, b []Action) bool {
	return slices.EqualFunc(a, b, func(x, y Action) bool {
		return x.Name == y.Name && x.Tweak == y.Tweak && string(x.Value) == string(y.Value)
	})
}

// outcome is what the actions amount to.
func outcome(actions []Action) (notifies, highlights bool, sound string) {
	for _, a := range actions {
		switch {
		case a.Name == notify:
			notifies = true
		case a.Tweak == tweakSound:
			if json.Unmarshal(a.Value, &sound) != nil {
				sound = ""
			}
		case a.Tweak == tweakHighlight:
			// A highlight tweak without a value is true.
			highlights = a.Value == nil || string(a.Value) == "true"
		}
	}
	if !notifies {
		return false, false, ""
	}
	return notifies, highlights, sound
}
