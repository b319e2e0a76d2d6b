package scenario

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"bongsu.org/bongsu/bench/internal/client"
	"bongsu.org/bongsu/bench/internal/load"
	"bongsu.org/bongsu/bench/internal/server"
	"bongsu.org/bongsu/bench/internal/stats"
)

const (
	// keyUsers have groupDevices devices each, and oneTimeKeys keys on each: what clients keep there.
	keyUsers    = 1000
	oneTimeKeys = 50
	// groupMembers and groupDevices are of the group that a first encrypted message goes to.
	groupMembers = 200
	groupDevices = 2
	// keyTries is how often each single step is measured.
	keyTries = 20
	// keyWindow is how long each rate is measured.
	keyWindow = 5 * time.Second
)

// Encryption is what a server does for clients that encrypt.
type Encryption struct {
	Server   string     `json:"server"`
	Database string     `json:"database"`
	Query    Query      `json:"query"`
	Claims   Rate       `json:"claims"`
	ToDevice []ToDevice `json:"to_device"`
	Group    Group      `json:"group"`
}

// Query is the time of one request for the keys of many users.
type Query struct {
	Users   int           `json:"users"`
	Devices int           `json:"devices"`
	Bytes   int           `json:"bytes"`
	Took    stats.Summary `json:"took_ms"`
}

// Rate is what a closed loop of requests gets done.
type Rate struct {
	InFlight  int           `json:"in_flight"`
	PerSecond float64       `json:"per_second"` // requests
	Took      stats.Summary `json:"took_ms"`
}

// ToDevice is a closed loop of requests with so many messages to devices each.
type ToDevice struct {
	Rate
	Messages int     `json:"messages_per_request"`
	Durable  float64 `json:"messages_per_second"`
}

// Group is what it takes to write to a group: with a new key, which every device is sent first, and with one that all have.
type Group struct {
	Members int           `json:"members"`
	Devices int           `json:"devices"`
	Query   stats.Summary `json:"query_ms"`
	Claim   stats.Summary `json:"claim_ms"`
	Keys    stats.Summary `json:"keys_ms"`  // sending the key to all devices
	First   stats.Summary `json:"first_ms"` // all of it, and the message, until it is acknowledged
	There   stats.Summary `json:"there_ms"` // from its start until a device has the key and the message
	Next    stats.Summary `json:"next_ms"`
}

// Encryption measures requests about keys, messages to devices, and the first encrypted message in a group.
func (b Bench) Encryption(ctx context.Context) (out Encryption, err error) {
	out = Encryption{Server: b.Options.Server, Database: b.Options.Database}
	err = b.with(ctx, func(in *server.Instance) error {
		b.say("making %d users with %d devices each, who publish keys", keyUsers, groupDevices)
		devices, err := b.devices(ctx, in, "keys-", keyUsers, groupDevices)
		if err != nil {
			return err
		}
		k := keyBench{addr: load.Host(in.URL), devices: devices}
		if err := k.publish(ctx); err != nil {
			return err
		}
		if out.Query, err = k.query(ctx); err != nil {
			return fmt.Errorf("querying keys: %w", err)
		}
		b.say("measuring the first encrypted message of a group")
		if out.Group, err = k.group(ctx); err != nil {
			return fmt.Errorf("writing to a group: %w", err)
		}
		b.say("measuring rates")
		if out.Claims, err = k.claims(ctx); err != nil {
			return fmt.Errorf("claiming keys: %w", err)
		}
		for _, shape := range []struct{ messages, inFlight int }{{1, 64}, {20, 16}, {250, 4}} {
			r, err := k.toDevice(ctx, shape.messages, shape.inFlight)
			if err != nil {
				return fmt.Errorf("sending to devices: %w", err)
			}
			out.ToDevice = append(out.ToDevice, r)
		}
		return ctx.Err()
	})
	return out, err
}

// keyBench is users with devices, on a server.
type keyBench struct {
	addr    string
	devices []client.Session // groupDevices of each user
}

// publish uploads the keys of all devices.
func (k *keyBench) publish(ctx context.Context) error {
	err := load.ForEach(ctx, k.addr, 16, len(k.devices), func(conn *client.Conn, i int) error {
		_, err := conn.Call(http.MethodPost, "/_matrix/client/v3/keys/upload", k.devices[i].Token, keysOf(k.devices[i]))
		return err
	})
	if err != nil {
		return fmt.Errorf("publishing keys: %w", err)
	}
	return nil
}

// query measures how long the keys of all users take.
func (k *keyBench) query(ctx context.Context) (Query, error) {
	out := Query{Users: len(k.devices) / groupDevices, Devices: len(k.devices)}
	conn := client.NewConn(k.addr)
	defer conn.Close()
	body := queryOf(k.devices)
	var took []time.Duration
	for range keyTries {
		begin := time.Now()
		answer, err := conn.Call(http.MethodPost, "/_matrix/client/v3/keys/query", k.devices[0].Token, body)
		if err != nil {
			return out, err
		}
		took = append(took, time.Since(begin))
		out.Bytes = len(answer)
	}
	out.Took = stats.Summarise(took)
	return out, ctx.Err()
}

// claims measures how many one-time keys a second are given out, one a request.
func (k *keyBench) claims(ctx context.Context) (Rate, error) {
	return closedLoop(ctx, k.addr, 64, keyWindow, func(conn *client.Conn, i int) error {
		target := k.devices[i%len(k.devices)]
		_, err := conn.Call(http.MethodPost, "/_matrix/client/v3/keys/claim", k.devices[0].Token, claimOf(target))
		return err
	})
}

// toDevice measures how many messages to devices are durable a second, in requests of so many messages.
func (k *keyBench) toDevice(ctx context.Context, messages, inFlight int) (ToDevice, error) {
	rate, err := closedLoop(ctx, k.addr, inFlight, keyWindow, func(conn *client.Conn, i int) error {
		targets := make([]client.Session, messages)
		for n := range targets {
			targets[n] = k.devices[(i*messages+n)%len(k.devices)]
		}
		path := fmt.Sprintf("/_matrix/client/v3/sendToDevice/m.room.encrypted/%d-%d", messages, i)
		_, err := conn.Call(http.MethodPut, path, k.devices[0].Token, messagesTo(targets))
		return err
	})
	return ToDevice{Rate: rate, Messages: messages, Durable: rate.PerSecond * float64(messages)}, err
}
