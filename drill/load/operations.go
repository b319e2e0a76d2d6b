package load

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"
)

// TagKey is the field of an event's content that says which operation made it.
const TagKey = "org.bongsu.drill"

// Tag names a client's operation.
func Tag(client, seq int) string { return fmt.Sprintf("%d/%d", client, seq) }

const client3 = "/_matrix/client/v3"

// noise is text that looks encrypted.
func noise(r *rand.Rand, n int) string {
	return base64.RawStdEncoding.EncodeToString(random(r, n))
}

func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// encrypted is content as Megolm makes it, with the operation's tag.
func (c *Client) encrypted(r *rand.Rand, tag string) map[string]any {
	return map[string]any{
		"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": noise(r, 150+r.IntN(250)), "device_id": c.Device,
		"sender_key": noise(r, 32), "session_id": noise(r, 32), TagKey: tag,
	}
}

// send sends an event to one of the client's rooms.
func (c *Client) send(ctx context.Context, r *rand.Rand) {
	room, seq := c.Rooms[r.IntN(len(c.Rooms))], c.next(Send)
	path := fmt.Sprintf("%s/rooms/%s/send/m.room.encrypted/drill-%d", client3, url.PathEscape(room), seq)
	var answer struct {
		EventID string `json:"event_id"`
	}
	c.operate(ctx, Op{Kind: Send, Client: c.ID, Seq: seq, Where: room},
		&request{method: http.MethodPut, path: path, body: jsonBody(c.encrypted(r, Tag(c.ID, seq)))},
		&answer, func() string { return answer.EventID })
}

// toDevice sends a message to another client's device.
func (c *Client) toDevice(ctx context.Context, r *rand.Rand, to *Client) {
	seq := c.next(ToDevice)
	body := map[string]any{"messages": map[string]any{to.UserID: map[string]any{to.Device: c.encrypted(r, Tag(c.ID, seq))}}}
	path := fmt.Sprintf("%s/sendToDevice/m.room.encrypted/drill-%d", client3, seq)
	c.operate(ctx, Op{Kind: ToDevice, Client: c.ID, Seq: seq, Where: to.UserID},
		&request{method: http.MethodPut, path: path, body: jsonBody(body)}, nil, func() string { return Tag(c.ID, seq) })
}

// keyAlgorithm is that of one-time keys.
const keyAlgorithm = "signed_curve25519"

// claim takes a one-time key of another client's device.
func (c *Client) claim(ctx context.Context, _ *rand.Rand, of *Client) {
	body := map[string]any{"one_time_keys": map[string]any{of.UserID: map[string]any{of.Device: keyAlgorithm}}}
	var answer struct {
		Keys map[string]map[string]map[string]any `json:"one_time_keys"`
	}
	c.operate(ctx, Op{Kind: Claim, Client: c.ID, Seq: c.next(Claim), Where: of.UserID},
		&request{method: http.MethodPost, path: client3 + "/keys/claim", body: jsonBody(body)}, &answer, func() string {
			for id := range answer.Keys[of.UserID][of.Device] {
				return id
			}
			return "" // there was none left
		})
}

// upload uploads a picture.
func (c *Client) upload(ctx context.Context, r *rand.Rand, _ *Client) {
	picture := random(r, 4<<10+r.IntN(28<<10))
	var answer struct {
		URI string `json:"content_uri"`
	}
	c.operate(ctx, Op{Kind: Upload, Client: c.ID, Seq: c.next(Upload), Digest: digest(picture)},
		&request{method: http.MethodPost, path: "/_matrix/media/v3/upload", body: picture, kind: "application/octet-stream"},
		&answer, func() string { return answer.URI })
}

// backup puts a key into the client's key back-up.
func (c *Client) backup(ctx context.Context, r *rand.Rand, _ *Client) {
	seq := c.next(Backup)
	session := fmt.Sprintf("session-%d-%d", c.ID, seq)
	secret := noise(r, 120)
	body := map[string]any{
		"first_message_index": 0, "forwarded_count": 0, "is_verified": true,
		"session_data": map[string]any{"ciphertext": secret, "ephemeral": noise(r, 32), "mac": noise(r, 8)},
	}
	room := c.Rooms[0]
	path := fmt.Sprintf("%s/room_keys/keys/%s/%s?version=%s", client3, url.PathEscape(room), session, url.QueryEscape(c.BackupVersion))
	c.operate(ctx, Op{Kind: Backup, Client: c.ID, Seq: seq, Where: room, Digest: digest([]byte(secret))},
		&request{method: http.MethodPut, path: path, body: jsonBody(body)}, nil, func() string { return session })
}

// read looks at a room's newest events.
func (c *Client) read(ctx context.Context, r *rand.Rand) {
	room := c.Rooms[r.IntN(len(c.Rooms))]
	path := fmt.Sprintf("%s/rooms/%s/messages?dir=b&limit=5", client3, url.PathEscape(room))
	c.operate(ctx, Op{Kind: Read, Client: c.ID, Seq: c.next(Read), Where: room},
		&request{method: http.MethodGet, path: path, timeout: readTimeout}, nil, func() string { return "" })
}

// offerKeys uploads one-time keys.
func (c *Client) offerKeys(ctx context.Context, from, n int) error {
	keys := map[string]any{}
	for i := from; i < from+n; i++ {
		keys[fmt.Sprintf("%s:K%d", keyAlgorithm, i)] = map[string]any{
			"key": base64.RawStdEncoding.EncodeToString(fmt.Appendf(nil, "%16d%16d", c.ID, i)),
		}
	}
	_, err := c.insist(ctx, &request{
		method: http.MethodPost, path: client3 + "/keys/upload", body: jsonBody(map[string]any{"one_time_keys": keys}), timeout: 5 * time.Second,
	}, nil, nil)
	return err
}
