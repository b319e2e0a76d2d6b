package scenario

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/bench/internal/client"
	"bongsu.org/bongsu/bench/internal/load"
	"bongsu.org/bongsu/bench/internal/server"
	"bongsu.org/bongsu/bench/internal/stats"
)

const (
	// roomMembers and roomMessages say what each room of the measured account holds.
	roomMembers  = 5
	roomMessages = 20
	// warmSyncs is how many first syncs are made after the one that found nothing in memory.
	warmSyncs = 10
)

// InitialSync is the time of a first /sync of an account.
type InitialSync struct {
	Server   string        `json:"server"`
	Database string        `json:"database"`
	Rooms    int           `json:"rooms"`
	Bytes    int           `json:"bytes"`
	Cold     float64       `json:"cold_ms"` // right after the server's start
	Warm     stats.Summary `json:"warm_ms"`
}

// InitialSync measures the first sync of an account in so many rooms of five members, each with more messages than a timeline
// holds.
func (b Bench) InitialSync(ctx context.Context, rooms int) (out InitialSync, err error) {
	out = InitialSync{Server: b.Options.Server, Database: b.Options.Database, Rooms: rooms}
	err = b.with(ctx, func(in *server.Instance) error {
		world, err := b.filled(ctx, in, rooms, roomMembers, roomMessages)
		if err != nil {
			return err
		}
		// Not the first member, who made the rooms, but one who joined them.
		user := world.Rooms[0].Members[1]
		cold, bytes, err := firstSync(in, user, rooms)
		if err != nil {
			return err
		}
		var warm []time.Duration
		for range warmSyncs {
			took, _, err := firstSync(in, user, rooms)
			if err != nil {
				return err
			}
			warm = append(warm, took)
		}
		out.Bytes, out.Cold, out.Warm = bytes, stats.Millis(cold), stats.Summarise(warm)
		return ctx.Err()
	})
	return out, err
}

// filled makes so many rooms of the same members, with messages in each, and starts the server anew, so that nothing of them is in memory.
func (b Bench) filled(ctx context.Context, in *server.Instance, rooms, members, messages int) (*load.World, error) {
	b.say("making %d rooms of %d members with %d messages each", rooms, members, messages)
	world, err := load.SharedWorld(ctx, load.Host(in.URL), rooms, members)
	if err != nil {
		return nil, err
	}
	if err := world.Fill(ctx, rooms*messages); err != nil {
		return nil, err
	}
	_, err = restart(ctx, in)
	return world, err
}

// firstSync makes a /sync without a token and checks that it shows all rooms.
func firstSync(in *server.Instance, user client.Session, rooms int) (time.Duration, int, error) {
	conn := client.NewConn(load.Host(in.URL))
	defer conn.Close()
	begin := time.Now()
	status, body, err := conn.Do(client.Request{Method: http.MethodGet, Path: "/_matrix/client/v3/sync?timeout=0", Token: user.Token, Timeout: 5 * time.Minute})
	took := time.Since(begin)
	if err != nil {
		return 0, 0, err
	}
	if status != http.StatusOK {
		return 0, 0, fmt.Errorf("a first sync: status %d: %.300s", status, body)
	}
	shown := 0
	gjson.GetBytes(body, "rooms.join").ForEach(func(_, _ gjson.Result) bool { shown++; return true })
	if shown != rooms {
		return 0, 0, fmt.Errorf("a first sync shows %d of %d rooms", shown, rooms)
	}
	return took, len(body), nil
}
