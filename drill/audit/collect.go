package audit

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"bongsu.org/bongsu/drill/load"
)

// catchUp is how long streams may take to come to their rooms' ends after the load was held.
const catchUp = 20 * time.Second

// Collect asks the sites for all that the load has made. The load must be held. Clients inside sites that are not among those asked are
// not expected to have seen everything.
func Collect(ctx context.Context, l *load.Load, sites []load.Entrance) (*Evidence, error) {
	e := &Evidence{
		Ops: l.Journal.Ops(), Streams: map[int]Stream{}, Histories: map[int]map[string][]load.Event{},
		Pictures: map[int]map[string]Picture{}, Backups: map[int]map[int]map[string]string{}, Users: map[int]string{}, Refused: l.Refused(),
	}
	for _, site := range sites {
		if err := e.collectSite(ctx, l, site); err != nil {
			return nil, err
		}
	}
	for _, c := range l.Clients {
		e.Users[c.ID] = c.UserID
	}
	e.collectStreams(ctx, l, sites)
	return e, nil
}

// member is an outside client that is in the room.
func member(l *load.Load, room string) (*load.Client, error) {
	for _, c := range l.Clients {
		if c.Inside >= 0 {
			continue
		}
		for _, r := range c.Rooms {
			if r == room {
				return c, nil
			}
		}
	}
	return nil, fmt.Errorf("no client outside is in %s", room)
}

func (e *Evidence) collectSite(ctx context.Context, l *load.Load, site load.Entrance) error {
	histories, backups := map[string][]load.Event{}, map[int]map[string]string{}
	outside := l.Clients[0]
	for _, room := range l.Rooms {
		c, err := member(l, room)
		if err != nil {
			return err
		}
		if histories[room], err = c.History(ctx, site, room); err != nil {
			return err
		}
	}
	for _, c := range l.Clients {
		got, err := c.BackupsFrom(ctx, outside, site)
		if err != nil {
			return err
		}
		backups[c.ID] = got
	}
	e.Histories[site.Site], e.Backups[site.Site] = histories, backups
	e.Pictures[site.Site] = collectPictures(ctx, e.Ops, outside, site)
	return nil
}

// collectPictures downloads every acknowledged picture, a few at once.
func collectPictures(ctx context.Context, ops []load.Op, c *load.Client, site load.Entrance) map[string]Picture {
	var uris []string
	for i := range ops {
		if ops[i].Kind == load.Upload && ops[i].Outcome == load.Acknowledged {
			uris = append(uris, ops[i].Result)
		}
	}
	got := make([]Picture, len(uris))
	var group errgroup.Group
	group.SetLimit(4)
	for i, uri := range uris {
		group.Go(func() error {
			digest, err := c.Picture(ctx, site, uri)
			got[i].Digest = digest
			if err != nil {
				got[i].Err = err.Error()
			}
			return nil
		})
	}
	_ = group.Wait() // none of them fails
	all := map[string]Picture{}
	for i, uri := range uris {
		all[uri] = got[i]
	}
	return all
}

// collectStreams takes the clients' streams once they have come to their rooms' ends, or when they have had time enough.
func (e *Evidence) collectStreams(ctx context.Context, l *load.Load, sites []load.Entrance) {
	asked := map[int]bool{-1: true}
	for _, site := range sites {
		asked[site.Site] = true
	}
	order := e.order()
	for deadline := time.Now().Add(catchUp); ; {
		behind := false
		for _, c := range l.Clients {
			s := Stream{Rooms: c.Stream.Rooms(), ToDevice: c.Stream.ToDevice(), Whole: asked[c.Inside]}
			e.Streams[c.ID] = s
			behind = behind || s.Whole && s.behind(order)
		}
		probe := &Verdict{Checked: map[string]int{}}
		probe.toDevice(e)
		if !behind && probe.Count(Lost) == 0 || time.Now().After(deadline) || ctx.Err() != nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// behind tells that a stream has not come to the end of one of its rooms.
func (s *Stream) behind(order map[string]map[string]int) bool {
	for room, seen := range s.Rooms {
		if places := order[room]; len(seen) > 0 && len(places) > 0 && places[seen[len(seen)-1].ID] < len(places)-1 {
			return true
		}
	}
	return false
}
