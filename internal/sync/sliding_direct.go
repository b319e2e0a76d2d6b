package sync

import (
	"context"
	"fmt"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/store"
)

const (
	directType = "m.direct"
	tagType    = "m.tag"
)

// directData is what a user's account data says of rooms: which are direct, and which tags each has. The maps are never changed.
type directData struct {
	at     store.Pos // of the user's lane; 0: not loaded
	direct map[string]bool
	tags   map[string]map[string]bool // by room id
}

// directData is up to the answer's position.
func (x *slidingAnswer) directData(ctx context.Context) (directData, error) {
	g := &x.ses.sliding
	g.mu.Lock()
	d := g.direct
	g.mu.Unlock()
	to := x.snap.now[x.common.lane()]
	if d.at >= to && d.direct != nil {
		return d, nil
	}
	changed, ok := x.ses.accountDataBetween(d.at, to)
	if d.direct == nil || !ok {
		all, err := x.directOrTags(ctx)
		if err != nil {
			return d, fmt.Errorf("reading which rooms are direct: %w", err)
		}
		d, changed = directData{direct: map[string]bool{}, tags: map[string]map[string]bool{}}, all
	}
	d = d.with(changed)
	d.at = to
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.direct.at < d.at || g.direct.direct == nil {
		g.direct = d
	}
	return d, nil
}

// directOrTags is all the account data that directData looks at, which the first request of a connection has read with the rest.
func (x *slidingAnswer) directOrTags(ctx context.Context) (out []store.AccountData, err error) {
	if x.since == nil {
		for _, data := range x.common.data {
			out = append(out, data...)
		}
		return out, nil
	}
	err = x.s.Store.Read(ctx, func(tx *store.Tx) error {
		out, err = tx.AccountDataOfTypes(ctx, x.req.User, []string{directType, tagType})
		return err
	})
	return out, err
}

// with is d after some changes.
func (d directData) with(changed []store.AccountData) directData {
	copied := false
	for _, a := range changed {
		switch {
		case a.RoomID == "" && a.Type == directType:
			d.direct = directRooms(a.Content)
		case a.RoomID != "" && a.Type == tagType:
			if !copied {
				tags := make(map[string]map[string]bool, len(d.tags)+1)
				for id, t := range d.tags {
					tags[id] = t
				}
				d.tags, copied = tags, true
			}
			d.tags[a.RoomID] = tagsIn(a.Content)
		}
	}
	return d
}

// directRooms reads the content of m.direct (Client-Server API, "Direct Messaging").
func directRooms(content []byte) map[string]bool {
	out := map[string]bool{}
	gjson.ParseBytes(content).ForEach(func(_, rooms gjson.Result) bool {
		for _, id := range rooms.Array() {
			if id.Type == gjson.String {
				out[id.Str] = true
			}
		}
		return true
	})
	return out
}

// tagsIn reads the content of m.tag (Client-Server API, "Room Tagging").
func tagsIn(content []byte) map[string]bool {
	out := map[string]bool{}
	gjson.GetBytes(content, "tags").ForEach(func(tag, _ gjson.Result) bool {
		out[tag.Str] = true
		return true
	})
	return out
}
