package clientapi

import (
	"net/http"
	"time"

	"bongsu.org/bongsu/internal/relay/credential"
)

// TURN is the relays that carry calls between devices which cannot reach each other. The zero value: there are none.
type TURN struct {
	// URIs are the relays' addresses.
	URIs []string
	// Secret is shared with the relays, for credentials that end by themselves.
	Secret string
	// Username and Password are good for everybody, for relays without a secret.
	Username, Password string
	// Lifetime is how long credentials are good.
	Lifetime time.Duration
}

// voipRoutes: Client-Server API, "Voice over IP".
func (a *API) voipRoutes() {
	a.client(http.MethodGet, "/voip/turnServer", a.turnServer, limited("requests"))
}

type turnCredentials struct {
	Username string   `json:"username"`
	Password string   `json:"password"`
	URIs     []string `json:"uris"`
	TTL      int64    `json:"ttl"`
}

// turnServer answers {} where there are no relays: clients then try without.
func (a *API) turnServer(r *request) (any, error) {
	if len(a.TURN.URIs) == 0 {
		return empty{}, nil
	}
	return a.TURN.credentials(r.session.UserID, time.Now()), nil
}

// credentials are for one user and for a time, where the relays share a secret.
func (t TURN) credentials(user string, now time.Time) turnCredentials {
	out := turnCredentials{Username: t.Username, Password: t.Password, URIs: t.URIs, TTL: int64(t.Lifetime.Seconds())}
	if t.Secret == "" {
		return out
	}
	out.Username, out.Password = credential.Make(t.Secret, user, now.Add(t.Lifetime))
	return out
}
