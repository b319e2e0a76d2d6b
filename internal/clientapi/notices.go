package clientapi

import (
	"encoding/json"
	"net/http"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/notices"
)

// noticeRoutes let administrators send server notices, in the way that tools made for Synapse do.
func (a *API) noticeRoutes() {
	const path = "/_synapse/admin/v1/send_server_notice"
	a.handle(http.MethodPost, path, a.sendNotice)
	a.handle(http.MethodPut, path+"/{txnId}", a.sendNotice)
}

func (a *API) sendNotice(r *request) (any, error) {
	if !r.session.Admin {
		return nil, errNotAdmin
	}
	var body struct {
		UserID   string          `json:"user_id"`
		Type     string          `json:"type"`
		StateKey *string         `json:"state_key"`
		Content  json.RawMessage `json:"content"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	content := nullless(body.Content)
	switch {
	case body.UserID == "" || content == nil:
		return nil, mxerr.MissingParamf("user_id and content are needed")
	case content[0] != '{':
		return nil, mxerr.BadJSONf("content must be an object")
	}
	e := notices.Event{To: body.UserID, Type: body.Type, StateKey: body.StateKey, Content: content}
	if txn := r.param("txnId"); txn != "" {
		e.TxnID = "admin:" + r.session.UserID + ":" + txn
	}
	id, err := a.Notices.Send(r.Context(), e)
	if err != nil {
		return nil, err
	}
	return eventIDBody{id}, nil
}
