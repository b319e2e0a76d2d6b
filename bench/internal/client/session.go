package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// callTimeout bounds a call that is not a long poll. It is generous: a slow server must show as slow, not as failing.
const callTimeout = 60 * time.Second

// Session is a signed-in device.
type Session struct {
	UserID   string
	DeviceID string
	Token    string
}

// StatusError is an answer other than 200.
type StatusError struct {
	Status int
	Code   string // errcode
	Body   string
}

func (e *StatusError) Error() string { return fmt.Sprintf("status %d: %s", e.Status, e.Body) }

func statusError(status int, body []byte) *StatusError {
	return &StatusError{Status: status, Code: gjson.GetBytes(body, "errcode").Str, Body: string(body[:min(len(body), 300)])}
}

// Call sends a JSON body (or none) and gives the answer's body, which is valid until the connection's next call. Any
// status but 200 is a *StatusError.
func (c *Conn) Call(method, path, token string, body []byte) ([]byte, error) {
	status, answer, err := c.Do(Request{Method: method, Path: path, Token: token, Body: body, Timeout: callTimeout})
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %w", method, path, statusError(status, answer))
	}
	return answer, nil
}

// Register makes an account with the m.login.dummy stage, in one request where the server allows that, and with the
// session that the server's 401 names where it does not.
//
// Client-Server API, 5.5.1: registration uses the user-interactive authentication.
func (c *Conn) Register(name, password string) (Session, error) {
	body := mustSet([]byte(`{"auth":{"type":"m.login.dummy"}}`), "username", name, "password", password)
	answer, err := c.Call(http.MethodPost, "/_matrix/client/v3/register", "", body)
	var status *StatusError
	if errors.As(err, &status) && status.Status == http.StatusUnauthorized {
		uia, _, doErr := c.uiaSession(mustSet([]byte(`{}`), "username", name, "password", password))
		if doErr != nil {
			return Session{}, doErr
		}
		answer, err = c.Call(http.MethodPost, "/_matrix/client/v3/register", "", mustSet(body, "auth.session", uia))
	}
	if err != nil {
		return Session{}, err
	}
	return sessionOf(answer), nil
}

// uiaSession asks for the stages of a registration and gives the session that the server opened for it.
func (c *Conn) uiaSession(body []byte) (session string, status int, err error) {
	status, answer, err := c.Do(Request{Method: http.MethodPost, Path: "/_matrix/client/v3/register", Body: body, Timeout: callTimeout})
	if err != nil {
		return "", 0, err
	}
	if status != http.StatusUnauthorized {
		return "", status, fmt.Errorf("asking for the stages of a registration: %w", statusError(status, answer))
	}
	return gjson.GetBytes(answer, "session").Str, status, nil
}

func sessionOf(answer []byte) Session {
	r := gjson.ParseBytes(answer)
	return Session{UserID: r.Get("user_id").String(), DeviceID: r.Get("device_id").String(), Token: r.Get("access_token").String()}
}

// CreateRoom makes a public room and gives its id.
func (c *Conn) CreateRoom(token, name string) (string, error) {
	body := mustSet([]byte(`{"preset":"public_chat"}`), "name", name)
	answer, err := c.Call(http.MethodPost, "/_matrix/client/v3/createRoom", token, body)
	if err != nil {
		return "", err
	}
	return gjson.GetBytes(answer, "room_id").String(), nil
}

// Join joins a room by its id or alias.
func (c *Conn) Join(token, room string) error {
	_, err := c.Call(http.MethodPost, "/_matrix/client/v3/join/"+url.PathEscape(room), token, []byte(`{}`))
	return err
}

// mustSet sets paths to strings. The paths are literals of this package, so that it cannot fail.
func mustSet(body []byte, pairs ...string) []byte {
	for i := 0; i < len(pairs); i += 2 {
		var err error
		if body, err = sjson.SetBytes(body, pairs[i], pairs[i+1]); err != nil {
			panic(err)
		}
	}
	return body
}
