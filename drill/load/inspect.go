package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Event is an event as the auditor wants it.
type Event struct {
	ID string
	// Tag says which operation made it; empty if none of the drill's did.
	Tag string
}

// inspectTimeout is for the auditor's questions, which are large.
const inspectTimeout = 20 * time.Second

// at asks at one entrance, and at no other, until it is answered.
func (c *Client) at(ctx context.Context, e Entrance, path string, into any) error {
	return c.askFor(ctx, c.token, e, path, into)
}

// askFor asks over the client's network with a token that may be another's.
func (c *Client) askFor(ctx context.Context, token string, e Entrance, path string, into any) error {
	r := request{method: http.MethodGet, path: path, timeout: inspectTimeout, token: token}
	for {
		err := once(ctx, c.http, e.URL, &r, into)
		var refused *RefusedError
		if err == nil || ctx.Err() != nil || errors.As(err, &refused) {
			return err
		}
		sleep(ctx, rest)
	}
}

// History is all of a room's events as the site gives them, the oldest first.
func (c *Client) History(ctx context.Context, e Entrance, room string) ([]Event, error) {
	var all []Event
	from := ""
	for {
		path := fmt.Sprintf("%s/rooms/%s/messages?dir=f&limit=1000", client3, url.PathEscape(room))
		if from != "" {
			path += "&from=" + url.QueryEscape(from)
		}
		var page Page
		if err := c.at(ctx, e, path, &page); err != nil {
			return nil, fmt.Errorf("reading %s at %s: %w", room, e.URL, err)
		}
		for _, event := range page.Chunk {
			var content struct {
				Tag string `json:"org.bongsu.drill"`
			}
			_ = json.Unmarshal(event.Content, &content) // what has no tag is not the drill's
			all = append(all, Event{ID: event.EventID, Tag: content.Tag})
		}
		if len(page.Chunk) == 0 || page.End == "" {
			return all, nil
		}
		from = page.End
	}
}

// Picture is the digest of a picture as the site gives it.
func (c *Client) Picture(ctx context.Context, e Entrance, uri string) (string, error) {
	server, id, ok := strings.Cut(strings.TrimPrefix(uri, "mxc://"), "/")
	if !ok {
		return "", fmt.Errorf("%q is not the address of a picture", uri)
	}
	var body []byte
	path := fmt.Sprintf("/_matrix/client/v1/media/download/%s/%s", url.PathEscape(server), url.PathEscape(id))
	if err := c.at(ctx, e, path, &body); err != nil {
		return "", err
	}
	return digest(body), nil
}

// BackupsFrom are the digests of the client's backed-up keys as the site gives them, by session. They are asked for over another's
// network: a client inside a site reaches no other.
func (c *Client) BackupsFrom(ctx context.Context, over *Client, e Entrance) (map[string]string, error) {
	var answer struct {
		Rooms map[string]struct {
			Sessions map[string]struct {
				Data struct {
					Ciphertext string `json:"ciphertext"`
				} `json:"session_data"`
			} `json:"sessions"`
		} `json:"rooms"`
	}
	if err := over.askFor(ctx, c.token, e, client3+"/room_keys/keys?version="+url.QueryEscape(c.BackupVersion), &answer); err != nil {
		return nil, fmt.Errorf("reading the key back-up at %s: %w", e.URL, err)
	}
	all := map[string]string{}
	for _, room := range answer.Rooms {
		for session, s := range room.Sessions {
			all[session] = digest([]byte(s.Data.Ciphertext))
		}
	}
	return all, nil
}
