package push

import (
	"strings"
	"sync/atomic"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/dotpath"
)

// Event is what the rules look at.
type Event struct {
	ID       string
	Type     string
	Sender   string
	RoomID   string
	StateKey *string // nil for a message event
	Content  []byte  // JSON object
}

// Room is what the rules look at in the event's room, as it is for the owner of the rules.
type Room struct {
	Members     int                           // joined members
	DisplayName string                        // the owner's, in this room; empty if there is none, or if no rule LooksForName
	MayNotify   func(sender, key string) bool // has the sender the power level for this kind of notification? nil for no
}

// Prepared is an event that was parsed once, to be evaluated for many users.
type Prepared struct {
	event  Event
	fields []field        // the members of content
	byName map[string]int // their places, if they are many
	body   atomic.Pointer[string]
}

type field struct {
	name  string
	value gjson.Result
}

// manyFields is where looking one by one gives way to a map, so that a content of thousands of members cannot make rules slow.
const manyFields = 16

// Prepare parses the event's content. Content that is not an object counts as empty.
func (e Event) Prepare() *Prepared {
	p := &Prepared{event: e}
	content := gjson.Parse(string(e.Content))
	if !content.IsObject() {
		return p
	}
	p.fields = make([]field, 0, 6)
	content.ForEach(func(key, value gjson.Result) bool {
		p.fields = append(p.fields, field{name: key.Str, value: value})
		return true
	})
	if len(p.fields) > manyFields {
		p.byName = make(map[string]int, len(p.fields))
		for i, f := range p.fields {
			if _, twice := p.byName[f.name]; !twice {
				p.byName[f.name] = i
			}
		}
	}
	return p
}

// at finds a property by its path. Properties outside content are those of Event.
func (p *Prepared) at(path []string) gjson.Result {
	if path[0] == "content" {
		if len(path) == 1 {
			return gjson.Result{}
		}
		return dotpath.Find(p.field(path[1]), path[2:])
	}
	if len(path) > 1 {
		return gjson.Result{}
	}
	if s, ok := p.plain(path[0]); ok {
		return gjson.Result{Type: gjson.String, Str: s}
	}
	return gjson.Result{}
}

// plain gives a property of the event that is a string and stands outside content.
func (p *Prepared) plain(name string) (string, bool) {
	switch name {
	case "type":
		return p.event.Type, true
	case "sender":
		return p.event.Sender, true
	case "room_id":
		return p.event.RoomID, true
	case "event_id":
		return p.event.ID, p.event.ID != ""
	case "state_key":
		if p.event.StateKey != nil {
			return *p.event.StateKey, true
		}
	}
	return "", false
}

func (p *Prepared) field(name string) gjson.Result {
	if p.byName != nil {
		if i, ok := p.byName[name]; ok {
			return p.fields[i].value
		}
		return gjson.Result{}
	}
	for i := range p.fields {
		if p.fields[i].name == name {
			return p.fields[i].value
		}
	}
	return gjson.Result{}
}

// lowerBody gives content.body in lower case; ok is false if it is not a string. It is made when a rule first asks for it: two
// goroutines that ask at once make it twice and agree.
func (p *Prepared) lowerBody() (body string, ok bool) {
	if known := p.body.Load(); known != nil {
		return *known, true
	}
	value := p.field("body")
	if value.Type != gjson.String {
		return "", false
	}
	lowered := strings.ToLower(value.Str)
	p.body.Store(&lowered)
	return lowered, true
}
