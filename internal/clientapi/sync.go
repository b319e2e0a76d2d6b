package clientapi

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/longpoll"
	"bongsu.org/bongsu/internal/mxerr"
	bsync "bongsu.org/bongsu/internal/sync"
)

// syncRoutes: Client-Server API, "Syncing".
func (a *API) syncRoutes() {
	a.client(http.MethodGet, "/sync", a.sync, as(authGuest), limited("sync"), waiting())
}

func (a *API) sync(r *request) (any, error) {
	req := bsync.Request{User: r.session.UserID, Device: r.session.DeviceID, Since: r.query("since"), SetPresence: r.query("set_presence")}
	var err error
	if req.FullState, err = r.queryBool("full_state", false); err != nil {
		return nil, err
	}
	if req.UseStateAfter, err = r.queryBool("use_state_after", false); err != nil {
		return nil, err
	}
	switch req.SetPresence {
	case "", "online", "offline", "unavailable":
	default:
		return nil, mxerr.InvalidParamf("set_presence must be online, offline or unavailable")
	}
	ms, err := r.queryInt("timeout", 0, int(time.Hour.Milliseconds()))
	if err != nil {
		return nil, err
	}
	req.Timeout = time.Duration(ms) * time.Millisecond
	if req.Filter, err = a.syncFilter(r, r.query("filter")); err != nil {
		return nil, err
	}
	req.Turn = longpoll.TurnOf(r.Context())
	res, err := a.Sync.Sync(r.Context(), req)
	if errors.Is(err, longpoll.ErrLeft) {
		return written{}, nil
	}
	if err != nil {
		return nil, err
	}
	body, err := res.AppendJSON(nil)
	if err != nil {
		return nil, err
	}
	a.echoes.settle(r.Context(), sender{r.session.UserID, r.session.DeviceID}, body)
	return raw(body), nil
}

// syncFilter is the filter that the parameter names, by its id or in full.
func (a *API) syncFilter(r *request, param string) (*filter.Filter, error) {
	if param == "" {
		return nil, nil
	}
	text := []byte(param)
	if !strings.HasPrefix(param, "{") {
		stored, err := a.storedFilter(r, param)
		if err != nil {
			return nil, err
		}
		text = stored
	}
	return filter.Parse(text)
}
