package clientapi

import (
	"encoding/json"
	"net/http"

	"bongsu.org/bongsu/internal/mxerr"
)

const typeTag = "m.tag"

// maxTags bounds the tags of one room.
const maxTags = 200

// tagRoutes: Client-Server API, "Room Tagging".
func (a *API) tagRoutes() {
	const path = "/user/{userId}/rooms/{roomId}/tags"
	a.client(http.MethodGet, path, a.getTags)
	a.client(http.MethodPut, path+"/{tag}", a.putTag, bodyUpTo(16<<10), limited("account_data"))
	a.client(http.MethodDelete, path+"/{tag}", a.deleteTag, limited("account_data"))
}

func (a *API) getTags(r *request) (any, error) {
	roomID, err := r.tagRoom()
	if err != nil {
		return nil, err
	}
	data, err := a.readAccountData(r, roomID, typeTag)
	if mxerr.HasCode(err, mxerr.NotFound) {
		return tagContent{Tags: map[string]json.RawMessage{}}, nil
	}
	if err != nil {
		return nil, err
	}
	content, _ := data.(raw)
	return tagContent{Tags: parseTags(content)}, nil
}

func (a *API) putTag(r *request) (any, error) {
	roomID, err := r.tagRoom()
	if err != nil {
		return nil, err
	}
	tag := r.param("tag")
	if err := checkName("tag", tag); err != nil { // the name of a tag must not exceed 255 bytes
		return nil, err
	}
	value, err := r.compactObject()
	if err != nil {
		return nil, err
	}
	if err := checkTag(value); err != nil {
		return nil, err
	}
	return empty{}, a.changeAccountData(r, roomID, typeTag, func(old []byte) ([]byte, error) {
		tags := parseTags(old)
		tags[tag] = value
		if len(tags) > maxTags {
			return nil, mxerr.New(http.StatusBadRequest, mxerr.ResourceLimitExceeded, "A room can have at most %d tags", maxTags)
		}
		return json.Marshal(tagContent{tags})
	})
}

func (a *API) deleteTag(r *request) (any, error) {
	roomID, err := r.tagRoom()
	if err != nil {
		return nil, err
	}
	tag := r.param("tag")
	return empty{}, a.changeAccountData(r, roomID, typeTag, func(old []byte) ([]byte, error) {
		tags := parseTags(old)
		if _, ok := tags[tag]; !ok {
			return nil, nil
		}
		delete(tags, tag)
		return json.Marshal(tagContent{tags})
	})
}

func (r *request) tagRoom() (string, error) {
	if err := r.ownUser("use the tags of"); err != nil {
		return "", err
	}
	return r.roomParam()
}

// tagContent is the content of m.tag.
type tagContent struct {
	Tags map[string]json.RawMessage `json:"tags"`
}

// parseTags reads m.tag. Clients can also write it as account data of any form; what is not an object counts as no tags.
func parseTags(content []byte) map[string]json.RawMessage {
	var c tagContent
	if len(content) == 0 || json.Unmarshal(content, &c) != nil || c.Tags == nil {
		return map[string]json.RawMessage{}
	}
	return c.Tags
}

// checkTag: order is a number between 0 and 1 (Client-Server API, "Room Tagging").
func checkTag(value []byte) error {
	var tag struct {
		Order *float64 `json:"order"`
	}
	if err := decodeJSON(value, &tag); err != nil {
		return err
	}
	if tag.Order != nil && (*tag.Order < 0 || *tag.Order > 1) {
		return mxerr.InvalidParamf("A tag's order is between 0 and 1")
	}
	return nil
}
