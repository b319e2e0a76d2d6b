package gateway

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/SherClockHolmes/webpush-go"
	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/store"
)

// VAPID is the key with which the server tells push services who it is (RFC 8292).
type VAPID struct{ public, private string }

// LoadVAPID reads the server's key, making it the first time. All nodes share it: browsers bind their subscriptions to it.
func LoadVAPID(ctx context.Context, st *store.Store) (*VAPID, error) {
	raw, err := st.OnceMeta(ctx, "vapid", func() ([]byte, error) {
		key, err := ecdh.P256().GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return key.Bytes(), nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the key for Web Push: %w", err)
	}
	key, err := ecdh.P256().NewPrivateKey(raw)
	if err != nil {
		return nil, fmt.Errorf("reading the key for Web Push: %w", err)
	}
	return &VAPID{public: encode(key.PublicKey().Bytes()), private: encode(raw)}, nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Public is the public key, uncompressed, in URL-safe base64 without padding, as PushManager.subscribe takes it.
func (v *VAPID) Public() string { return v.public }

// CheckKeys checks the public key and the authentication secret of a browser's subscription (RFC 8291, 3.1 and 3.2).
func CheckKeys(p256dh, auth string) error {
	point, err := base64.RawURLEncoding.DecodeString(p256dh)
	if err != nil {
		return errors.New("the public key is not URL-safe base64 without padding")
	}
	if _, err := ecdh.P256().NewPublicKey(point); err != nil {
		return errors.New("the public key is not an uncompressed point of P-256")
	}
	secret, err := base64.RawURLEncoding.DecodeString(auth)
	if err != nil || len(secret) != 16 {
		return errors.New("the authentication secret is not 16 bytes in URL-safe base64 without padding")
	}
	return nil
}

// How long a push service keeps what it cannot deliver yet.
const (
	eventTTL      = 24 * 60 * 60 // seconds
	activationTTL = 5 * 60
)

// webPayload is what a browser gets: the notification, and which of its apps it is for.
type webPayload struct {
	AppID string `json:"app_id"`
	*notification
	Tweaks map[string]json.RawMessage `json:"tweaks,omitempty"`
}

// deliverWeb sends a notification to a browser's push service, which can read nothing of it. A message has room for 4096 bytes: what does
// not fit goes without the content, or with no more than the event's id.
func (s *Service) deliverWeb(ctx context.Context, p store.Pusher, n *notification) outcome {
	o := webpush.Options{TTL: eventTTL, Urgency: webpush.UrgencyNormal}
	switch {
	case n.EventID == "": // of several counts only the last is of interest
		o.Urgency, o.Topic = webpush.UrgencyLow, "badge"
	case n.Prio == prioHigh:
		o.Urgency = webpush.UrgencyHigh
	}
	without := *n
	without.Content = nil
	short := notification{EventID: n.EventID, RoomID: n.RoomID, Prio: n.Prio, Counts: n.Counts}
	var out outcome
	for _, body := range []webPayload{{p.AppID, n, n.tweaks}, {p.AppID, &without, n.tweaks}, {AppID: p.AppID, notification: &short}} {
		var fits bool
		if out, fits = s.postWeb(ctx, p, body, o); fits {
			return out
		}
	}
	return out
}

// sendActivation asks the client to show that it gets what is sent to its pusher (MSC4174).
func (s *Service) sendActivation(ctx context.Context, p store.Pusher) outcome {
	if p.AckToken == "" || p.AckExpiresTS < time.Now().UnixMilli() {
		return outcome{} // too late: the client sets the pusher again
	}
	body := map[string]string{"app_id": p.AppID, "ack_token": p.AckToken}
	out, _ := s.postWeb(ctx, p, body, webpush.Options{TTL: activationTTL, Urgency: webpush.UrgencyHigh})
	return out
}

// postWeb encrypts and sends a message; fits is false if it is too long for that.
func (s *Service) postWeb(ctx context.Context, p store.Pusher, payload any, o webpush.Options) (out outcome, fits bool) {
	body, err := json.Marshal(payload)
	if err != nil {
		return outcome{failed: true}, true
	}
	o.HTTPClient, o.VAPIDPublicKey, o.VAPIDPrivateKey = s.client, s.VAPID.public, s.VAPID.private
	o.Subscriber = "https://" + s.ServerName // RFC 8292, 2.1: whom to ask about it
	to := webpush.Subscription{
		Endpoint: gjson.GetBytes(p.Data, "url").Str, Keys: webpush.Keys{P256dh: p.Pushkey, Auth: gjson.GetBytes(p.Data, "auth").Str},
	}
	resp, err := webpush.SendNotificationWithContext(ctx, body, &to, &o)
	if errors.Is(err, webpush.ErrMaxPadExceeded) {
		return outcome{}, false
	}
	if err != nil {
		s.noteFailure(p, err)
		return outcome{failed: true}, true
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)) // so that the connection can be used again
	return s.webOutcome(p, resp)
}

func (s *Service) webOutcome(p store.Pusher, resp *http.Response) (out outcome, fits bool) {
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		return outcome{}, true
	case resp.StatusCode == http.StatusRequestEntityTooLarge:
		return outcome{}, false
	// RFC 8030, 7.3: the subscription has ended. 403 is the answer where it was made for another server's key (MSC4174).
	case resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusGone, resp.StatusCode == http.StatusForbidden:
		s.Log.Info("a push service has no such subscription any more", "user", p.UserID, "app", p.AppID, "status", resp.StatusCode)
		return outcome{gone: true}, true
	}
	s.noteFailure(p, errors.New(resp.Status))
	return outcome{failed: true, after: s.retryAfter(resp)}, true
}
