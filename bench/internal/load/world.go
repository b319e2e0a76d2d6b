// Package load puts a load of chatting users on any Matrix homeserver and checks what comes of it.
//
// A run goes so: make users and rooms (World), start a long-polling client for each member (syncer), send in a closed loop
// (so many sends in flight) or an open one (so many a second, whatever the server does), wait until the last event was
// delivered, and match by event id what was acknowledged with what every member saw. Every member's client is a plain one:
// default filter, 30-second long poll; where a server leaves events out of a timeline it fetches them by /messages.
//
// Invariants: a send is counted only with its acknowledgement; the latency of an open loop counts from the moment at which
// the send was due, not from when a late worker came to it; every wait is bounded.
package load

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"bongsu.org/bongsu/bench/internal/client"
)

// setupWorkers is how many users and joins are made at once.
const setupWorkers = 16

// password is every user's.
const password = "correct horse battery"

// Shape says who is in which room.
type Shape struct {
	Rooms   int
	Members int // of each room
	Syncing int // of the members of each room, how many long-poll; 0 is all
	// Outsiders are users who are in no room.
	Outsiders int
}

// Room is a room with its members; the first of them made it.
type Room struct {
	ID      string
	Members []client.Session
}

// World is the users and rooms of a run.
type World struct {
	Addr  string
	Shape Shape
	Rooms []Room
}

// NewWorld registers users and makes and joins rooms on the server at addr, each user in one room.
func NewWorld(ctx context.Context, addr string, shape Shape) (*World, error) {
	users, err := RegisterUsers(ctx, addr, prefix(), shape.Rooms*shape.Members+shape.Outsiders)
	if err != nil {
		return nil, err
	}
	return NewWorldOf(ctx, addr, shape, users)
}

// NewWorldOf makes and joins rooms with users who are there already, each user in one room.
func NewWorldOf(ctx context.Context, addr string, shape Shape, users []client.Session) (*World, error) {
	w := &World{Addr: addr, Shape: shape, Rooms: make([]Room, shape.Rooms)}
	for i := range w.Rooms {
		w.Rooms[i].Members = users[i*shape.Members : (i+1)*shape.Members]
	}
	return w, w.open(ctx, setupWorkers)
}

// SharedWorld makes rooms that all have the same members.
func SharedWorld(ctx context.Context, addr string, rooms, members int) (*World, error) {
	users, err := RegisterUsers(ctx, addr, prefix(), members)
	if err != nil {
		return nil, err
	}
	w := &World{Addr: addr, Shape: Shape{Rooms: rooms, Members: members}, Rooms: make([]Room, rooms)}
	for i := range w.Rooms {
		w.Rooms[i].Members = users
	}
	return w, w.open(ctx, 1) // one user makes them all, one after the other
}

// NewRoom makes a world of one room with members who are there already.
func NewRoom(ctx context.Context, addr string, members []client.Session) (*World, error) {
	w := &World{Addr: addr, Shape: Shape{Rooms: 1, Members: len(members)}, Rooms: []Room{{Members: members}}}
	return w, w.open(ctx, setupWorkers)
}

// open makes the rooms, so many at once, and lets their members join.
func (w *World) open(ctx context.Context, makers int) error {
	err := ForEach(ctx, w.Addr, makers, len(w.Rooms), func(conn *client.Conn, i int) error {
		id, err := conn.CreateRoom(w.Rooms[i].Members[0].Token, "Room "+strconv.Itoa(i))
		w.Rooms[i].ID = id
		return err
	})
	if err != nil {
		return fmt.Errorf("making rooms: %w", err)
	}
	// Neighbouring joins go to different rooms, so that they do not wait for each other.
	err = ForEach(ctx, w.Addr, setupWorkers, len(w.Rooms)*(w.Shape.Members-1), func(conn *client.Conn, i int) error {
		room := w.Rooms[i%len(w.Rooms)]
		return conn.Join(room.Members[1+i/len(w.Rooms)].Token, room.ID)
	})
	if err != nil {
		return fmt.Errorf("joining rooms: %w", err)
	}
	return nil
}

// Fill sends n messages to the world's rooms in turn, as fast as a few connections can.
func (w *World) Fill(ctx context.Context, n int) error {
	begin := time.Now()
	errs := &tally{}
	s := newSenders(w, Pace{BodySize: 120}, func() time.Duration { return time.Since(begin) }, 0, errs)
	err := ForEach(ctx, w.Addr, setupWorkers, n, func(conn *client.Conn, i int) error {
		if s.send(conn, i, 0).Failed {
			return fmt.Errorf("a send failed: %v", errs.by)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("filling rooms: %w", err)
	}
	return nil
}

// syncing gives those of a room's members whose clients sync.
func (w *World) syncing(r Room) []client.Session {
	if w.Shape.Syncing == 0 {
		return r.Members
	}
	return r.Members[:min(len(r.Members), w.Shape.Syncing)]
}

// RoomIDs gives the ids of all rooms.
func (w *World) RoomIDs() []string {
	ids := make([]string, len(w.Rooms))
	for i, r := range w.Rooms {
		ids[i] = r.ID
	}
	return ids
}

// prefix gives the beginning of user names that no earlier run on the same server has used.
func prefix() string { return "u" + strconv.FormatInt(time.Now().UnixNano(), 36) + "-" }

// RegisterUsers makes n accounts named by the prefix and a number.
func RegisterUsers(ctx context.Context, addr, prefix string, n int) ([]client.Session, error) {
	users := make([]client.Session, n)
	err := ForEach(ctx, addr, setupWorkers, n, func(conn *client.Conn, i int) error {
		var err error
		users[i], err = conn.Register(prefix+strconv.Itoa(i), password)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("registering users: %w", err)
	}
	return users, nil
}

// ForEach calls do for 0 to n-1, so many at once, each worker with a connection of its own.
func ForEach(ctx context.Context, addr string, workers, n int, do func(conn *client.Conn, i int) error) error {
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range min(workers, n) {
		g.Go(func() error {
			conn := client.NewConn(addr)
			defer conn.Close()
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return nil
				}
				if err := do(conn, i); err != nil {
					return err
				}
			}
			return ctx.Err()
		})
	}
	return g.Wait()
}

// Host gives the host and port of a base URL such as http://127.0.0.1:8008.
func Host(url string) string {
	return strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/")
}
