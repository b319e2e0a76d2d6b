package sync

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/room"
	"bongsu.org/bongsu/internal/testdb"
)

// notified pages through a user's notifications.
func (n *node) notified(t *testing.T, limit int, highlights bool) []Notification {
	t.Helper()
	var out []Notification
	from := ""
	for range 1000 {
		page, err := n.service.Notifications(t.Context(), NotificationsRequest{User: alice, From: from, Limit: limit, Highlights: highlights})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.List) > limit {
			t.Fatalf("%d notifications in a page of %d", len(page.List), limit)
		}
		out = append(out, page.List...)
		if from = page.Next; from == "" {
			return out
		}
	}
	t.Fatal("the pages do not end")
	return nil
}

func bodiesOf(list []Notification) []string {
	out := []string{}
	for _, n := range list {
		out = append(out, gjson.GetBytes(n.Event, "content.body").Str)
	}
	return out
}

// later waits until the clock has moved, so that times of events in several lanes differ.
func later(t *testing.T) {
	t.Helper()
	for begin := time.Now().UnixMilli(); time.Now().UnixMilli() == begin; {
		time.Sleep(100 * time.Microsecond)
	}
}

func TestNotifications(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		n := newNode(t, url, t.TempDir())
		var rooms []string
		for range 5 {
			id := n.newRoom(t, bob)
			n.send(t, id, bob, "before alice")
			if err := n.engine.Join(t.Context(), room.MemberRequest{RoomID: id, Sender: alice}); err != nil {
				t.Fatal(err)
			}
			rooms = append(rooms, id)
		}
		var want []string
		for i := range 77 {
			later(t)
			body := fmt.Sprint(i)
			n.send(t, rooms[i%len(rooms)], bob, body)
			if i%10 == 0 {
				n.send(t, rooms[i%len(rooms)], alice, "mine")
			}
			want = append(want, body)
		}
		slices.Reverse(want)
		for _, limit := range []int{1, 7, 100} {
			if got := bodiesOf(n.notified(t, limit, false)); !slices.Equal(got, want) {
				t.Fatalf("by %d: got %q, want %q", limit, got, want)
			}
		}
	})
}

func TestNotificationsTellWhatWasRead(t *testing.T) {
	n := newNode(t, "", t.TempDir())
	id := n.newRoom(t, bob)
	if err := n.engine.Join(t.Context(), room.MemberRequest{RoomID: id, Sender: alice}); err != nil {
		t.Fatal(err)
	}
	send := func(sender, content string) string {
		t.Helper()
		event, err := n.engine.Send(t.Context(), room.SendRequest{RoomID: id, Sender: sender, Type: "m.room.message", Content: []byte(content)})
		if err != nil {
			t.Fatal(err)
		}
		return event
	}
	send(bob, `{"body":"answered"}`)
	send(alice, `{"body":"mine"}`)
	seen := send(bob, `{"body":"seen"}`)
	send(bob, `{"body":"alice","m.mentions":{"user_ids":["`+alice+`"]}}`)
	regretted := send(bob, `{"body":"regretted"}`)
	if _, err := n.engine.Redact(t.Context(), room.RedactRequest{RoomID: id, Target: regretted, Sender: bob}); err != nil {
		t.Fatal(err)
	}
	read := func() (out []bool) {
		for _, one := range n.notified(t, 10, false) {
			out = append(out, one.Read)
		}
		return out
	}
	if got := read(); !slices.Equal(got, []bool{false, false, true}) {
		t.Errorf("read: %v", got)
	}
	err := room.NewReceipts(n.reader).Send(t.Context(), room.ReceiptRequest{RoomID: id, User: alice, Type: "m.read", EventID: seen})
	if err != nil {
		t.Fatal(err)
	}
	if got := read(); !slices.Equal(got, []bool{false, true, true}) {
		t.Errorf("after a receipt, read: %v", got)
	}
	if got := bodiesOf(n.notified(t, 10, true)); !slices.Equal(got, []string{"alice"}) {
		t.Errorf("highlights: %q", got)
	}
	invited, err := n.engine.Create(t.Context(), room.CreateRequest{Creator: bob, Preset: "private_chat", Invite: []string{alice}})
	if err != nil {
		t.Fatal(err)
	}
	if list := n.notified(t, 10, false); len(list) != 4 || list[0].RoomID != invited || list[0].Read {
		t.Errorf("with an invite: %+v", list)
	}
}

func TestNotificationsCostBoundedWork(t *testing.T) {
	n := newNode(t, "", t.TempDir())
	id := n.newRoom(t, alice)
	for i := range notifyEvents + 10 {
		n.send(t, id, alice, fmt.Sprint(i))
	}
	page, err := n.service.Notifications(t.Context(), NotificationsRequest{User: alice, Limit: 10})
	if err != nil || len(page.List) != 0 || page.Next == "" {
		t.Fatalf("got %+v, %v; want an empty page that says where to go on", page, err)
	}
	if got := n.notified(t, 10, false); len(got) != 0 {
		t.Errorf("one's own messages notify: %+v", got)
	}
	if _, err := n.service.Notifications(t.Context(), NotificationsRequest{User: alice, From: "x", Limit: 1}); err == nil {
		t.Error("any token will do")
	}
}
