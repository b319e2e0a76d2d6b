package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// The fields of a profile that the specification names.
const (
	FieldDisplayName = "displayname"
	FieldAvatarURL   = "avatar_url"
	FieldTimeZone    = "m.tz"
)

// Bounds of a profile, in bytes. Client-Server API, PUT /profile/{userId}/{keyName}: 64 KiB in all, 255 a name. The display name and the
// avatar are copied into an event of every room.
const (
	maxProfile   = 64 << 10
	maxFieldName = 255
	maxCopied    = 1024
)

// customField: Appendices, "Common Namespaced Identifier Grammar".
var customField = regexp.MustCompile(`^[a-z][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)+$`)

// CheckField tells whether a profile may have a field of this name.
func CheckField(name string) error {
	if len(name) > maxFieldName {
		return mxerr.New(http.StatusBadRequest, mxerr.KeyTooLarge, "A profile field's name is at most %d bytes", maxFieldName)
	}
	switch name {
	case FieldDisplayName, FieldAvatarURL, FieldTimeZone:
		return nil
	}
	if !customField.MatchString(name) {
		return mxerr.InvalidParamf("This is not the name of a profile field")
	}
	return nil
}

// Profile is all that a user's profile holds. Unknown users have none: M_NOT_FOUND.
func (s *Service) Profile(ctx context.Context, userID string) (map[string]json.RawMessage, error) {
	var fields []store.ProfileField
	err := s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if _, err = tx.User(ctx, userID); err != nil {
			return err
		}
		fields, err = tx.Profile(ctx, userID)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoUser
	}
	if err != nil {
		return nil, fmt.Errorf("reading a profile: %w", err)
	}
	out := make(map[string]json.RawMessage, len(fields))
	for _, f := range fields {
		out[f.Name] = f.Value
	}
	return out, nil
}

// SetProfileField sets one field of a profile to a JSON value. An empty display name or avatar is as if there were none.
func (s *Service) SetProfileField(ctx context.Context, userID, name string, value json.RawMessage) error {
	if err := CheckField(name); err != nil {
		return err
	}
	text, err := checkFieldValue(name, value)
	if err != nil {
		return err
	}
	if text == "" && isCopied(name) {
		return s.DeleteProfileField(ctx, userID, name)
	}
	return s.changeProfile(ctx, userID, name, func(tx *store.Tx) error {
		fields, err := tx.Profile(ctx, userID)
		if err != nil {
			return err
		}
		if profileSize(fields, name, value) > maxProfile {
			return errProfileTooLarge
		}
		return tx.PutProfileField(ctx, userID, store.ProfileField{Name: name, Value: value})
	})
}

// DeleteProfileField removes one field of a profile, if it is there.
func (s *Service) DeleteProfileField(ctx context.Context, userID, name string) error {
	if err := CheckField(name); err != nil {
		return err
	}
	return s.changeProfile(ctx, userID, name, func(tx *store.Tx) error { return tx.DeleteProfileField(ctx, userID, name) })
}

func (s *Service) changeProfile(ctx context.Context, userID, name string, fn func(tx *store.Tx) error) error {
	err := s.changeUser(ctx, userID, func(tx *store.Tx, _ *store.User) ([][]byte, error) {
		if err := fn(tx); err != nil || !isCopied(name) {
			return nil, err
		}
		return nil, tx.AddChore(ctx, newChore(userID, choreProfile))
	})
	if errors.Is(err, store.ErrNotFound) {
		return errNoUser
	}
	if err == nil && isCopied(name) {
		s.startChore(ctx, userID, choreProfile)
	}
	return err
}

// isCopied tells whether a field is also in the user's membership events.
func isCopied(name string) bool { return name == FieldDisplayName || name == FieldAvatarURL }

var errProfileTooLarge = mxerr.New(http.StatusBadRequest, mxerr.ProfileTooLarge, "A profile is at most %d bytes", maxProfile)

// checkFieldValue checks the value of a field whose form the specification gives, and returns it as text.
func checkFieldValue(name string, value json.RawMessage) (text string, err error) {
	if name != FieldTimeZone && !isCopied(name) {
		return "", nil // any JSON; the size of the whole profile is bounded
	}
	if len(value) == 0 || value[0] != '"' || json.Unmarshal(value, &text) != nil {
		return "", mxerr.BadJSONf("%s must be a string", name)
	}
	if len(text) > maxCopied {
		return "", mxerr.New(http.StatusBadRequest, mxerr.ProfileTooLarge, "%s is at most %d bytes", name, maxCopied)
	}
	if name == FieldAvatarURL && text != "" && !strings.HasPrefix(text, "mxc://") {
		return "", mxerr.InvalidParamf("avatar_url must be an mxc:// address")
	}
	return text, nil
}

// profileSize is the size of a profile as JSON, with one field set to a new value.
func profileSize(fields []store.ProfileField, name string, value []byte) int {
	const punctuation = len(`"":,`)
	n := len("{}") + len(name) + len(value) + punctuation
	for _, f := range fields {
		if f.Name != name {
			n += len(f.Name) + len(f.Value) + punctuation
		}
	}
	return n
}
