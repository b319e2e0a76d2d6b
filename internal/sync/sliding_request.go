package sync

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
)

// Bounds of a request.
const (
	slidingLists     = 100 // MSC4186: "Max lists: 100"
	slidingRooms     = 1000
	slidingRanges    = 20
	slidingElements  = 500
	slidingTimeline  = 1000
	slidingNameBytes = 255
)

// SlidingRequest is one call of sliding sync (MSC4186). Both forms in which clients send it are read: that of the proposal, and the
// earlier one below the unstable prefix, with "ranges", pairs for the required state, and "is_invite".
type SlidingRequest struct {
	User    string        `json:"-"`
	Device  string        `json:"-"`
	Timeout time.Duration `json:"-"`

	ConnID        string                   `json:"conn_id"`
	TxnID         string                   `json:"txn_id"`
	Pos           string                   `json:"pos"`
	TimeoutMS     int64                    `json:"timeout"`
	SetPresence   string                   `json:"set_presence"`
	Lists         map[string]SlidingList   `json:"lists"`
	Subscriptions map[string]SlidingConfig `json:"room_subscriptions"`
	Extensions    SlidingExtensions        `json:"extensions"`
}

// SlidingConfig is what a rule wants of each of its rooms.
type SlidingConfig struct {
	TimelineLimit int            `json:"timeline_limit"`
	RequiredState *RequiredState `json:"required_state"`

	key string // of the required state
}

// SlidingList is a rule for the rooms at some places of the list of all rooms that pass its filters.
type SlidingList struct {
	SlidingConfig
	Range   *[2]int        `json:"range"`
	Ranges  [][2]int       `json:"ranges"`
	Filters *SlidingFilter `json:"filters"`
}

// SlidingFilter narrows a list.
type SlidingFilter struct {
	IsDM         *bool     `json:"is_dm"`
	IsEncrypted  *bool     `json:"is_encrypted"`
	IsInvite     *bool     `json:"is_invite"`
	IsInvited    *bool     `json:"is_invited"`
	Spaces       []string  `json:"spaces"`
	RoomTypes    []*string `json:"room_types"`
	NotRoomTypes []*string `json:"not_room_types"`
	Tags         []string  `json:"tags"`
	NotTags      []string  `json:"not_tags"`
}

// SlidingExtensions are the parts beside the rooms.
type SlidingExtensions struct {
	ToDevice    *ToDeviceExtension `json:"to_device"`
	E2EE        *SlidingExtension  `json:"e2ee"`
	AccountData *SlidingExtension  `json:"account_data"`
	Receipts    *SlidingExtension  `json:"receipts"`
	Typing      *SlidingExtension  `json:"typing"`
}

// SlidingExtension asks for an extension, in the rooms of some lists and subscriptions; of all, where none are named.
type SlidingExtension struct {
	Enabled bool     `json:"enabled"`
	Lists   []string `json:"lists"`
	Rooms   []string `json:"rooms"`
}

// ToDeviceExtension asks for the messages to the device (MSC3885).
type ToDeviceExtension struct {
	Enabled bool   `json:"enabled"`
	Since   string `json:"since"`
	Limit   *int   `json:"limit"`
}

func (e *SlidingExtension) on() bool { return e != nil && e.Enabled }

// RequiredState says which state is wanted. It is immutable once read.
type RequiredState struct {
	Include []StatePattern `json:"i,omitempty"`
	Exclude []StatePattern `json:"e,omitempty"`
	// Lazy: members are sent with the events of theirs.
	Lazy bool `json:"l,omitempty"`
}

// StatePattern matches state events; a field that is nil matches all.
type StatePattern struct {
	Type *string `json:"t,omitempty"`
	Key  *string `json:"k,omitempty"`
}

