package clientapi

import (
	"net/http"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
	bsync "bongsu.org/bongsu/internal/sync"
)

// slidingFeature is the name under which the proposal is served until it is part of the specification.
const slidingFeature = "org.matrix.simplified_msc3575"

// slidingSyncRoutes: MSC4186, simplified sliding sync, below its unstable prefix, where clients look for it. The path that the proposal
// reserves is not served before it is accepted.
func (a *API) slidingSyncRoutes() {
	a.handle(http.MethodPost, "/_matrix/client/unstable/"+slidingFeature+"/sync", a.slidingSync, as(authGuest), limited("sync"), waiting())
}

func (a *API) slidingSync(r *request) (any, error) {
	var req bsync.SlidingRequest
	if err := r.decode(&req); err != nil {
		return nil, err
	}
	req.User, req.Device = r.session.UserID, r.session.DeviceID
	// Clients of today send these three as parameters of the query, the proposal has them in the body.
	if pos := r.query("pos"); pos != "" {
		req.Pos = pos
	}
	if presence := r.query("set_presence"); presence != "" {
		req.SetPresence = presence
	}
	most := int(time.Hour.Milliseconds())
	if req.TimeoutMS < 0 {
		return nil, mxerr.InvalidParamf("timeout must be a whole number of at least 0")
	}
	ms, err := r.queryInt("timeout", int(min(req.TimeoutMS, int64(most))), most)
	if err != nil {
		return nil, err
	}
	req.Timeout = time.Duration(ms) * time.Millisecond
	switch req.SetPresence {
	case "", "online", "offline", "unavailable":
	default:
		return nil, mxerr.InvalidParamf("set_presence must be online, offline or unavailable")
	}
	return a.Sync.SlidingSync(r.Context(), req)
}
