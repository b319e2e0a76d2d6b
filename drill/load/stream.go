package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Seen is one thing that came down a client's stream.
type Seen struct {
	// ID is the event's id, or the tag of a message to the device.
	ID string `json:"id"`
	// From is the sender of a message to the device.
	From string `json:"from,omitempty"`
	// At is when it came, since the journal's start.
	At time.Duration `json:"at"`
	// Site is who gave it.
	Site int `json:"site"`
}

// Stream is what /sync has given a client.
type Stream struct {
	journal *Journal

	mu       sync.Mutex // guards what follows
	rooms    map[string][]Seen
	toDevice []Seen
	answers  []Seen // of /sync, without ids
	gaps     int    // timelines that were limited and had to be filled
}

// Rooms is a copy of what came of each room, in order.
func (s *Stream) Rooms() map[string][]Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := maps.Clone(s.rooms)
	for room, seen := range all {
		all[room] = slices.Clone(seen)
	}
	return all
}

// ToDevice is a copy of the messages that came to the device, in order.
func (s *Stream) ToDevice() []Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.toDevice)
}

// Gaps counts the timelines that were limited and had to be filled from the room's history.
func (s *Stream) Gaps() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gaps
}

type syncEvent struct {
	EventID string         `json:"event_id"`
	Sender  string         `json:"sender"`
	Content map[string]any `json:"content"`
}

type syncAnswer struct {
	NextBatch string `json:"next_batch"`
	Rooms     struct {
		Join map[string]struct {
			Timeline struct {
				Events    []syncEvent `json:"events"`
				Limited   bool        `json:"limited"`
				PrevBatch string      `json:"prev_batch"`
			} `json:"timeline"`
		} `json:"join"`
	} `json:"rooms"`
	ToDevice struct {
		Events []syncEvent `json:"events"`
	} `json:"to_device"`
	KeyCounts map[string]int `json:"device_one_time_keys_count"`
}

// syncFilter asks for long timelines and for little else.
var syncFilter = url.QueryEscape(`{"presence":{"types":[]},"account_data":{"types":[]},"room":{"ephemeral":{"types":[]},"account_data":{"types":[]},"timeline":{"limit":200}}}`)

// How long a client's /sync waits for news, and how long the client waits for its answer.
const (
	syncWait    = 4 * time.Second
	syncTimeout = syncWait + 2*time.Second
)

// follow syncs for as long as ctx lasts. It ends with an error only if it is refused.
func (c *Client) follow(ctx context.Context, keys func(left int)) error {
	since := ""
	for failures := 0; ctx.Err() == nil; {
		place, at, here := c.entrance()
		answer, err := c.syncOnce(ctx, here, at, since)
		var refused *RefusedError
		switch {
		case err == nil:
			failures = 0
		case errors.As(err, &refused):
			return fmt.Errorf("following the rooms of %s at site %d: %w", c.UserID, at.Site, err)
		default:
			if here.Err() == nil {
				c.move(place)
			}
			failures++
			if failures%len(c.entrances) == 0 {
				sleep(ctx, rest)
			}
			continue
		}
		if err := c.take(ctx, at.Site, since, answer); err != nil {
			return err
		}
		since = answer.NextBatch
		if left, ok := answer.KeyCounts[keyAlgorithm]; ok {
			keys(left)
		}
	}
	return nil
}

// syncOnce asks once, at an entrance, for as long as the client stays there.
func (c *Client) syncOnce(ctx, here context.Context, at Entrance, since string) (*syncAnswer, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(here, cancel)()
	path := fmt.Sprintf("%s/sync?filter=%s&timeout=%d&set_presence=offline", client3, syncFilter, syncWait.Milliseconds())
	if since != "" {
		path += "&since=" + url.QueryEscape(since)
	}
	var answer syncAnswer
	err := once(ctx, c.http, at.URL, &request{method: http.MethodGet, path: path, timeout: syncTimeout, token: c.token}, &answer)
	return &answer, err
}

// take adds an answer to the stream, with the gaps in its timelines filled.
func (c *Client) take(ctx context.Context, site int, since string, a *syncAnswer) error {
	fresh := map[string][]Seen{}
	gaps := 0
	for room, joined := range a.Rooms.Join {
		var ids []string
		if joined.Timeline.Limited && since != "" {
			gaps++
			missed, err := c.fill(ctx, room, joined.Timeline.PrevBatch, since)
			if err != nil {
				return err
			}
			ids = missed
		}
		for _, e := range joined.Timeline.Events {
			ids = append(ids, e.EventID)
		}
		for _, id := range ids {
			fresh[room] = append(fresh[room], Seen{ID: id, At: c.journal.Now(), Site: site})
		}
	}
	s := c.Stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rooms == nil {
		s.rooms = map[string][]Seen{}
	}
	for room, seen := range fresh {
		s.rooms[room] = append(s.rooms[room], seen...)
	}
	for _, e := range a.ToDevice.Events {
		tag, _ := e.Content[TagKey].(string)
		s.toDevice = append(s.toDevice, Seen{ID: tag, From: e.Sender, At: c.journal.Now(), Site: site})
	}
	s.answers = append(s.answers, Seen{At: c.journal.Now(), Site: site})
	s.gaps += gaps
	return nil
}

// fill reads what a limited timeline left out, the oldest first: Client-Server API, "Syncing": from prev_batch back to the former token.
func (c *Client) fill(ctx context.Context, room, from, to string) ([]string, error) {
	var ids []string
	for from != "" {
		path := fmt.Sprintf("%s/rooms/%s/messages?dir=b&limit=200&from=%s&to=%s", client3, url.PathEscape(room), url.QueryEscape(from), url.QueryEscape(to))
		var page Page
		if _, err := c.insist(ctx, &request{method: http.MethodGet, path: path}, &page, nil); err != nil {
			return nil, fmt.Errorf("filling a gap in %s: %w", room, err)
		}
		for _, e := range page.Chunk {
			ids = append(ids, e.EventID)
		}
		if len(page.Chunk) == 0 {
			break
		}
		from = page.End
	}
	slices.Reverse(ids)
	return ids, nil
}

// Page is a page of a room's history.
type Page struct {
	Chunk []struct {
		EventID string          `json:"event_id"`
		Type    string          `json:"type"`
		Content json.RawMessage `json:"content"`
	} `json:"chunk"`
	End string `json:"end"`
}

// sleep waits, but not past ctx.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
