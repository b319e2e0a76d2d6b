package clientapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/push"
	"bongsu.org/bongsu/internal/store"
)

// The account data that the server itself manages (Client-Server API, "Account Data", server behaviour).
const (
	typeFullyRead = "m.fully_read"
	typePushRules = "m.push_rules"
)

// Bounds of a user's account data.
const (
	maxAccountData      = 512 << 10 // bytes of one entry
	maxAccountDataTypes = 20000     // entries of a user, global and in all rooms
	maxName             = 255       // bytes of a type, a room id, a tag
)

// accountDataRoutes: Client-Server API, "Account Data".
func (a *API) accountDataRoutes() {
	write := []option{bodyUpTo(maxAccountData), limited("account_data")}
	a.client(http.MethodGet, "/user/{userId}/account_data/{type}", a.getAccountData)
	a.client(http.MethodPut, "/user/{userId}/account_data/{type}", a.putAccountData, write...)
	a.client(http.MethodGet, "/user/{userId}/rooms/{roomId}/account_data/{type}", a.getRoomAccountData)
	a.client(http.MethodPut, "/user/{userId}/rooms/{roomId}/account_data/{type}", a.putRoomAccountData, write...)
}

func (a *API) getAccountData(r *request) (any, error) {
	if err := r.ownUser("get account data of"); err != nil {
		return nil, err
	}
	dataType := r.param("type")
	if dataType == typePushRules {
		content, err := a.pushRulesContent(r)
		return raw(content), err
	}
	return a.readAccountData(r, "", dataType)
}

func (a *API) getRoomAccountData(r *request) (any, error) {
	if err := r.ownUser("get account data of"); err != nil {
		return nil, err
	}
	roomID, err := r.roomParam()
	if err != nil {
		return nil, err
	}
	return a.readAccountData(r, roomID, r.param("type"))
}

func (a *API) readAccountData(r *request, roomID, dataType string) (any, error) {
	if checkName("type", dataType) != nil {
		return nil, errNoAccountData // nothing can be stored under such a name
	}
	var data store.AccountData
	err := a.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		data, err = tx.AccountDataOf(r.Context(), r.session.UserID, roomID, dataType)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoAccountData
	}
	return raw(data.Content), err
}

var errNoAccountData = mxerr.NotFoundf("There is no account data of this type")

func (a *API) putAccountData(r *request) (any, error) {
	if err := r.ownUser("set account data of"); err != nil {
		return nil, err
	}
	return a.writeAccountData(r, "")
}

func (a *API) putRoomAccountData(r *request) (any, error) {
	if err := r.ownUser("set account data of"); err != nil {
		return nil, err
	}
	roomID, err := r.roomParam()
	if err != nil {
		return nil, err
	}
	return a.writeAccountData(r, roomID)
}

func (a *API) writeAccountData(r *request, roomID string) (any, error) {
	dataType := r.param("type")
	if dataType == typeFullyRead || dataType == typePushRules {
		return nil, mxerr.New(http.StatusMethodNotAllowed, mxerr.BadJSON, "Cannot set %s through this API.", dataType)
	}
	if err := checkName("type", dataType); err != nil {
		return nil, err
	}
	content, err := r.compactObject()
	if err != nil {
		return nil, err
	}
	return empty{}, a.changeAccountData(r, roomID, dataType, func([]byte) ([]byte, error) { return content, nil })
}

// changeAccountData makes of one entry's content (nil if there is none) its new content, in the user's lane, so that no other change
// comes between. The same content again, or nil, writes nothing. change may be called several times.
func (a *API) changeAccountData(r *request, roomID, dataType string, change func(old []byte) ([]byte, error)) error {
	// What was begun is not cut off by a client that leaves: the lane shares its transaction with others.
	ctx, user := context.WithoutCancel(r.Context()), r.session.UserID
	return a.Store.UserLane(user).Do(r.Context(), func(tx *store.LaneTx) error {
		old, err := tx.AccountDataOf(ctx, user, roomID, dataType)
		isNew := errors.Is(err, store.ErrNotFound)
		if err != nil && !isNew {
			return err
		}
		content, err := change(old.Content)
		if err != nil || content == nil || bytes.Equal(content, old.Content) {
			return err
		}
		if isNew {
			if err := checkAccountDataCount(ctx, tx, user); err != nil {
				return err
			}
		}
		return tx.PutAccountData(ctx, store.AccountData{UserID: user, RoomID: roomID, Type: dataType, Content: content})
	})
}

func checkAccountDataCount(ctx context.Context, tx *store.LaneTx, user string) error {
	n, err := tx.CountAccountData(ctx, user, maxAccountDataTypes)
	if err == nil && n >= maxAccountDataTypes {
		return mxerr.New(http.StatusBadRequest, mxerr.ResourceLimitExceeded, "A user can have at most %d entries of account data", maxAccountDataTypes)
	}
	return err
}

// pushRulesContent is the content of m.push_rules: only a user's changes to the defaults are stored.
func (a *API) pushRulesContent(r *request) (json.RawMessage, error) {
	stored, err := a.storedPushRules(r)
	if err != nil {
		return nil, err
	}
	return push.Render(r.session.UserID, stored)
}

// ownUser checks that {userId} in the path is who calls.
func (r *request) ownUser(doing string) error {
	if r.param("userId") != r.session.UserID {
		return mxerr.Forbiddenf("Cannot %s other users.", doing)
	}
	return nil
}

// roomParam is {roomId} in the path.
func (r *request) roomParam() (string, error) {
	roomID := r.param("roomId")
	if len(roomID) < 2 || roomID[0] != '!' || checkName("room id", roomID) != nil {
		return "", mxerr.InvalidParamf("%q is not a valid room ID.", roomID)
	}
	return roomID, nil
}

// compactObject reads the body, a JSON object, without white space.
func (r *request) compactObject() ([]byte, error) {
	body, err := r.object()
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(body) {
		return nil, mxerr.New(http.StatusBadRequest, mxerr.NotJSON, "The request body is not UTF-8")
	}
	var out bytes.Buffer
	if err := json.Compact(&out, body); err != nil {
		return nil, mxerr.New(http.StatusBadRequest, mxerr.NotJSON, "The request body is not JSON")
	}
	return out.Bytes(), nil
}

// checkName checks what becomes a key in the database.
func checkName(what, name string) error {
	if len(name) > maxName {
		return mxerr.InvalidParamf("A %s has at most %d bytes", what, maxName)
	}
	if name == "" || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return mxerr.InvalidParamf("This is no %s", what)
	}
	return nil
}
