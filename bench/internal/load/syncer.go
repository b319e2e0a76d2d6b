package load

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/bench/internal/client"
)

const (
	// longPoll is the timeout that clients ask for; the connection waits a while longer.
	longPoll      = 30 * time.Second
	longPollQuery = "30000"
	syncTimeout   = longPoll + 30*time.Second
	// retryPause is what a client waits after a failed /sync.
	retryPause = 200 * time.Millisecond
	// gapPages bounds how many pages of /messages a client fetches to fill a gap.
	gapPages = 1000
)

// counters are shared by the syncers of a run.
type counters struct {
	sightings atomic.Int64          // of sent events
	syncs     atomic.Int64          // answers to /sync
	bytes     atomic.Int64          // in those answers
	limited   atomic.Int64          // timelines with a gap
	errors    atomic.Int64          // failed /sync calls
	first     atomic.Pointer[error] // of them
}

func (c *counters) fail(err error) {
	c.errors.Add(1)
	c.first.CompareAndSwap(nil, &err)
}

// syncer is one member's long-polling client. One goroutine owns it until run returns.
type syncer struct {
	conn  *client.Conn
	user  client.Session
	room  string
	clock func() time.Duration
	count *counters
	log   Log
	since string
	stop  atomic.Bool
	ready chan<- error // gets the outcome of the first sync
}

func (s *syncer) run() {
	err := s.sync(true)
	s.ready <- err
	if err != nil {
		return
	}
	for !s.stop.Load() {
		if err := s.sync(false); err != nil && !s.stop.Load() {
			s.count.fail(err)
			time.Sleep(retryPause)
		}
	}
}

// halt ends run, whatever it waits for.
func (s *syncer) halt() {
	s.stop.Store(true)
	s.conn.Close()
}

func (s *syncer) sync(first bool) error {
	path := "/_matrix/client/v3/sync?timeout=" + longPollQuery
	if first {
		path = "/_matrix/client/v3/sync?timeout=0"
	} else {
		path += "&since=" + url.QueryEscape(s.since)
	}
	status, body, err := s.conn.Do(client.Request{Method: http.MethodGet, Path: path, Token: s.user.Token, Timeout: syncTimeout})
	if err != nil {
		return err
	}
	now := s.clock()
	if status != http.StatusOK {
		return fmt.Errorf("syncing: status %d: %.200s", status, body)
	}
	s.count.syncs.Add(1)
	s.count.bytes.Add(int64(len(body)))
	answer := gjson.Parse(unsafe.String(unsafe.SliceData(body), len(body)))
	next := strings.Clone(answer.Get("next_batch").Str)
	if next == "" {
		return errors.New("syncing: the answer has no next_batch")
	}
	var gap string
	seen := len(s.log.Seen)
	answer.Get("rooms.join").ForEach(func(id, room gjson.Result) bool {
		timeline := room.Get("timeline")
		if id.Str == s.room && !first && timeline.Get("limited").Bool() {
			gap = strings.Clone(timeline.Get("prev_batch").Str)
		}
		s.note(timeline.Get("events"), now)
		return true
	})
	s.conn.Release()
	if gap != "" {
		// What the gap held comes before what the answer held.
		s.count.limited.Add(1)
		late := slices.Clone(s.log.Seen[seen:])
		s.log.Seen = s.log.Seen[:seen]
		if err := s.fill(gap, s.since); err != nil {
			s.count.fail(err)
		}
		s.log.Seen = append(s.log.Seen, late...)
	}
	s.since = next
	s.count.sightings.Add(int64(len(s.log.Seen) - seen))
	return nil
}

// note logs the messages among a timeline's events.
func (s *syncer) note(events gjson.Result, at time.Duration) {
	events.ForEach(func(_, event gjson.Result) bool {
		if event.Get("type").Str == messageType {
			s.log.Seen = append(s.log.Seen, Sighting{Event: hashID(event.Get("event_id").Str), At: at})
		}
		return true
	})
}

// fill fetches what a limited timeline left out, as clients do.
//
// Client-Server API, 6.4.1: prev_batch is the token to pass as from; the since token bounds the walk.
func (s *syncer) fill(from, to string) error {
	var pages [][]Sighting
	for range gapPages {
		path := "/_matrix/client/v3/rooms/" + url.PathEscape(s.room) + "/messages?dir=b&limit=100&from=" + url.QueryEscape(from) + "&to=" + url.QueryEscape(to)
		body, err := s.conn.Call(http.MethodGet, path, s.user.Token, nil)
		if err != nil {
			return err
		}
		start := len(s.log.Seen)
		s.note(gjson.GetBytes(body, "chunk"), s.clock())
		page := slices.Clone(s.log.Seen[start:])
		slices.Reverse(page)
		s.log.Seen = s.log.Seen[:start]
		pages = append(pages, page)
		if from = gjson.GetBytes(body, "end").String(); from == "" || gjson.GetBytes(body, "chunk.#").Int() == 0 {
			break
		}
	}
	for _, page := range slices.Backward(pages) {
		s.log.Seen = append(s.log.Seen, page...)
	}
	return nil
}
