package account

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"bongsu.org/bongsu/internal/store"
)

// Bounds of the cache of sessions. sessionTTL is how long another node may go on taking a token that was revoked here if it does not
// hear of it.
const (
	maxSessions = 50_000
	sessionTTL  = 10 * time.Second
)

// sessionCache remembers whom recent tokens belong to. epoch counts removals: what was read from the database before a removal is not
// put in after it.
type sessionCache struct {
	byHash *lru.Cache[[32]byte, cachedSession]
	epoch  *atomic.Uint64
}

type cachedSession struct {
	session Session
	expires int64 // of the token, in ms; 0: never
	until   time.Time
}

func (c cachedSession) expired(now int64) bool { return c.expires != 0 && now >= c.expires }

func newSessionCache() sessionCache {
	c, _ := lru.New[[32]byte, cachedSession](maxSessions) // fails for sizes below 1 only
	return sessionCache{byHash: c, epoch: &atomic.Uint64{}}
}

// Authenticate finds out whom an access token belongs to.
func (s *Service) Authenticate(ctx context.Context, token string, seen Seen) (Session, error) {
	hash := hashToken(token)
	c, err := s.session(ctx, hash)
	if err != nil {
		return Session{}, err
	}
	now := s.nowMS()
	if c.expired(now) {
		return Session{}, ErrExpiredToken
	}
	s.seen.note(deviceKey{c.session.UserID, c.session.DeviceID}, seen, now)
	return c.session, nil
}

func (s *Service) session(ctx context.Context, hash [32]byte) (cachedSession, error) {
	if c, ok := s.cache.byHash.Get(hash); ok && s.Now().Before(c.until) {
		return c, nil
	}
	epoch := s.cache.epoch.Load()
	c, replaces, err := s.readSession(ctx, hash)
	if err != nil {
		return cachedSession{}, err
	}
	if replaces != nil && !c.expired(s.nowMS()) {
		return c, s.endReplaced(ctx, replaces)
	}
	if s.cache.epoch.Load() == epoch {
		s.cache.byHash.Add(hash, c)
	}
	return c, nil
}

// readSession also returns the hash of the refresh token that the access token, if this is its first use, takes the place of.
func (s *Service) readSession(ctx context.Context, hash [32]byte) (c cachedSession, replaces []byte, err error) {
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		a, u, err := tx.AccessToken(ctx, hash[:])
		if errors.Is(err, store.ErrNotFound) && tx.Standby() {
			return fmt.Errorf("%w: the token may be a new one", store.ErrUnavailable)
		}
		if err != nil {
			return err
		}
		replaces = a.Replaces
		c = cachedSession{
			session: Session{
				UserID: a.UserID, DeviceID: a.DeviceID, Guest: u.Guest, Admin: u.Admin, Locked: u.Locked, Suspended: u.Suspended,
				TokenHash: hash,
			},
			expires: a.ExpiresTS, until: s.Now().Add(sessionTTL),
		}
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return c, nil, ErrUnknownToken
	}
	if err != nil {
		return c, nil, fmt.Errorf("looking up an access token: %w", err)
	}
	return c, replaces, nil
}

// endReplaced: Client-Server API, "Refreshing access tokens": the old refresh token remains valid until the new access token or
// refresh token is used.
func (s *Service) endReplaced(ctx context.Context, refreshHash []byte) error {
	var revoked []byte
	err := s.Store.Write(ctx, func(tx *store.Tx) (err error) {
		revoked, err = tx.EndReplaced(ctx, refreshHash, s.nowMS())
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil // the device's tokens were ended meanwhile
	}
	if err != nil {
		return fmt.Errorf("ending a replaced refresh token: %w", err)
	}
	s.revoked([][]byte{revoked})
	return nil
}

// Forget drops an access token, revoked by another node, from memory.
func (s *Service) Forget(hash [32]byte) {
	s.cache.epoch.Add(1)
	s.cache.byHash.Remove(hash)
}

// revoked makes this node and the others forget access tokens, after the transaction that revoked them or changed their user.
func (s *Service) revoked(hashes [][]byte) {
	for _, h := range hashes {
		if len(h) != 32 {
			continue
		}
		s.Forget([32]byte(h))
		if s.OnRevoked != nil {
			s.OnRevoked([32]byte(h))
		}
	}
}
