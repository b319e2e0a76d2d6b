package load

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/bench/internal/client"
)

// messageType is the type of the events that are sent and looked for.
const messageType = "m.room.message"

// openWorkers is how many sends of an open loop may be in flight at most.
const openWorkers = 128

// Pace says how sends are timed. With a rate the loop is open; without, InFlight sends are always under way.
type Pace struct {
	InFlight int
	Rate     float64 // sends a second
	BodySize int     // bytes of text in a message
}

// senders share out the sends of a run.
type senders struct {
	world  *World
	pace   Pace
	clock  func() time.Duration
	until  time.Duration
	body   []byte
	nonce  string
	next   atomic.Int64
	errors *tally
}

func newSenders(w *World, p Pace, clock func() time.Duration, until time.Duration, errs *tally) *senders {
	text := strings.Repeat("All quiet at the fifth beacon. ", p.BodySize/31+1)[:p.BodySize]
	return &senders{
		world: w, pace: p, clock: clock, until: until, errors: errs,
		body:  []byte(`{"msgtype":"m.text","body":"` + text + `"}`),
		nonce: strconv.FormatInt(time.Now().UnixNano(), 36),
	}
}

// run sends until the time is up and gives all sends.
func (s *senders) run() []Send {
	workers := s.pace.InFlight
	if s.pace.Rate > 0 {
		workers = openWorkers
	}
	begin := s.clock()
	out := make([][]Send, workers)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			if s.pace.Rate > 0 {
				out[i] = s.open(begin, i, workers)
			} else {
				out[i] = s.closed()
			}
		})
	}
	wg.Wait()
	var all []Send
	for _, o := range out {
		all = append(all, o...)
	}
	return all
}

func (s *senders) closed() []Send {
	conn := client.NewConn(s.world.Addr)
	defer conn.Close()
	var out []Send
	for s.clock() < s.until {
		n := int(s.next.Add(1)) - 1
		out = append(out, s.send(conn, n, s.clock()))
	}
	return out
}

// open sends every workers-th send of the schedule, at its time or, if the one before took too long, at once.
func (s *senders) open(begin time.Duration, first, workers int) []Send {
	conn := client.NewConn(s.world.Addr)
	defer conn.Close()
	var out []Send
	for n := first; ; n += workers {
		due := begin + time.Duration(float64(n)/s.pace.Rate*float64(time.Second))
		if due >= s.until || s.clock() >= s.until {
			return out
		}
		time.Sleep(due - s.clock())
		out = append(out, s.send(conn, n, due))
	}
}

// send makes the n-th send: rooms take turns, and within a room those members whose client syncs, for nobody writes who does not
// read.
func (s *senders) send(conn *client.Conn, n int, start time.Duration) Send {
	room := n % len(s.world.Rooms)
	members := s.world.syncing(s.world.Rooms[room])
	sender := n / len(s.world.Rooms) % len(members)
	out := Send{Room: room, Sender: sender, Start: start}
	path := "/_matrix/client/v3/rooms/" + url.PathEscape(s.world.Rooms[room].ID) + "/send/" + messageType + "/" + s.nonce + "-" + strconv.Itoa(n)
	status, body, err := conn.Do(client.Request{Method: http.MethodPut, Path: path, Token: members[sender].Token, Body: s.body, Timeout: time.Minute})
	out.End = s.clock()
	switch {
	case err != nil:
		s.errors.add("connection: " + lastPart(err))
		out.Failed = true
	case status != http.StatusOK:
		s.errors.add(fmt.Sprintf("%d %s", status, gjson.GetBytes(body, "errcode").Str))
		out.Failed = true
	default:
		id := gjson.Get(unsafe.String(unsafe.SliceData(body), len(body)), "event_id").Str
		out.Event = hashID(id)
	}
	return out
}

func lastPart(err error) string {
	text := err.Error()
	return text[strings.LastIndex(text, ": ")+1:]
}

// tally counts by name.
type tally struct {
	mu sync.Mutex
	by map[string]int
}

func (t *tally) add(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by == nil {
		t.by = map[string]int{}
	}
	t.by[name]++
}
