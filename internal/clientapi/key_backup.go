package clientapi

import (
	"bufio"
	"net/http"

	"bongsu.org/bongsu/internal/keys"
	"bongsu.org/bongsu/internal/mxerr"
)

// maxBackup bounds the body of a request that stores keys in a back-up.
const maxBackup = 16 << 20

// keyBackupRoutes: Client-Server API, "Server-side key backups".
func (a *API) keyBackupRoutes() {
	a.client(http.MethodPost, "/room_keys/version", a.createBackup, limited("keys"))
	a.client(http.MethodGet, "/room_keys/version", a.backup, limited("keys"))
	a.client(http.MethodGet, "/room_keys/version/{version}", a.backup, limited("keys"))
	a.client(http.MethodPut, "/room_keys/version/{version}", a.updateBackup, limited("keys"))
	a.client(http.MethodDelete, "/room_keys/version/{version}", a.deleteBackup, limited("keys"))
	for _, path := range []string{"/room_keys/keys", "/room_keys/keys/{roomId}"} {
		a.client(http.MethodGet, path, a.roomKeys, limited("keys"), waiting())
	}
	a.client(http.MethodPut, "/room_keys/keys", a.putRoomKeys, bodyUpTo(maxBackup), limited("keys"))
	a.client(http.MethodPut, "/room_keys/keys/{roomId}", a.putKeysOfRoom, bodyUpTo(maxBackup), limited("keys"))
	a.client(http.MethodGet, "/room_keys/keys/{roomId}/{sessionId}", a.roomKey, limited("keys"))
	a.client(http.MethodPut, "/room_keys/keys/{roomId}/{sessionId}", a.putRoomKey, limited("keys"))
	for _, path := range []string{"/room_keys/keys", "/room_keys/keys/{roomId}", "/room_keys/keys/{roomId}/{sessionId}"} {
		a.client(http.MethodDelete, path, a.deleteRoomKeys, limited("keys"))
	}
}

func (a *API) createBackup(r *request) (any, error) {
	var body keys.NewBackup
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	version, err := a.Keys.CreateBackup(r.Context(), r.session.UserID, body)
	if err != nil {
		return nil, err
	}
	return map[string]string{"version": version}, nil
}

func (a *API) backup(r *request) (any, error) {
	return a.Keys.Backup(r.Context(), r.session.UserID, r.param("version"))
}

func (a *API) updateBackup(r *request) (any, error) {
	var body keys.NewBackup
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	return empty{}, a.Keys.UpdateBackup(r.Context(), r.session.UserID, r.param("version"), body)
}

func (a *API) deleteBackup(r *request) (any, error) {
	return empty{}, a.Keys.DeleteBackup(r.Context(), r.session.UserID, r.param("version"))
}

// version is the query parameter that names a back-up.
func (r *request) version() (string, error) {
	v := r.query("version")
	if v == "" {
		return "", mxerr.MissingParamf("version is missing")
	}
	return v, nil
}

func (a *API) putRoomKeys(r *request) (any, error) {
	var body struct {
		Rooms map[string]keys.RoomKeys `json:"rooms"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if body.Rooms == nil {
		return nil, mxerr.MissingParamf("rooms is missing")
	}
	return a.storeRoomKeys(r, body.Rooms)
}

func (a *API) putKeysOfRoom(r *request) (any, error) {
	var body keys.RoomKeys
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	return a.storeRoomKeys(r, map[string]keys.RoomKeys{r.param("roomId"): body})
}

func (a *API) putRoomKey(r *request) (any, error) {
	var body keys.RoomKey
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	sessions := map[string]keys.RoomKey{r.param("sessionId"): body}
	return a.storeRoomKeys(r, map[string]keys.RoomKeys{r.param("roomId"): {Sessions: sessions}})
}

func (a *API) storeRoomKeys(r *request, rooms map[string]keys.RoomKeys) (any, error) {
	version, err := r.version()
	if err != nil {
		return nil, err
	}
	return a.Keys.StoreRoomKeys(r.Context(), r.session.UserID, version, rooms)
}

func (a *API) deleteRoomKeys(r *request) (any, error) {
	version, err := r.version()
	if err != nil {
		return nil, err
	}
	return a.Keys.DeleteRoomKeys(r.Context(), r.session.UserID, version, r.param("roomId"), r.param("sessionId"))
}

func (a *API) roomKey(r *request) (any, error) {
	version, err := r.version()
	if err != nil {
		return nil, err
	}
	return a.Keys.RoomKey(r.Context(), r.session.UserID, version, r.param("roomId"), r.param("sessionId"))
}

// roomKeys writes the keys of a back-up, or of one room of it, as they are read: a back-up may be larger than what should be in memory.
// An error after the first byte can only break the connection off.
func (a *API) roomKeys(r *request) (any, error) {
	version, err := r.version()
	if err != nil {
		return nil, err
	}
	out := &keyStream{w: bufio.NewWriterSize(r.w, 64<<10), oneRoom: r.param("roomId") != ""}
	begun := false
	err = a.Keys.EachRoomKey(r.Context(), r.session.UserID, version, r.param("roomId"), func() {
		begun = true
		r.w.Header().Set("Content-Type", "application/json")
		out.begin()
	}, out.add)
	switch {
	case err != nil && begun:
		a.Log.Error("reading a back-up broke off", "user", r.session.UserID, "err", err)
		panic(http.ErrAbortHandler)
	case err != nil:
		return nil, err
	}
	return written{}, out.end()
}

// keyStream writes keys, which come sorted by room, as one JSON object.
type keyStream struct {
	w       *bufio.Writer
	oneRoom bool
	room    string
	rooms   int
	keys    int
}

func (s *keyStream) begin() {
	if s.oneRoom {
		_, _ = s.w.WriteString(`{"sessions":{`)
		return
	}
	_, _ = s.w.WriteString(`{"rooms":{`)
}

func (s *keyStream) add(roomID, sessionID string, k keys.RoomKey) error {
	if !s.oneRoom && (s.rooms == 0 || roomID != s.room) {
		if err := s.nextRoom(roomID); err != nil {
			return err
		}
	}
	if s.keys > 0 {
		_ = s.w.WriteByte(',')
	}
	s.keys++
	if err := s.name(sessionID); err != nil {
		return err
	}
	text, err := encodeJSON(k)
	if err != nil {
		return err
	}
	_, err = s.w.Write(text)
	return err
}

func (s *keyStream) nextRoom(roomID string) error {
	if s.rooms > 0 {
		_, _ = s.w.WriteString(`}},`)
	}
	s.room, s.rooms, s.keys = roomID, s.rooms+1, 0
	if err := s.name(roomID); err != nil {
		return err
	}
	_, err := s.w.WriteString(`{"sessions":{`)
	return err
}

func (s *keyStream) name(name string) error {
	text, err := encodeJSON(name)
	if err != nil {
		return err
	}
	_, _ = s.w.Write(text)
	return s.w.WriteByte(':')
}

func (s *keyStream) end() error {
	if s.rooms > 0 {
		_, _ = s.w.WriteString(`}}`)
	}
	_, _ = s.w.WriteString(`}}`)
	_ = s.w.Flush() // the client may be gone
	return nil
}
