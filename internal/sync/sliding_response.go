package sync

import (
	"encoding/json"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/store"
)

// SlidingResponse is the body of an answer, with the names that clients expect below the unstable prefix: "timeline" for what the
// proposal now calls "timeline_events", "invite_state" for "stripped_state".
type SlidingResponse struct {
	Pos        string                  `json:"pos"`
	TxnID      string                  `json:"txn_id,omitempty"`
	Lists      map[string]SlidingCount `json:"lists"`
	Rooms      map[string]*SlidingRoom `json:"rooms"`
	Extensions SlidingExtras           `json:"extensions"`

	next *sentState // what the connection will have been sent
	news bool       // worth answering at once
}

// SlidingCount is how many rooms pass a list's filters.
type SlidingCount struct {
	Count int `json:"count"`
}

// SlidingRoom is what is new of a room; what is left out has not changed. Name and Avatar are null where they were removed.
type SlidingRoom struct {
	Initial       bool              `json:"initial,omitempty"`
	Membership    string            `json:"membership,omitempty"`
	Lists         []string          `json:"lists,omitempty"`
	Name          json.RawMessage   `json:"name,omitempty"`
	Avatar        json.RawMessage   `json:"avatar,omitempty"`
	Heroes        []SlidingHero     `json:"heroes,omitempty"`
	IsDM          *bool             `json:"is_dm,omitempty"`
	Stripped      []json.RawMessage `json:"invite_state,omitempty"`
	RequiredState []json.RawMessage `json:"required_state,omitempty"`
	Timeline      []json.RawMessage `json:"timeline,omitempty"`
	Expanded      bool              `json:"unstable_expanded_timeline,omitempty"`
	Limited       bool              `json:"limited,omitempty"`
	PrevBatch     string            `json:"prev_batch,omitempty"`
	NumLive       *int              `json:"num_live,omitempty"`
	BumpStamp     int64             `json:"bump_stamp,omitempty"`
	Joined        *int64            `json:"joined_count,omitempty"`
	Invited       *int64            `json:"invited_count,omitempty"`
	Notifications *int              `json:"notification_count,omitempty"`
	Highlights    *int              `json:"highlight_count,omitempty"`
}

// SlidingHero is a member by whom a room without a name is named.
type SlidingHero struct {
	UserID      string `json:"user_id"`
	DisplayName string `json:"displayname,omitempty"`
	AvatarURL   string `json:"avatar_url,omitempty"`
}

// SlidingExtras are the answers of the extensions.
type SlidingExtras struct {
	ToDevice    *ToDeviceExtra    `json:"to_device,omitempty"`
	E2EE        *E2EEExtra        `json:"e2ee,omitempty"`
	AccountData *AccountDataExtra `json:"account_data,omitempty"`
	Receipts    *EphemeralExtra   `json:"receipts,omitempty"`
	Typing      *EphemeralExtra   `json:"typing,omitempty"`
}

// ToDeviceExtra is messages to the device (MSC3885).
type ToDeviceExtra struct {
	NextBatch string            `json:"next_batch"`
	Events    []json.RawMessage `json:"events"`
}

// E2EEExtra is what end-to-end encryption needs (MSC3884).
type E2EEExtra struct {
	DeviceLists    *DeviceLists   `json:"device_lists,omitempty"`
	OneTimeKeys    map[string]int `json:"device_one_time_keys_count"`
	UnusedFallback []string       `json:"device_unused_fallback_key_types"`
}

// AccountDataExtra is account data that changed (MSC3959).
type AccountDataExtra struct {
	Global []json.RawMessage            `json:"global"`
	Rooms  map[string][]json.RawMessage `json:"rooms"`
}

// EphemeralExtra is one event a room: receipts (MSC3960) or who types (MSC3961).
type EphemeralExtra struct {
	Rooms map[string]json.RawMessage `json:"rooms"`
}

// textOrNull is a JSON string, or null for none.
func textOrNull(s string) json.RawMessage {
	if s == "" {
		return json.RawMessage("null")
	}
	text, err := json.Marshal(s)
	if err != nil {
		return json.RawMessage("null") // strings always encode
	}
	return text
}

// hasVia tells whether a space's child event names a server.
func hasVia(ev *store.Event) bool { return gjson.GetBytes(ev.JSON, "content.via").IsArray() }
