package clientapi

import (
	"encoding/json"
	"net/http"

	"bongsu.org/bongsu/internal/keys"
	"bongsu.org/bongsu/internal/mxerr"
)

// toDeviceRoutes: Client-Server API, "Send-to-Device messaging".
func (a *API) toDeviceRoutes() {
	a.client(http.MethodPut, "/sendToDevice/{eventType}/{txnId}", a.sendToDevice, as(authGuest), bodyUpTo(maxKeys), limited("to_device"))
}

func (a *API) sendToDevice(r *request) (any, error) {
	var body struct {
		Messages map[string]map[string]json.RawMessage `json:"messages"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if body.Messages == nil {
		return nil, mxerr.MissingParamf("messages is missing")
	}
	if err := checkName("type", r.param("eventType")); err != nil {
		return nil, err
	}
	if err := checkName("transaction id", r.param("txnId")); err != nil {
		return nil, err
	}
	return empty{}, a.Keys.SendToDevice(r.Context(), keys.Send{
		Sender: r.session.UserID, Device: r.session.DeviceID, Type: r.param("eventType"), TxnID: r.param("txnId"), Messages: body.Messages,
	})
}
