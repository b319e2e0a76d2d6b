package filter

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"bongsu.org/bongsu/internal/mxerr"
)

type filterJSON struct {
	Fields      []string    `json:"event_fields"`
	Format      *string     `json:"event_format"`
	Presence    *eventsJSON `json:"presence"`
	AccountData *eventsJSON `json:"account_data"`
	Room        *roomJSON   `json:"room"`
}

type roomJSON struct {
	Rooms        []string        `json:"rooms"`
	NotRooms     []string        `json:"not_rooms"`
	IncludeLeave bool            `json:"include_leave"`
	Ephemeral    *roomEventsJSON `json:"ephemeral"`
	State        *roomEventsJSON `json:"state"`
	Timeline     *roomEventsJSON `json:"timeline"`
	AccountData  *roomEventsJSON `json:"account_data"`
}

type eventsJSON struct {
	Limit      *int64   `json:"limit"`
	Senders    []string `json:"senders"`
	NotSenders []string `json:"not_senders"`
	Types      []string `json:"types"`
	NotTypes   []string `json:"not_types"`
}

type roomEventsJSON struct {
	eventsJSON
	Rooms                     []string `json:"rooms"`
	NotRooms                  []string `json:"not_rooms"`
	ContainsURL               *bool    `json:"contains_url"`
	LazyLoadMembers           bool     `json:"lazy_load_members"`
	IncludeRedundantMembers   bool     `json:"include_redundant_members"`
	UnreadThreadNotifications bool     `json:"unread_thread_notifications"`
	RelatedBySenders          []string `json:"related_by_senders"`
	RelatedByRelTypes         []string `json:"related_by_rel_types"`
}

// Parse reads and checks a whole filter. Members that this server does not know are ignored.
func Parse(data []byte) (*Filter, error) {
	var in filterJSON
	if err := decode(data, &in); err != nil {
		return nil, err
	}
	var source bytes.Buffer
	if err := json.Compact(&source, data); err != nil {
		return nil, mxerr.New(http.StatusBadRequest, mxerr.NotJSON, "The filter is not JSON")
	}
	out := &Filter{source: source.Bytes(), Format: FormatClient}
	if in.Format != nil {
		out.Format = Format(*in.Format)
	}
	if out.Format != FormatClient && out.Format != FormatFederation {
		return nil, mxerr.InvalidParamf("event_format is client or federation")
	}
	var p parser
	out.Fields = p.fields(in.Fields)
	out.Presence = p.events("presence", in.Presence)
	out.AccountData = p.events("account_data", in.AccountData)
	out.Room = p.room(in.Room)
	return out, p.err
}

// ParseRoomEvents reads and checks a filter for the events of rooms, as for /messages.
func ParseRoomEvents(data []byte) (*RoomEvents, error) {
	var in roomEventsJSON
	if err := decode(data, &in); err != nil {
		return nil, err
	}
	var p parser
	out := p.roomEvents("filter", &in)
	return out, p.err
}

func decode(data []byte, into any) error {
	if len(data) > MaxSize {
		return mxerr.TooLargef("A filter has at most %d bytes", MaxSize)
	}
	if !json.Valid(data) {
		return mxerr.New(http.StatusBadRequest, mxerr.NotJSON, "The filter is not JSON")
	}
	if trimmed := bytes.TrimSpace(data); trimmed[0] != '{' {
		return mxerr.BadJSONf("A filter is a JSON object")
	}
	err := json.Unmarshal(data, into)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		// The decoder also names the embedded struct, which clients know nothing of.
		place := strings.ReplaceAll(wrong.Field, "eventsJSON.", "")
		return mxerr.BadJSONf("In the filter, %q cannot be a JSON %s", place, wrong.Value)
	case err != nil:
		return mxerr.BadJSONf("The filter cannot be read")
	}
	return nil
}

// parser keeps the first error, so that the parts of a filter read as a list of what they are.
type parser struct {
	err error
}

func (p *parser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *parser) room(in *roomJSON) Room {
	if in == nil {
		return Room{}
	}
	return Room{
		IncludeLeave: in.IncludeLeave,
		rooms:        p.set("room.rooms", "!", in.Rooms, in.NotRooms),
		Ephemeral:    p.roomEvents("room.ephemeral", in.Ephemeral),
		State:        p.roomEvents("room.state", in.State),
		Timeline:     p.roomEvents("room.timeline", in.Timeline),
		AccountData:  p.roomEvents("room.account_data", in.AccountData),
	}
}

func (p *parser) events(name string, in *eventsJSON) *Events {
	if in == nil {
		return nil
	}
	p.typeLists(name, in.Types, in.NotTypes)
	return &Events{
		limit:   p.limit(name, in.Limit),
		senders: p.set(name+".senders", "@", in.Senders, in.NotSenders),
		types:   makeTypes(in.Types, in.NotTypes),
	}
}

func (p *parser) roomEvents(name string, in *roomEventsJSON) *RoomEvents {
	if in == nil {
		return nil
	}
	p.entries(name+".related_by_senders", "@", in.RelatedBySenders)
	p.entries(name+".related_by_rel_types", "", in.RelatedByRelTypes)
	return &RoomEvents{
		Events:                    *p.events(name, &in.eventsJSON),
		LazyLoadMembers:           in.LazyLoadMembers,
		IncludeRedundantMembers:   in.IncludeRedundantMembers,
		UnreadThreadNotifications: in.UnreadThreadNotifications,
		RelatedBySenders:          in.RelatedBySenders,
		RelatedByRelTypes:         in.RelatedByRelTypes,
		rooms:                     p.set(name+".rooms", "!", in.Rooms, in.NotRooms),
		containsURL:               in.ContainsURL,
	}
}

// limit: an integer greater than 0. Some clients send 0 to have as little as possible; they get the least there is.
func (p *parser) limit(name string, limit *int64) int {
	switch {
	case limit == nil:
		return 0
	case *limit < 0:
		p.fail(mxerr.InvalidParamf("%s.limit must be greater than 0", name))
		return 0
	}
	return int(min(max(*limit, 1), MaxLimit))
}

func (p *parser) set(name, sigil string, include, exclude []string) set {
	p.entries(name, sigil, include)
	p.entries(name+" to exclude", sigil, exclude)
	return set{include: makeNames(include), exclude: makeNames(exclude)}
}

func (p *parser) entries(name, sigil string, list []string) {
	if len(list) > maxEntries {
		p.fail(mxerr.InvalidParamf("%s has at most %d entries", name, maxEntries))
		return
	}
	for _, entry := range list {
		if !strings.HasPrefix(entry, sigil) {
			p.fail(mxerr.InvalidParamf("%s: %q does not start with %s", name, shortened(entry), sigil))
			return
		}
	}
}

func (p *parser) typeLists(name string, lists ...[]string) {
	for _, list := range lists {
		p.entries(name+".types", "", list)
		wildcards := 0
		for _, t := range list {
			if strings.Contains(t, "*") {
				wildcards++
			}
		}
		if wildcards > maxWildcard {
			p.fail(mxerr.InvalidParamf("%s has at most %d types with a wildcard", name, maxWildcard))
		}
	}
}

func shortened(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
