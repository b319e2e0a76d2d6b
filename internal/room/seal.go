package room

import (
	"fmt"

	"github.com/matrix-org/gomatrixserverlib"
)

// Draft is a message event without hashes, signature and id.
type Draft struct {
	RoomID, Type, Sender string
	Content              []byte
	TS, Depth            int64
	Prev, Auth           []string
}

// Seal hashes and signs a draft without asking whether it is allowed. It is for benchmarks that fill a database; what clients send
// goes through Engine.
func (s *Signer) Seal(version string, d Draft) (id string, json []byte, err error) {
	ver, err := gomatrixserverlib.GetRoomVersion(gomatrixserverlib.RoomVersion(version))
	if err != nil {
		return "", nil, fmt.Errorf("room version %q: %w", version, err)
	}
	b, err := s.build(ver, &proto{
		RoomID: d.RoomID, Type: d.Type, Sender: d.Sender, Content: d.Content, TS: d.TS, Depth: d.Depth, Prev: d.Prev, Auth: d.Auth,
	})
	return b.ID, b.JSON, err
}
