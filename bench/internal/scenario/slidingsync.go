package scenario

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/bench/internal/client"
	"bongsu.org/bongsu/bench/internal/load"
	"bongsu.org/bongsu/bench/internal/server"
	"bongsu.org/bongsu/bench/internal/stats"
)

const (
	// slidingMembers and slidingMessages say what each room of the measured account holds.
	slidingMembers  = 3
	slidingMessages = 5
	// slidingWindow is how many rooms are asked for: those that a phone shows first.
	slidingWindow = 20
)

// SlidingSync is the time of a first sliding sync of an account.
type SlidingSync struct {
	Server   string        `json:"server"`
	Database string        `json:"database"`
	Rooms    int           `json:"rooms"`
	Bytes    int           `json:"bytes"`
	Cold     float64       `json:"cold_ms"` // right after the server's start
	Warm     stats.Summary `json:"warm_ms"`
	Next     stats.Summary `json:"next_ms"` // a message in one of the rooms, from its send until it is there
}

// firstScreen is what Element X asks for at its start.
const firstScreen = `{"lists":{"all_rooms":{"ranges":[[0,19]],"timeline_limit":1,"required_state":[["m.room.name",""],["m.room.encryption",""],
	["m.room.member","$LAZY"],["m.room.member","$ME"],["m.room.topic",""],["m.room.avatar",""],["m.room.canonical_alias",""],
	["m.room.power_levels",""],["m.room.join_rules",""],["m.room.tombstone",""],["m.room.create",""],["m.room.history_visibility",""],
	["m.space.child","*"]],"filters":{"not_room_types":["m.space"]}}},
	"extensions":{"account_data":{"enabled":true},"receipts":{"enabled":true},"typing":{"enabled":true},"e2ee":{"enabled":true},
	"to_device":{"enabled":true}}}`

// SlidingSync measures the first sliding sync of an account in so many rooms, until its first screen is there.
func (b Bench) SlidingSync(ctx context.Context, rooms int) (out SlidingSync, err error) {
	out = SlidingSync{Server: b.Options.Server, Database: b.Options.Database, Rooms: rooms}
	err = b.with(ctx, func(in *server.Instance) error {
		world, err := b.filled(ctx, in, rooms, slidingMembers, slidingMessages)
		if err != nil {
			return err
		}
		phone := world.Rooms[0].Members[1]
		cold, _, bytes, err := slide(in, phone, "", rooms)
		if err != nil {
			return err
		}
		var warm []time.Duration
		pos := ""
		for range warmSyncs {
			var took time.Duration
			// Another connection each time: the server has sent nothing on it.
			if took, pos, _, err = slide(in, phone, "", rooms); err != nil {
				return err
			}
			warm = append(warm, took)
		}
		out.Bytes, out.Cold, out.Warm = bytes, stats.Millis(cold), stats.Summarise(warm)
		out.Next, err = slidingNews(ctx, in, world, phone, pos)
		return err
	})
	return out, err
}

// slide makes a sliding sync and checks that it counts all rooms.
func slide(in *server.Instance, user client.Session, pos string, rooms int) (took time.Duration, next string, bytes int, err error) {
	conn := client.NewConn(load.Host(in.URL))
	defer conn.Close()
	begin := time.Now()
	body, err := conn.Call(http.MethodPost, slidingPath(pos), user.Token, []byte(firstScreen))
	took = time.Since(begin)
	if err != nil {
		return 0, "", 0, err
	}
	if n := gjson.GetBytes(body, "lists.all_rooms.count").Int(); int(n) != rooms {
		return 0, "", 0, fmt.Errorf("a sliding sync counts %d of %d rooms", n, rooms)
	}
	shown := 0
	gjson.GetBytes(body, "rooms").ForEach(func(_, _ gjson.Result) bool { shown++; return true })
	if pos == "" && shown != min(rooms, slidingWindow) {
		return 0, "", 0, fmt.Errorf("a sliding sync shows %d rooms", shown)
	}
	return took, gjson.GetBytes(body, "pos").Str, len(body), nil
}

func slidingPath(pos string) string {
	path := "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?timeout=0"
	if pos != "" {
		path = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?timeout=30000&pos=" + url.QueryEscape(pos)
	}
	return path
}

// slidingRest is how long the phone waits already when a message is sent: a server may pause between two answers.
const slidingRest = 300 * time.Millisecond

// slidingNews measures how long a message takes to a phone that waits.
func slidingNews(ctx context.Context, in *server.Instance, world *load.World, phone client.Session, pos string) (stats.Summary, error) {
	conn, sender := client.NewConn(load.Host(in.URL)), world.Rooms[0].Members[0]
	defer conn.Close()
	var took []time.Duration
	for i := range warmSyncs {
		done := make(chan error, 1)
		go func() {
			_, next, _, err := slide(in, phone, pos, world.Shape.Rooms)
			pos = next
			done <- err
		}()
		if err := pause(ctx, slidingRest); err != nil {
			return stats.Summary{}, err
		}
		begin := time.Now()
		path := fmt.Sprintf("/_matrix/client/v3/rooms/%s/send/m.room.message/sliding-%d", world.Rooms[i].ID, i)
		if _, err := conn.Call(http.MethodPut, path, sender.Token, []byte(`{"msgtype":"m.text","body":"news"}`)); err != nil {
			return stats.Summary{}, err
		}
		if err := <-done; err != nil {
			return stats.Summary{}, err
		}
		took = append(took, time.Since(begin))
	}
	return stats.Summarise(took), nil
}
