package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/keys"
	"bongsu.org/bongsu/internal/mxerr"
)

// maxKeys bounds the body of a request about many keys or devices.
const maxKeys = 8 << 20

// keyRoutes: Client-Server API, "End-to-End Encryption" (key management).
func (a *API) keyRoutes() {
	a.client(http.MethodPost, "/keys/upload", a.uploadKeys, as(authGuest), limited("keys"))
	a.client(http.MethodPost, "/keys/query", a.queryKeys, as(authGuest), bodyUpTo(maxKeys), limited("keys"))
	a.client(http.MethodPost, "/keys/claim", a.claimKeys, as(authGuest), bodyUpTo(maxKeys), limited("keys"))
	a.client(http.MethodGet, "/keys/changes", a.keyChanges, as(authGuest), limited("keys"))
}

func (a *API) uploadKeys(r *request) (any, error) {
	var body keys.Upload
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if r.session.DeviceID == "" { // an application service that names no device
		return nil, mxerr.MissingParamf("device_id is needed: keys belong to a device")
	}
	counts, err := a.Keys.Upload(r.Context(), r.session.UserID, r.session.DeviceID, body)
	if err != nil {
		return nil, err
	}
	return map[string]any{"one_time_key_counts": counts}, nil
}

func (a *API) queryKeys(r *request) (any, error) {
	var body struct {
		DeviceKeys map[string][]string `json:"device_keys"`
		Timeout    int64               `json:"timeout"` // for other servers, of which there are none
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if body.DeviceKeys == nil {
		return nil, mxerr.MissingParamf("device_keys is missing")
	}
	return a.Keys.Query(r.Context(), r.session.UserID, body.DeviceKeys)
}

func (a *API) claimKeys(r *request) (any, error) {
	var body struct {
		OneTimeKeys map[string]map[string]string `json:"one_time_keys"`
		Timeout     int64                        `json:"timeout"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if body.OneTimeKeys == nil {
		return nil, mxerr.MissingParamf("one_time_keys is missing")
	}
	return a.Keys.Claim(r.Context(), body.OneTimeKeys)
}

func (a *API) keyChanges(r *request) (any, error) {
	from, to := r.query("from"), r.query("to")
	if from == "" || to == "" {
		return nil, mxerr.MissingParamf("from and to are needed")
	}
	return a.Sync.DeviceListsSince(r.Context(), r.session.UserID, from, to)
}
