package ephemeral

import (
	"context"
	"fmt"
	"sync"
	"time"

	"bongsu.org/bongsu/internal/store"
)

// Saver keeps in the database what outlives a restart: the last status message and activity. *store.Store is one.
type Saver interface {
	SavePresence(ctx context.Context, rows []store.Presence) error
	// LoadPresence returns what is known of the users; users of whom nothing was saved are left out.
	LoadPresence(ctx context.Context, userIDs []string) ([]store.Presence, error)
}

const (
	saveEvery   = 30 * time.Second
	saveBatch   = 500
	saveTimeout = 10 * time.Second
)

// saving is the work that is to be done with the database. Its methods take a nil receiver, which saves nothing.
type saving struct {
	saver   Saver
	quit    chan struct{}
	stopped chan struct{}
	ask     chan struct{} // there is something to load

	mu     sync.Mutex // taken under Presence.mu, never the other way round
	dirty  map[string]store.Presence
	wanted map[string]struct{}
}

func newSaving(saver Saver) *saving {
	return &saving{saver: saver, quit: make(chan struct{}), stopped: make(chan struct{}), ask: make(chan struct{}, 1),
		dirty: map[string]store.Presence{}, wanted: map[string]struct{}{}}
}

// needs notes that a user of this node is to be saved. What other nodes' users did, those nodes save.
func (s *saving) needs(u *user) {
	if s == nil || !u.local || u.setAt == 0 && u.active.IsZero() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	row := store.Presence{UserID: u.id, StatusMsg: u.status, SetAt: u.setAt}
	if !u.active.IsZero() {
		row.LastActive = u.active.UnixMilli()
	}
	s.dirty[u.id] = row
}

// wants notes that what was saved of a user is to be looked for.
func (s *saving) wants(userID string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.wanted[userID] = struct{}{}
	s.mu.Unlock()
	select {
	case s.ask <- struct{}{}:
	default:
	}
}

// load looks for one user: among what is not yet saved, then in the database.
func (s *saving) load(ctx context.Context, userID string) (store.Presence, bool, error) {
	if s == nil {
		return store.Presence{}, false, nil
	}
	s.mu.Lock()
	saved, ok := s.dirty[userID]
	s.mu.Unlock()
	if ok {
		return saved, true, nil
	}
	found, err := s.saver.LoadPresence(ctx, []string{userID})
	if err != nil {
		return store.Presence{}, false, fmt.Errorf("loading presence: %w", err)
	}
	if len(found) == 0 {
		return store.Presence{}, false, nil
	}
	return found[0], true, nil
}

func (s *saving) takeDirty() []store.Presence {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := make([]store.Presence, 0, min(len(s.dirty), saveBatch))
	for id, saved := range s.dirty {
		if len(batch) == saveBatch {
			break
		}
		batch = append(batch, saved)
		delete(s.dirty, id)
	}
	return batch
}

// putBack keeps what could not be saved for the next time, unless there is something newer.
func (s *saving) putBack(batch []store.Presence) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, saved := range batch {
		if _, newer := s.dirty[saved.UserID]; !newer {
			s.dirty[saved.UserID] = saved
		}
	}
}

func (s *saving) takeWanted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := make([]string, 0, min(len(s.wanted), saveBatch))
	for id := range s.wanted {
		if len(batch) == saveBatch {
			break
		}
		batch = append(batch, id)
		delete(s.wanted, id)
	}
	return batch
}

func (s *saving) wantAgain(batch []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range batch {
		s.wanted[id] = struct{}{}
	}
}

// keepSaving loads what is asked for at once, and saves every saveEvery.
func (p *Presence) keepSaving() {
	defer close(p.saver.stopped)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-p.saver.quit
		cancel()
	}()
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.saver.quit:
			return
		case <-p.saver.ask:
			p.loadAll(ctx)
		case <-tick.C:
			p.loadAll(ctx)
			if err := p.saveAll(ctx); err != nil {
				p.log.Warn("saving presence; it is tried again", "error", err)
			}
		}
	}
}

func (p *Presence) saveAll(ctx context.Context) error {
	for batch := p.saver.takeDirty(); len(batch) > 0; batch = p.saver.takeDirty() {
		if err := p.save(ctx, batch); err != nil {
			p.saver.putBack(batch)
			return fmt.Errorf("saving presence: %w", err)
		}
	}
	return nil
}

func (p *Presence) save(ctx context.Context, batch []store.Presence) error {
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	return p.saver.saver.SavePresence(ctx, batch)
}

func (p *Presence) loadAll(ctx context.Context) {
	for batch := p.saver.takeWanted(); len(batch) > 0; batch = p.saver.takeWanted() {
		found, err := p.fetch(ctx, batch)
		if err != nil {
			p.saver.wantAgain(batch)
			p.log.Warn("loading presence; it is tried again", "error", err)
			return
		}
		p.loaded(found)
	}
}

func (p *Presence) fetch(ctx context.Context, batch []string) ([]store.Presence, error) {
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	return p.saver.saver.LoadPresence(ctx, batch)
}

// loaded adds what was saved to what is known since.
func (p *Presence) loaded(found []store.Presence) {
	now := time.Now()
	var changed []string
	p.mu.Lock()
	for _, saved := range found {
		u := p.users[saved.UserID]
		if u == nil || p.closed {
			continue
		}
		if saved.SetAt > u.setAt {
			u.setAt, u.status = saved.SetAt, saved.StatusMsg
		}
		if active := lastActive(saved); active.After(u.active) {
			u.active = active
		}
		if p.settle(u, now) {
			changed = append(changed, u.id)
		}
		p.arm(u, now)
	}
	p.mu.Unlock()
	for _, id := range changed {
		p.notify.add(id)
	}
}

func lastActive(row store.Presence) time.Time {
	if row.LastActive == 0 {
		return time.Time{}
	}
	return time.UnixMilli(row.LastActive)
}
