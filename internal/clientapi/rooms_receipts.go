package clientapi

import (
	"encoding/json"
	"net/http"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/room"
)

// roomReceiptRoutes: Client-Server API, "Receipts" and "Read and unread markers".
func (a *API) roomReceiptRoutes() {
	a.client(http.MethodPost, "/rooms/{roomId}/receipt/{receiptType}/{eventId}", a.postReceipt, limited("requests"), active())
	a.client(http.MethodPost, "/rooms/{roomId}/read_markers", a.postReadMarkers, limited("requests"), active())
}

func (a *API) postReceipt(r *request) (any, error) {
	req := room.ReceiptRequest{
		RoomID: r.param("roomId"), User: r.session.UserID, Type: r.param("receiptType"), EventID: r.param("eventId"),
	}
	switch req.Type {
	case room.ReceiptRead, room.ReceiptPrivate, room.ReceiptFullyRead:
	default:
		return nil, mxerr.InvalidParamf("A receipt is m.read, m.read.private or m.fully_read")
	}
	var body struct {
		ThreadID json.RawMessage `json:"thread_id"`
	}
	if err := r.decodeOptional(&body); err != nil {
		return nil, err
	}
	if body.ThreadID != nil {
		if json.Unmarshal(body.ThreadID, &req.ThreadID) != nil || req.ThreadID == "" {
			return nil, mxerr.InvalidParamf("thread_id must be a non-empty string")
		}
		if req.Type == room.ReceiptFullyRead {
			return nil, mxerr.InvalidParamf("m.fully_read has no thread_id")
		}
	}
	return empty{}, a.Receipts.Send(r.Context(), req)
}

func (a *API) postReadMarkers(r *request) (any, error) {
	var body struct {
		FullyRead string `json:"m.fully_read"`
		Read      string `json:"m.read"`
		Private   string `json:"m.read.private"`
	}
	if err := r.decodeOptional(&body); err != nil {
		return nil, err
	}
	for _, marker := range []struct{ typ, event string }{
		{room.ReceiptFullyRead, body.FullyRead}, {room.ReceiptRead, body.Read}, {room.ReceiptPrivate, body.Private},
	} {
		if marker.event == "" {
			continue
		}
		req := room.ReceiptRequest{RoomID: r.param("roomId"), User: r.session.UserID, Type: marker.typ, EventID: marker.event}
		if err := a.Receipts.Send(r.Context(), req); err != nil {
			return nil, err
		}
	}
	return empty{}, nil
}
