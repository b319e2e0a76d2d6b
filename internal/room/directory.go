package room

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// DirectoryRequest asks for a page of the public directory.
type DirectoryRequest struct {
	Since  string // token; empty: from the start
	Limit  int
	Search string   // in name, topic and alias; empty: all
	Types  []string // room types, "" standing for none; nil: all
	// Network is the directory of an application service's network, by its instance id; empty: the server's own. AllNetworks: all of them.
	Network     string
	AllNetworks bool
}

// Directory is a page of the public directory.
type Directory struct {
	Chunk []Card `json:"chunk"`
	Next  string `json:"next_batch,omitempty"`
	Prev  string `json:"prev_batch,omitempty"`
	Total int64  `json:"total_room_count_estimate"`
}

// Bounds of a search through the directory for one page. It is done here: databases fold case each in their own way.
const (
	directoryBatch = 200
	directoryMost  = 5000
)

// place is where a page of the directory begins: beyond the room that had so many members.
type place struct {
	joined, room int64
	back         bool
}

func (p place) String() string {
	way := "n"
	if p.back {
		way = "p"
	}
	return way + strconv.FormatInt(p.joined, 10) + "_" + strconv.FormatInt(p.room, 10)
}

func parsePlace(s string) (place, error) {
	joined, room, ok := strings.Cut(s, "_")
	if !ok || len(joined) < 2 || joined[0] != 'n' && joined[0] != 'p' {
		return place{}, errBadPlace
	}
	j, errJ := strconv.ParseInt(joined[1:], 10, 64)
	r, errR := strconv.ParseInt(room, 10, 64)
	if errJ != nil || errR != nil || r <= 0 {
		return place{}, errBadPlace
	}
	return place{joined: j, room: r, back: joined[0] == 'p'}, nil
}

var errBadPlace = mxerr.InvalidParamf("since is not a token that this server made")

// Directory reads a page of the public directory (Client-Server API, POST /publicRooms).
func (r *Reader) Directory(ctx context.Context, req DirectoryRequest) (out *Directory, err error) {
	var from place
	if req.Since != "" {
		if from, err = parsePlace(req.Since); err != nil {
			return nil, err
		}
	}
	err = r.store.Read(ctx, func(tx *store.Tx) error {
		s := &directoryScan{req: req, from: from}
		if err := s.run(ctx, tx); err != nil {
			return fmt.Errorf("reading the public directory: %w", err)
		}
		out = s.page()
		out.Total, err = tx.CountPublished(ctx, store.PublishedQuery{Network: req.Network, AllNetworks: req.AllNetworks, Types: req.Types})
		return err
	})
	return out, err
}

// directoryScan walks over the directory until it has found enough matching rooms.
type directoryScan struct {
	req   DirectoryRequest
	from  place
	found []*store.Room
	// beyond is where others may follow, in the direction of the walk; nil if there are none.
	beyond *place
}

func (s *directoryScan) run(ctx context.Context, tx *store.Tx) error {
	size := s.req.Limit + 1
	if s.req.Search != "" {
		size = max(size, directoryBatch)
	}
	q := store.PublishedQuery{
		Network: s.req.Network, AllNetworks: s.req.AllNetworks, Types: s.req.Types, Joined: s.from.joined, Room: s.from.room, Back: s.from.back, Limit: size,
	}
	for looked := 0; ; {
		batch, err := tx.PublishedRooms(ctx, q)
		if err != nil || len(batch) == 0 {
			return err
		}
		if enough := s.take(keepMatching(batch, s.req.Search)); enough || len(batch) < size {
			return nil
		}
		edge := batch[len(batch)-1]
		if s.from.back {
			edge = batch[0]
		}
		if looked += len(batch); looked >= directoryMost {
			s.beyond = s.at(edge)
			return nil
		}
		q.Joined, q.Room = edge.Joined, edge.Num
	}
}

// take adds rooms and tells whether there are more than enough now.
func (s *directoryScan) take(matching []*store.Room) (enough bool) {
	if s.from.back {
		s.found = append(matching, s.found...)
	} else {
		s.found = append(s.found, matching...)
	}
	over := len(s.found) - s.req.Limit
	switch {
	case over <= 0:
		return false
	case s.from.back:
		s.found = s.found[over:]
		s.beyond = s.at(s.found[0])
	default:
		s.found = s.found[:s.req.Limit]
		s.beyond = s.at(s.found[s.req.Limit-1])
	}
	return true
}

// at is the place beyond a room, in the direction of the walk.
func (s *directoryScan) at(r *store.Room) *place {
	return &place{joined: r.Joined, room: r.Num, back: s.from.back}
}

// page tells what was found, and how to go on in both directions.
func (s *directoryScan) page() *Directory {
	out := &Directory{Chunk: make([]Card, 0, len(s.found))}
	for _, r := range s.found {
		out.Chunk = append(out.Chunk, cardOf(r))
	}
	ahead, behind := &out.Next, &out.Prev
	if s.from.back {
		ahead, behind = behind, ahead
	}
	if s.beyond != nil {
		*ahead = s.beyond.String()
	}
	if s.from.room != 0 { // the walk came from somewhere
		back := s.from
		if n := len(s.found); n > 0 {
			near := s.found[0]
			if s.from.back {
				near = s.found[n-1]
			}
			back = *s.at(near)
		}
		back.back = !s.from.back
		*behind = back.String()
	}
	return out
}

func keepMatching(rooms []*store.Room, search string) []*store.Room {
	if search == "" {
		return rooms
	}
	search = strings.ToLower(search)
	var out []*store.Room
	for _, r := range rooms {
		if strings.Contains(strings.ToLower(r.Name+"\n"+r.Topic+"\n"+r.CanonicalAlias), search) {
			out = append(out, r)
		}
	}
	return out
}

// Publish puts a room into the public directory or takes it out, for who could set its canonical alias, and for administrators.
func (a *Aliases) Publish(ctx context.Context, user string, admin bool, roomID string, public bool) error {
	num, ok, err := a.engine.Resolve(ctx, roomID)
	if err != nil {
		return err
	}
	if !ok {
		return mxerr.NotFoundf("Room not found")
	}
	return a.engine.inRoomNum(ctx, num, nil, func(tx *roomTx) error {
		may, err := tx.mayName(user)
		if err != nil {
			return err
		}
		if !may && !admin {
			return mxerr.Forbiddenf("You may not change whether this room is listed")
		}
		return tx.SetPublished(ctx, num, public)
	})
}
