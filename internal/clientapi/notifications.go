package clientapi

import (
	"net/http"

	bsync "bongsu.org/bongsu/internal/sync"
)

// Bounds of a page of notifications.
const (
	notificationsDefault = 20
	notificationsMost    = 100
)

// notificationRoutes: Client-Server API, "Listing Notifications".
func (a *API) notificationRoutes() {
	a.client(http.MethodGet, "/notifications", a.notifications, limited("notifications"))
}

func (a *API) notifications(r *request) (any, error) {
	limit, err := r.positiveInt("limit", notificationsDefault, notificationsMost)
	if err != nil {
		return nil, err
	}
	return a.Sync.Notifications(r.Context(), bsync.NotificationsRequest{
		User: r.session.UserID, Device: r.session.DeviceID, From: r.query("from"), Limit: limit, Highlights: r.query("only") == "highlight",
	})
}
