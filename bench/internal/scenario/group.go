package scenario

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/bench/internal/client"
	"bongsu.org/bongsu/bench/internal/load"
	"bongsu.org/bongsu/bench/internal/stats"
)

// keyMessages is how many messages to devices a client of the Rust SDK puts into a request.
const keyMessages = 250

// times gathers the steps of writing to a group.
type times struct{ query, claim, keys, first, there, next []time.Duration }

// group measures writing to an encrypted group: each time with a new key, and once more with the same.
func (k *keyBench) group(ctx context.Context) (Group, error) {
	members := make([]client.Session, 0, groupMembers)
	devices := k.devices[:groupMembers*groupDevices]
	for i := 0; i < len(devices); i += groupDevices {
		members = append(members, devices[i])
	}
	world, err := load.NewRoom(ctx, k.addr, members)
	if err != nil {
		return Group{}, err
	}
	g := &group{keyBench: k, room: url.PathEscape(world.Rooms[0].ID), id: world.Rooms[0].ID, devices: devices, conn: client.NewConn(k.addr)}
	defer g.conn.Close()
	path := "/_matrix/client/v3/rooms/" + g.room + "/state/m.room.encryption"
	if _, err := g.conn.Call(http.MethodPut, path, members[0].Token, []byte(`{"algorithm":"m.megolm.v1.aes-sha2"}`)); err != nil {
		return Group{}, err
	}
	var t times
	for i := range keyTries {
		if err := g.write(ctx, i, &t); err != nil {
			return Group{}, err
		}
	}
	return Group{
		Members: len(members), Devices: len(devices), Query: stats.Summarise(t.query), Claim: stats.Summarise(t.claim),
		Keys: stats.Summarise(t.keys), First: stats.Summarise(t.first), There: stats.Summarise(t.there), Next: stats.Summarise(t.next),
	}, nil
}

type group struct {
	*keyBench
	room, id string
	devices  []client.Session
	conn     *client.Conn
}

// write does what a client does for a message with a new key: it asks for the devices of all members, claims a one-time key of each, sends
// them the key, and then the message. Another message follows. The last device waits in /sync, as all would.
func (g *group) write(ctx context.Context, try int, t *times) error {
	reader := g.devices[len(g.devices)-1]
	since, err := syncOnce(g.conn, reader.Token, "", 0)
	if err != nil {
		return err
	}
	arrived := make(chan error, 1)
	begin := time.Now()
	go func() {
		arrived <- g.awaits(ctx, reader.Token, since.token, fmt.Sprintf("first-%d", try), &t.there, begin)
	}()

	step := func(into *[]time.Duration, method, path string, body []byte) error {
		from := time.Now()
		_, err := g.conn.Call(method, path, g.devices[0].Token, body)
		*into = append(*into, time.Since(from))
		return err
	}
	err = errors.Join(
		step(&t.query, http.MethodPost, "/_matrix/client/v3/keys/query", queryOf(g.devices)),
		step(&t.claim, http.MethodPost, "/_matrix/client/v3/keys/claim", claimOf(g.devices...)),
		g.share(try, t),
	)
	if err != nil {
		return err
	}
	send := func(into *[]time.Duration, name string) error {
		return step(into, http.MethodPut, "/_matrix/client/v3/rooms/"+g.room+"/send/m.room.encrypted/"+name, messageIn(name))
	}
	var own []time.Duration
	if err := send(&own, fmt.Sprintf("first-%d", try)); err != nil {
		return err
	}
	t.first = append(t.first, time.Since(begin))
	if err := <-arrived; err != nil {
		return err
	}
	return send(&t.next, fmt.Sprintf("next-%d", try))
}

// share sends a key to all devices.
func (g *group) share(try int, t *times) error {
	from := time.Now()
	for i := 0; i < len(g.devices); i += keyMessages {
		targets := g.devices[i:min(len(g.devices), i+keyMessages)]
		path := fmt.Sprintf("/_matrix/client/v3/sendToDevice/m.room.encrypted/key-%d-%d", try, i)
		if _, err := g.conn.Call(http.MethodPut, path, g.devices[0].Token, messagesTo(targets)); err != nil {
			return err
		}
	}
	t.keys = append(t.keys, time.Since(from))
	return nil
}

// awaits syncs until the key and the message of a name are there.
func (g *group) awaits(ctx context.Context, token, since, name string, into *[]time.Duration, begin time.Time) error {
	conn := client.NewConn(g.addr)
	defer conn.Close()
	key, message := false, false
	for ctx.Err() == nil && time.Since(begin) < time.Minute {
		s, err := syncOnce(conn, token, since, 30*time.Second)
		if err != nil {
			return err
		}
		since = s.token
		key = key || s.toDevice > 0
		message = message || strings.Contains(s.timeline(g.id), name)
		if key && message {
			*into = append(*into, time.Since(begin))
			return nil
		}
	}
	return errors.Join(ctx.Err(), errors.New("the message did not arrive within a minute"))
}

// synced is what an answer of /sync holds.
type synced struct {
	token    string
	toDevice int
	body     string
}

// timeline is the JSON of the events of a room.
func (s synced) timeline(room string) string {
	return gjson.Get(s.body, "rooms.join."+gjson.Escape(room)+".timeline.events").Raw
}

func syncOnce(conn *client.Conn, token, since string, wait time.Duration) (synced, error) {
	path := fmt.Sprintf("/_matrix/client/v3/sync?timeout=%d", wait.Milliseconds())
	if since != "" {
		path += "&since=" + url.QueryEscape(since)
	}
	status, body, err := conn.Do(client.Request{Method: http.MethodGet, Path: path, Token: token, Timeout: wait + time.Minute})
	if err != nil {
		return synced{}, err
	}
	if status != http.StatusOK {
		return synced{}, fmt.Errorf("a sync: status %d: %.300s", status, body)
	}
	text := string(body)
	return synced{token: gjson.Get(text, "next_batch").Str, toDevice: int(gjson.Get(text, "to_device.events.#").Int()), body: text}, nil
}
