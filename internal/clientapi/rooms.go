package clientapi

import (
	"bytes"
	"encoding/json"
	"strings"

	"bongsu.org/bongsu/internal/filter"
	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/room"
)

// What the modules about rooms share.

// who is for whom the request reads.
func (r *request) who() room.Who { return room.Who{User: r.session.UserID, Device: r.session.DeviceID} }

// clientV1 registers an operation below /_matrix/client/v1, where endpoints are that came after r0.
func (a *API) clientV1(method, path string, h handler, opts ...option) {
	a.handle(method, "/_matrix/client/v1"+path, h, opts...)
}

// direction reads the query parameter dir. An empty otherwise makes it a required one.
func (r *request) direction(otherwise string) (forward bool, err error) {
	dir := r.query("dir")
	if dir == "" {
		dir = otherwise
	}
	switch dir {
	case "f":
		return true, nil
	case "b":
		return false, nil
	case "":
		return false, mxerr.MissingParamf("dir is needed: f for forwards, b for backwards")
	}
	return false, mxerr.InvalidParamf("dir must be f or b")
}

// roomFilter reads the query parameter filter, a RoomEventFilter; nil if it is not there.
func (r *request) roomFilter() (*filter.RoomEvents, error) {
	text := r.query("filter")
	if text == "" {
		return nil, nil
	}
	return filter.ParseRoomEvents([]byte(text))
}

// positiveInt is queryInt for what must be greater than zero.
func (r *request) positiveInt(name string, def, most int) (int, error) {
	n, err := r.queryInt(name, def, most)
	if err == nil && n < 1 {
		return 0, mxerr.InvalidParamf("%s must be greater than 0", name)
	}
	return n, err
}

// optionalObject reads the body, a JSON object, or nothing at all.
func (r *request) optionalObject() (json.RawMessage, error) {
	var content json.RawMessage
	if err := r.decodeOptional(&content); err != nil {
		return nil, err
	}
	if len(content) > 0 && bytes.TrimLeft(content, " \t\r\n")[0] != '{' {
		return nil, mxerr.BadJSONf("The request body must be a JSON object")
	}
	return content, nil
}

// roomID is the room that a parameter names by its id or by an alias.
func (r *request) roomID(param string) (string, error) {
	name := r.param(param)
	switch {
	case strings.HasPrefix(name, "!"):
		return name, nil
	case strings.HasPrefix(name, "#"):
		return r.resolveAlias(name)
	}
	return "", mxerr.InvalidParamf("%q is neither a room id nor an alias", name)
}
