package clientapi

import (
	"net/http"

	"bongsu.org/bongsu/internal/room"
)

// roomSendRoutes: Client-Server API, "Sending events to a room", message events, and "Redactions".
func (a *API) roomSendRoutes() {
	a.client(http.MethodPut, "/rooms/{roomId}/send/{eventType}/{txnId}", a.send, as(authGuest), limited("messages"), unlessSuspended(), active())
	a.client(http.MethodPut, "/rooms/{roomId}/redact/{eventId}/{txnId}", a.redact, limited("messages"))
}

func (a *API) send(r *request) (any, error) {
	content, err := r.object()
	if err != nil {
		return nil, err
	}
	req := room.SendRequest{
		RoomID: r.param("roomId"), Sender: r.session.UserID, Device: r.session.DeviceID, Type: r.param("eventType"), Content: content,
		TxnID: r.param("txnId"),
	}
	if req.TS, err = r.timestamp(); err != nil {
		return nil, err
	}
	if err := a.Reader.CheckRelation(r.Context(), req); err != nil {
		return nil, err
	}
	r.sends(req.TxnID)
	id, err := a.Rooms.Send(r.Context(), req)
	if err != nil {
		return nil, err
	}
	return eventIDBody{id}, nil
}

func (a *API) redact(r *request) (any, error) {
	content, err := r.optionalObject()
	if err != nil {
		return nil, err
	}
	r.sends(r.param("txnId"))
	id, err := a.Rooms.Redact(r.Context(), room.RedactRequest{
		RoomID: r.param("roomId"), Target: r.param("eventId"), Sender: r.session.UserID, Device: r.session.DeviceID, TxnID: r.param("txnId"),
		Content: content, OwnOnly: r.session.Suspended,
	})
	if err != nil {
		return nil, err
	}
	return eventIDBody{id}, nil
}
