package store

import (
	"context"
	"strings"

	"github.com/tidwall/gjson"
)

// folded is what a profile field is searched by; nil for fields that are not searched.
func folded(f ProfileField) *string {
	name := gjson.ParseBytes(f.Value)
	if f.Name != "displayname" || name.Type != gjson.String {
		return nil
	}
	low := strings.ToLower(name.Str)
	return &low
}

// DirectoryUser is a user as the user directory shows one. The values are JSON; nil where there is none.
type DirectoryUser struct {
	UserID                 string
	DisplayName, AvatarURL []byte
}

// SearchUsers finds users by a part of their id or display name, of those who share a room with the asking user or are in a room that
// anybody may join or read. Those whose id or name begins with what is sought come first.
func (t *Tx) SearchUsers(ctx context.Context, asking, sought string, limit int) ([]DirectoryUser, error) {
	return list(ctx, t, func(rows Rows) (DirectoryUser, error) {
		var u DirectoryUser
		err := rows.Scan(&u.UserID, &u.DisplayName, &u.AvatarURL)
		return u, err
	}, `WITH found AS MATERIALIZED (SELECT u.user_id AS id, LOWER(u.user_id) AS low, d.value AS name, d.folded AS folded FROM users u
			LEFT JOIN profiles d ON d.user_id = u.user_id AND d.field = 'displayname'
			WHERE u.user_id <> $1 AND NOT u.deactivated AND NOT u.guest AND (LOWER(u.user_id) LIKE $2 ESCAPE '\' OR d.folded LIKE $2 ESCAPE '\'))
		SELECT f.id, f.name, a.value FROM found f LEFT JOIN profiles a ON a.user_id = f.id AND a.field = 'avatar_url'
		WHERE EXISTS (SELECT 1 FROM memberships m JOIN rooms r ON r.room = m.room WHERE m.user_id = f.id AND m.membership = 'join'
			AND (r.join_rule = 'public' OR r.history_visibility = 'world_readable' OR EXISTS (SELECT 1 FROM memberships mine
				WHERE mine.user_id = $1 AND mine.room = m.room AND mine.membership = 'join')))
		ORDER BY CASE WHEN f.low LIKE $3 ESCAPE '\' OR f.low LIKE $4 ESCAPE '\' OR f.folded LIKE $3 ESCAPE '\' THEN 0 ELSE 1 END,
			CASE WHEN f.name IS NULL THEN 1 ELSE 0 END, f.id LIMIT $5`,
		asking, likePattern(sought), likePattern(sought)[1:], "@"+likePattern(sought)[1:], limit)
}
