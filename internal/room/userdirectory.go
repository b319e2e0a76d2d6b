package room

import (
	"context"
	"strings"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/store"
)

// FoundUser is a user as a search shows one.
type FoundUser struct {
	UserID      string `json:"user_id"`
	DisplayName string `json:"display_name,omitempty"`
	AvatarURL   string `json:"avatar_url,omitempty"`
}

// SearchUsers finds users by a part of their id or display name, whatever its case (Client-Server API, "User Directory"). limited: there
// are more than were wanted.
func (r *Reader) SearchUsers(ctx context.Context, asking, term string, limit int) (out []FoundUser, limited bool, err error) {
	out = []FoundUser{}
	term = strings.TrimSpace(term)
	if term == "" {
		return out, false, nil
	}
	var found []store.DirectoryUser
	err = r.store.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.SearchUsers(ctx, asking, term, limit+1)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	if len(found) > limit {
		found, limited = found[:limit], true
	}
	for _, u := range found {
		avatar := gjson.ParseBytes(u.AvatarURL).Str
		if !strings.HasPrefix(avatar, "mxc://") {
			avatar = ""
		}
		out = append(out, FoundUser{UserID: u.UserID, DisplayName: gjson.ParseBytes(u.DisplayName).Str, AvatarURL: avatar})
	}
	return out, limited, nil
}
