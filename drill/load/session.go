package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// session begins a registration that asks for a token. Client-Server API, "User-Interactive Authentication": the first try is answered
// with 401 and a session.
func (c *Client) session(ctx context.Context, body map[string]any) (string, error) {
	r := request{method: http.MethodPost, path: client3 + "/register", body: jsonBody(body), timeout: setupTimeout}
	_, err := c.insist(ctx, &r, nil, nil)
	var refused *RefusedError
	if !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
		return "", fmt.Errorf("asking how to register: %w", err)
	}
	var answer struct {
		Session string `json:"session"`
	}
	if err := json.Unmarshal([]byte(refused.Body), &answer); err != nil {
		return "", fmt.Errorf("asking how to register: %w", err)
	}
	return answer.Session, nil
}
