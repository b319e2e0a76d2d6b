package load

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// setupTimeout is for requests of the preparation: hashing a password takes its time.
const setupTimeout = 15 * time.Second

// roomsEach is how many rooms a client is in.
const roomsEach = 2

// keysEach is how many one-time keys a device offers at a time; it offers more when half are gone.
const keysEach = 60

// prepare registers the clients, makes the rooms, and gives each device keys and a back-up.
func (l *Load) prepare(ctx context.Context) error {
	if err := l.each(ctx, func(ctx context.Context, c *Client) error { return c.register(ctx, l.options.Run, l.options.Token) }); err != nil {
		return err
	}
	for i := range l.options.Rooms {
		room, err := l.Clients[i%len(l.Clients)].createRoom(ctx, i)
		if err != nil {
			return err
		}
		l.Rooms = append(l.Rooms, room)
	}
	return l.each(ctx, func(ctx context.Context, c *Client) error {
		for k := range roomsEach {
			room := l.Rooms[(c.ID+k*(1+c.ID/len(l.Rooms)))%len(l.Rooms)]
			if slices.Contains(c.Rooms, room) {
				continue
			}
			if err := c.join(ctx, room); err != nil {
				return err
			}
		}
		if err := c.startBackup(ctx); err != nil {
			return err
		}
		return c.offerKeys(ctx, 1, keysEach)
	})
}

// each runs fn for every client, a few at once.
func (l *Load) each(ctx context.Context, fn func(context.Context, *Client) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(6)
	for _, c := range l.Clients {
		group.Go(func() error { return fn(ctx, c) })
	}
	return group.Wait()
}

// register makes the client's account. Client-Server API, "Account registration": without a token by the dummy stage.
func (c *Client) register(ctx context.Context, run, token string) error {
	name := fmt.Sprintf("drill-%s-%d", run, c.ID)
	body := map[string]any{"username": name, "password": "drill-" + noise(c.random, 12), "initial_device_display_name": "fire drill"}
	auth := map[string]any{"type": "m.login.dummy"}
	if token != "" {
		session, err := c.session(ctx, body)
		if err != nil {
			return err
		}
		auth = map[string]any{"type": "m.login.registration_token", "token": token, "session": session}
	}
	body["auth"] = auth
	var answer struct {
		UserID string `json:"user_id"`
		Device string `json:"device_id"`
		Token  string `json:"access_token"`
	}
	r := request{method: http.MethodPost, path: client3 + "/register", body: jsonBody(body), timeout: setupTimeout}
	if _, err := c.insist(ctx, &r, &answer, nil); err != nil {
		return fmt.Errorf("registering %s: %w", name, err)
	}
	c.UserID, c.Device, c.token = answer.UserID, answer.Device, answer.Token
	return nil
}

func (c *Client) createRoom(ctx context.Context, number int) (string, error) {
	body := map[string]any{
		"preset": "public_chat", "name": fmt.Sprintf("Fire drill %d", number+1), "visibility": "private",
		"initial_state": []any{map[string]any{
			"type": "m.room.encryption", "state_key": "", "content": map[string]any{"algorithm": "m.megolm.v1.aes-sha2"},
		}},
	}
	var answer struct {
		RoomID string `json:"room_id"`
	}
	r := request{method: http.MethodPost, path: client3 + "/createRoom", body: jsonBody(body), timeout: setupTimeout}
	if _, err := c.insist(ctx, &r, &answer, nil); err != nil {
		return "", fmt.Errorf("making a room: %w", err)
	}
	return answer.RoomID, nil
}

func (c *Client) join(ctx context.Context, room string) error {
	r := request{method: http.MethodPost, path: client3 + "/join/" + url.PathEscape(room), body: []byte("{}"), timeout: setupTimeout}
	if _, err := c.insist(ctx, &r, nil, nil); err != nil {
		return fmt.Errorf("joining %s: %w", room, err)
	}
	c.Rooms = append(c.Rooms, room)
	return nil
}

func (c *Client) startBackup(ctx context.Context) error {
	body := map[string]any{
		"algorithm": "m.megolm_backup.v1.curve25519-aes-sha2",
		"auth_data": map[string]any{"public_key": noise(c.random, 32), "signatures": map[string]any{}},
	}
	var answer struct {
		Version string `json:"version"`
	}
	r := request{method: http.MethodPost, path: client3 + "/room_keys/version", body: jsonBody(body), timeout: setupTimeout}
	if _, err := c.insist(ctx, &r, &answer, nil); err != nil {
		return fmt.Errorf("starting a key back-up: %w", err)
	}
	c.BackupVersion = answer.Version
	return nil
}