// UnmarshalJSON reads both forms.
func (r *RequiredState) UnmarshalJSON(text []byte) error {
	*r = RequiredState{}
	if strings.HasPrefix(strings.TrimSpace(string(text)), "[") {
		return r.readPairs(text)
	}
	type pattern struct {
		Type     *string `json:"type"`
		StateKey *string `json:"state_key"`
	}
	var in struct {
		Include []pattern `json:"include"`
		Exclude []pattern `json:"exclude"`
		Lazy    bool      `json:"lazy_members"`
	}
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	for _, p := range in.Include {
		r.Include = append(r.Include, StatePattern{p.Type, p.StateKey})
	}
	for _, p := range in.Exclude {
		r.Exclude = append(r.Exclude, StatePattern{p.Type, p.StateKey})
	}
	r.Lazy = in.Lazy
	return nil
}

// The special values of the earlier form. "$ME" stands for the user.
const (
	anyState  = "*"
	lazyState = "$LAZY"
	ownState  = "$ME"
)

func (r *RequiredState) readPairs(text []byte) error {
	var pairs [][]string
	if err := json.Unmarshal(text, &pairs); err != nil {
		return err
	}
	for _, p := range pairs {
		if len(p) != 2 {
			return mxerr.BadJSONf("required_state must be pairs of a type and a state key")
		}
		if p[1] == lazyState {
			r.Lazy = true
			continue
		}
		r.Include = append(r.Include, StatePattern{unlessAny(p[0]), unlessAny(p[1])})
	}
	return nil
}

func unlessAny(s string) *string {
	if s == anyState {
		return nil
	}
	return &s
}

// check holds a request against the bounds, and puts it into the form in which it is worked on.
func (r *SlidingRequest) check() error {
	if len(r.ConnID) > slidingNameBytes {
		return mxerr.InvalidParamf("conn_id is longer than %d bytes", slidingNameBytes)
	}
	if len(r.Lists) > slidingLists {
		return mxerr.InvalidParamf("There are more than %d lists", slidingLists)
	}
	if len(r.Subscriptions) > slidingRooms {
		return mxerr.InvalidParamf("There are more than %d room subscriptions", slidingRooms)
	}
	for name, l := range r.Lists {
		if err := l.check(name, r.User); err != nil {
			return err
		}
		r.Lists[name] = l
	}
	for id, c := range r.Subscriptions {
		if err := c.check(r.User); err != nil {
			return err
		}
		r.Subscriptions[id] = c
	}
	return nil
}

func (l *SlidingList) check(name, user string) error {
	if len(name) > slidingNameBytes {
		return mxerr.InvalidParamf("The name of a list is longer than %d bytes", slidingNameBytes)
	}
	if l.Range != nil {
		l.Ranges = [][2]int{*l.Range}
	}
	if len(l.Ranges) > slidingRanges {
		return mxerr.InvalidParamf("A list has more than %d ranges", slidingRanges)
	}
	for _, r := range l.Ranges {
		if r[0] < 0 || r[1] < r[0] {
			return mxerr.InvalidParamf("A range must be two indexes, the lower one first")
		}
	}
	return l.SlidingConfig.check(user)
}

func (c *SlidingConfig) check(user string) error {
	if c.TimelineLimit < 0 {
		return mxerr.InvalidParamf("timeline_limit must be a whole number of at least 0")
	}
	c.TimelineLimit = min(c.TimelineLimit, slidingTimeline)
	if c.RequiredState == nil {
		c.RequiredState = &RequiredState{}
	}
	if len(c.RequiredState.Include)+len(c.RequiredState.Exclude) > slidingElements {
		return mxerr.InvalidParamf("required_state has more than %d elements", slidingElements)
	}
	for i, p := range c.RequiredState.Include {
		if p.Key != nil && *p.Key == ownState {
			c.RequiredState.Include[i].Key = &user
		}
	}
	c.key = c.RequiredState.key()
	return nil
}

// inRange tells whether a list wants the room at an index; where there is no field for ranges, it wants all.
func (l *SlidingList) inRange(i int) bool {
	if l.Ranges == nil {
		return true
	}
	return slices.ContainsFunc(l.Ranges, func(r [2]int) bool { return r[0] <= i && i <= r[1] })
}
