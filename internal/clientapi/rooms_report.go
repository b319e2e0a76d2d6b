package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// maxReport bounds the body of a report.
const maxReport = 16 << 10

// roomReportRoutes: Client-Server API, "Reporting Content".
func (a *API) roomReportRoutes() {
	opts := []option{bodyUpTo(maxReport), limited("reports")}
	a.client(http.MethodPost, "/rooms/{roomId}/report", a.reportRoom, opts...)
	a.client(http.MethodPost, "/rooms/{roomId}/report/{eventId}", a.reportEvent, opts...)
	a.client(http.MethodPost, "/users/{userId}/report", a.reportUser, opts...)
}

type reportBody struct {
	Reason *string `json:"reason"`
	Score  *int64  `json:"score"` // until 1.18
}

// reason is the reason of a report of which one is asked for; it may be blank.
func (b reportBody) reason() (string, error) {
	if b.Reason == nil {
		return "", mxerr.MissingParamf("reason is needed")
	}
	return *b.Reason, nil
}

func (a *API) reportRoom(r *request) (any, error) {
	var body reportBody
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	reason, err := body.reason()
	if err != nil {
		return nil, err
	}
	return empty{}, a.Reader.Report(r.Context(), store.Report{Reporter: r.session.UserID, RoomID: r.param("roomId"), Reason: reason})
}

func (a *API) reportEvent(r *request) (any, error) {
	var body reportBody
	if err := r.decodeOptional(&body); err != nil {
		return nil, err
	}
	report := store.Report{Reporter: r.session.UserID, RoomID: r.param("roomId"), EventID: r.param("eventId"), Score: body.Score}
	if body.Reason != nil {
		report.Reason = *body.Reason
	}
	return empty{}, a.Reader.Report(r.Context(), report)
}

func (a *API) reportUser(r *request) (any, error) {
	var body reportBody
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	reason, err := body.reason()
	if err != nil {
		return nil, err
	}
	return empty{}, a.Reader.Report(r.Context(), store.Report{Reporter: r.session.UserID, UserID: r.param("userId"), Reason: reason})
}
