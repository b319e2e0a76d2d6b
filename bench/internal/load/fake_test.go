package load

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeServer is a homeserver of one process's memory, as small as a load allows, that can lose, repeat, refuse and leave
// out what it is told to.
type fakeServer struct {
	mu    sync.Mutex
	users int
	rooms map[string]*fakeRoom
	in    map[string][]*fakeRoom // by access token
	grown chan struct{}          // closed and replaced when an event comes

	twoRequests bool                             // registration wants a session first
	window      int                              // events that a timeline shows at most; 0 is all
	refuse      func(n int) bool                 // whether the n-th event is refused
	shown       func(n int, token string) []bool // how often the n-th event is shown; nil is once
}

type fakeRoom struct {
	id     string
	events []int // numbers of its events
}

func startFake(t *testing.T, f *fakeServer) string {
	t.Helper()
	f.rooms, f.in, f.grown = map[string]*fakeRoom{}, map[string][]*fakeRoom{}, make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /_matrix/client/v3/register", f.register)
	mux.HandleFunc("POST /_matrix/client/v3/createRoom", f.createRoom)
	mux.HandleFunc("POST /_matrix/client/v3/join/{room}", f.join)
	mux.HandleFunc("PUT /_matrix/client/v3/rooms/{room}/send/m.room.message/{txn}", f.send)
	mux.HandleFunc("GET /_matrix/client/v3/rooms/{room}/messages", f.messages)
	mux.HandleFunc("GET /_matrix/client/v3/sync", f.sync)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return Host(s.URL)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func token(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

func (f *fakeServer) register(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if f.twoRequests && !strings.Contains(string(body), `"session":"s1"`) {
		answer(w, http.StatusUnauthorized, map[string]any{"session": "s1", "flows": []any{map[string]any{"stages": []string{"m.login.dummy"}}}})
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.users++
	n := strconv.Itoa(f.users)
	answer(w, http.StatusOK, map[string]any{"user_id": "@" + n + ":localhost", "device_id": "D", "access_token": "t" + n})
}

func (f *fakeServer) createRoom(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	room := &fakeRoom{id: fmt.Sprintf("!%d:localhost", len(f.rooms))}
	f.rooms[room.id] = room
	f.in[token(r)] = append(f.in[token(r)], room)
	answer(w, http.StatusOK, map[string]any{"room_id": room.id})
}

func (f *fakeServer) join(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	room := f.rooms[r.PathValue("room")]
	f.in[token(r)] = append(f.in[token(r)], room)
	answer(w, http.StatusOK, map[string]any{"room_id": room.id})
}

func (f *fakeServer) total() (n int) {
	for _, r := range f.rooms {
		n += len(r.events)
	}
	return n
}

func (f *fakeServer) send(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.total()
	if f.refuse != nil && f.refuse(n) {
		f.refuse = nil
		answer(w, http.StatusTooManyRequests, map[string]any{"errcode": "M_LIMIT_EXCEEDED"})
		return
	}
	room := f.rooms[r.PathValue("room")]
	room.events = append(room.events, n)
	close(f.grown)
	f.grown = make(chan struct{})
	answer(w, http.StatusOK, map[string]any{"event_id": eventName(n)})
}

func eventName(n int) string { return "$e" + strconv.Itoa(n) }

// sync's token is the number of events that the client has seen of its one room.
func (f *fakeServer) sync(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	since, err := strconv.Atoi(q.Get("since"))
	first := err != nil
	timeout, _ := strconv.Atoi(q.Get("timeout"))
	deadline := time.After(time.Duration(timeout) * time.Millisecond)
	for {
		f.mu.Lock()
		room, grown := f.in[token(r)][0], f.grown
		if first {
			since = len(room.events)
		}
		if first || len(room.events) > since {
			defer f.mu.Unlock()
			answer(w, http.StatusOK, f.syncAnswer(room, since, token(r)))
			return
		}
		f.mu.Unlock()
		select {
		case <-grown:
		case <-deadline:
			first = true
		case <-r.Context().Done():
			return
		}
	}
}

func (f *fakeServer) syncAnswer(room *fakeRoom, since int, token string) any {
	from := since
	if f.window > 0 {
		from = max(since, len(room.events)-f.window)
	}
	timeline := map[string]any{"limited": from > since, "prev_batch": strconv.Itoa(from), "events": f.list(room.events[from:], token)}
	return map[string]any{
		"next_batch": strconv.Itoa(len(room.events)),
		"rooms":      map[string]any{"join": map[string]any{room.id: map[string]any{"timeline": timeline}}},
	}
}

func (f *fakeServer) list(events []int, token string) []any {
	out := []any{}
	for _, n := range events {
		times := []bool{true}
		if f.shown != nil {
			times = f.shown(n, token)
		}
		for range times {
			out = append(out, map[string]any{"type": messageType, "event_id": eventName(n), "content": map[string]any{"body": "x"}})
		}
	}
	return out
}

// messages pages backwards, two events a page, so that a gap takes several.
func (f *fakeServer) messages(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	from, _ := strconv.Atoi(r.URL.Query().Get("from"))
	to, _ := strconv.Atoi(r.URL.Query().Get("to"))
	start := max(to, from-2)
	var page []int
	for _, n := range f.rooms[r.PathValue("room")].events[start:from] {
		page = append([]int{n}, page...)
	}
	out := map[string]any{"chunk": f.list(page, token(r))}
	if start > to {
		out["end"] = strconv.Itoa(start)
	}
	answer(w, http.StatusOK, out)
}
