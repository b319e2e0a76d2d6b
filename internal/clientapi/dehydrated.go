package clientapi

import (
	"encoding/json"
	"net/http"

	"bongsu.org/bongsu/internal/keys"
)

// dehydrationFeature is the name under which the proposal is served until it is part of the specification.
const dehydrationFeature = "org.matrix.msc3814"

// dehydratedRoutes: MSC3814, dehydrated devices, below its unstable prefix. Messages are asked for with POST, as the proposal has it, and
// with GET, as matrix-js-sdk does.
func (a *API) dehydratedRoutes() {
	const path = "/_matrix/client/unstable/" + dehydrationFeature + ".v1/dehydrated_device"
	a.handle(http.MethodPut, path, a.dehydrate, limited("keys"))
	a.handle(http.MethodGet, path, a.dehydrated, limited("keys"))
	a.handle(http.MethodDelete, path, a.deleteDehydrated, limited("keys"))
	a.handle(http.MethodGet, path+"/{deviceId}/events", a.dehydratedEvents, limited("keys"))
	a.handle(http.MethodPost, path+"/{deviceId}/events", a.postDehydratedEvents, limited("keys"))
}

type dehydratedID struct {
	DeviceID string `json:"device_id"`
}

func (a *API) dehydrate(r *request) (any, error) {
	var body keys.Dehydrate
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if err := a.Keys.Dehydrate(r.Context(), r.session.UserID, body); err != nil {
		return nil, err
	}
	return dehydratedID{body.DeviceID}, nil
}

func (a *API) dehydrated(r *request) (any, error) {
	d, err := a.Keys.Dehydrated(r.Context(), r.session.UserID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"device_id": d.DeviceID, "device_data": json.RawMessage(d.Data)}, nil
}

func (a *API) deleteDehydrated(r *request) (any, error) {
	id, err := a.Keys.DeleteDehydrated(r.Context(), r.session.UserID)
	if err != nil {
		return nil, err
	}
	return dehydratedID{id}, nil
}

type dehydratedEvents struct {
	Events    []dehydratedEvent `json:"events"`
	NextBatch string            `json:"next_batch,omitempty"`
}

type dehydratedEvent struct {
	Sender  string          `json:"sender"`
	Type    string          `json:"type"`
	Content json.RawMessage `json:"content"`
}

// dehydratedEvents gives a token as long as there are more messages.
func (a *API) dehydratedEvents(r *request) (any, error) {
	out, more, err := a.messagesToDehydrated(r, r.query("from"))
	if !more {
		out.NextBatch = ""
	}
	return out, err
}

// postDehydratedEvents gives a token in any case: clients go on until there are no messages.
func (a *API) postDehydratedEvents(r *request) (any, error) {
	var body struct {
		NextBatch string `json:"next_batch"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	out, _, err := a.messagesToDehydrated(r, body.NextBatch)
	return out, err
}

func (a *API) messagesToDehydrated(r *request, from string) (out dehydratedEvents, more bool, err error) {
	messages, next, more, err := a.Keys.DehydratedMessages(r.Context(), r.session.UserID, r.param("deviceId"), from)
	out = dehydratedEvents{Events: make([]dehydratedEvent, 0, len(messages)), NextBatch: next}
	for _, m := range messages {
		out.Events = append(out.Events, dehydratedEvent{Sender: m.Sender, Type: m.Type, Content: m.Content})
	}
	return out, more, err
}
