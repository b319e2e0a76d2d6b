package account

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"bongsu.org/bongsu/internal/store"
)

// fakeRooms notes what it is asked, after before says so.
type fakeRooms struct {
	mu     sync.Mutex
	calls  []string
	called chan string
	before func(call string) error
}

func newFakeRooms() *fakeRooms {
	return &fakeRooms{called: make(chan string, 100), before: func(string) error { return nil }}
}

func (r *fakeRooms) note(call string) error {
	if err := r.before(call); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, call)
	r.called <- call
	return nil
}

func (r *fakeRooms) LeaveAll(_ context.Context, userID string) error {
	return r.note("leave " + userID)
}

func (r *fakeRooms) ProfileChanged(_ context.Context, userID string) error {
	return r.note("profile " + userID)
}

func (f fixture) undone(t *testing.T) (out []store.Chore) {
	t.Helper()
	err := f.Store.Read(context.Background(), func(tx *store.Tx) (err error) {
		out, err = tx.Chores(context.Background(), 10)
		return err
	})
	return must(t, out, err)
}

// waitChores waits until the node is doing none of a user's chores.
func (f fixture) waitChores(userID string) {
	for _, kind := range []string{choreLeave, choreProfile} {
		k := choreKey{userID, kind}
		for {
			done, mine := f.chores.begin(k)
			if mine {
				f.chores.end(k)
				break
			}
			<-done
		}
	}
}

func TestDeactivationLeavesRooms(t *testing.T) {
	rooms := newFakeRooms()
	each(t, Options{Rooms: rooms}, func(t *testing.T, f fixture) {
		l := f.register("alice")
		must(t, 0, f.Deactivate(context.Background(), l.UserID, false))
		if call := <-rooms.called; call != "leave @alice:example.org" {
			t.Fatal(call)
		}
		f.waitChores(l.UserID)
		if left := f.undone(t); len(left) != 0 {
			t.Fatalf("left undone: %v", left)
		}
	})
}

func TestChoresOfADeadNodeAreDoneByTheNextStart(t *testing.T) {
	each(t, Options{}, func(t *testing.T, f fixture) { // without rooms, as the command line tools
		l := f.register("alice")
		must(t, 0, f.SetProfileField(context.Background(), l.UserID, FieldDisplayName, json.RawMessage(`"A"`)))
		must(t, 0, f.Deactivate(context.Background(), l.UserID, false))
		if left := f.undone(t); len(left) != 2 {
			t.Fatalf("chores %v", left)
		}
		rooms := newFakeRooms()
		next := newFixture(t, f.Store, Options{Rooms: rooms})
		got := map[string]bool{<-rooms.called: true, <-rooms.called: true}
		if !got["leave @alice:example.org"] || !got["profile @alice:example.org"] {
			t.Fatal(got)
		}
		next.waitChores(l.UserID)
		if left := f.undone(t); len(left) != 0 {
			t.Fatalf("left undone: %v", left)
		}
	})
}

func TestFailedChoreStaysForTheSweep(t *testing.T) {
	rooms := newFakeRooms()
	each(t, Options{Rooms: rooms}, func(t *testing.T, f fixture) {
		l := f.register("alice")
		rooms.before = func(string) error { return errors.New("lane is full") }
		must(t, 0, f.SetProfileField(context.Background(), l.UserID, FieldAvatarURL, json.RawMessage(`"mxc://example.org/a"`)))
		f.waitChores(l.UserID)
		left := f.undone(t)
		if len(left) != 1 {
			t.Fatalf("chores %v", left)
		}
		rooms.before = func(string) error { return nil }
		f.sweep(map[store.Chore]bool{left[0]: true})
		<-rooms.called
		if left := f.undone(t); len(left) != 0 {
			t.Fatalf("left undone: %v", left)
		}
	})
}

func TestChoreThatIsAskedForWhileItIsDoneIsDoneAgain(t *testing.T) {
	rooms := newFakeRooms()
	each(t, Options{Rooms: rooms}, func(t *testing.T, f fixture) {
		l := f.register("alice")
		again := sync.OnceFunc(func() {
			err := f.Store.Write(context.Background(), func(tx *store.Tx) error {
				return tx.AddChore(context.Background(), newChore(l.UserID, choreProfile))
			})
			must(t, 0, err)
		})
		rooms.before = func(string) error { again(); return nil }
		must(t, 0, f.SetProfileField(context.Background(), l.UserID, FieldDisplayName, json.RawMessage(`"A"`)))
		<-rooms.called
		<-rooms.called
		f.waitChores(l.UserID)
		if left := f.undone(t); len(left) != 0 {
			t.Fatalf("left undone: %v", left)
		}
	})
}
