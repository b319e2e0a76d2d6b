package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// maxUserID: Appendices, "User Identifiers": the whole id, with sigil and server name, is at most 255 bytes.
const maxUserID = 255

var (
	errInvalidUsername = mxerr.New(http.StatusBadRequest, mxerr.InvalidUsername,
		"A user name is made of the characters a-z, 0-9 and . _ = - / +")
	errLongUsername = mxerr.New(http.StatusBadRequest, mxerr.InvalidUsername, "The user name is too long")
	errUserInUse    = mxerr.New(http.StatusBadRequest, mxerr.UserInUse, "This user name is taken")
)

// newUserID makes the user id for a wanted name. Client-Server API, POST /register: the server maps the name onto a user id in a
// logical manner, or refuses it: capitals become small letters.
func (s *Service) newUserID(username string) (string, error) {
	localpart := lower(username)
	if localpart == "" || strings.ContainsFunc(localpart, notInLocalpart) {
		return "", errInvalidUsername
	}
	id := s.userID(localpart)
	if len(id) > maxUserID {
		return "", errLongUsername
	}
	return id, nil
}

// lower makes small letters of A to Z only: of other characters none has a small letter that may stand in a user id.
func lower(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, name)
}

// notInLocalpart: Appendices, "User Identifiers": a-z, 0-9, ., _, =, -, / and +.
func notInLocalpart(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("._=-/+", r)
}

// localUserID is the id of a local user whom a client names by id or localpart; false if it is of another server.
func (s *Service) localUserID(user string) (string, bool) {
	name, ok := strings.CutPrefix(user, "@")
	if !ok {
		return s.userID(lower(user)), true
	}
	localpart, server, ok := strings.Cut(name, ":")
	return s.userID(lower(localpart)), ok && server == s.ServerName
}

// IsLocal tells whether a user id is of this server.
func (s *Service) IsLocal(userID string) bool {
	_, server, ok := strings.Cut(userID, ":")
	return ok && strings.HasPrefix(userID, "@") && server == s.ServerName
}

// Available tells whether a name can be registered: nil if it can.
func (s *Service) Available(ctx context.Context, username string) error {
	id, err := s.newUserID(username)
	if err != nil {
		return err
	}
	if err := s.checkReserved(id); err != nil {
		return err
	}
	_, err = s.user(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return errUserInUse
}

// user reads an account; store.ErrNotFound if there is none.
func (s *Service) user(ctx context.Context, userID string) (u store.User, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		u, err = tx.User(ctx, userID)
		return err
	})
	if err != nil {
		return u, fmt.Errorf("reading a user: %w", err)
	}
	return u, nil
}

// clip shortens text to at most n bytes, at the border of a character.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "")
}
