package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// Service takes uploads in and gives contents, thumbnails and previews out.
type Service struct {
	cfg    Config
	blobs  Blobs
	store  *store.Store
	log    *slog.Logger
	now    func() time.Time
	render *renderer
	fetch  *fetcher

	thumbnails singleflight.Group  // by what is made: the same thumbnail is made once
	making     *semaphore.Weighted // thumbnails being made at once, whose sources are in memory
	previews   singleflight.Group  // by URL
	fetches    *semaphore.Weighted // pages being fetched at once

	mu      sync.Mutex
	waiters map[string]*waiter // by media id: downloads that wait for an upload on this node
}

// New makes a service. It starts nothing; Sweep is for the caller to run from time to time.
func New(cfg Config, blobs Blobs, st *store.Store, log *slog.Logger) *Service {
	return &Service{
		cfg: cfg, blobs: blobs, store: st, log: log, now: time.Now,
		render: newRenderer(cfg.MaxPixels), fetch: newFetcher(cfg),
		making: semaphore.NewWeighted(maxMaking), fetches: semaphore.NewWeighted(maxFetches), waiters: map[string]*waiter{},
	}
}

// dbTimeout bounds the wait for the database, which requests that transfer contents do not bound themselves. It does not reach a
// commit that has begun.
const dbTimeout = 30 * time.Second

func (s *Service) read(ctx context.Context, fn func(tx *store.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, dbTimeout)
	defer cancel()
	return s.store.Read(ctx, fn)
}

func (s *Service) write(ctx context.Context, fn func(tx *store.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, dbTimeout)
	defer cancel()
	return s.store.Write(ctx, fn)
}

// MaxUpload is the number of bytes that one upload may have.
func (s *Service) MaxUpload() int64 { return s.cfg.MaxUpload }

// Content is what a client gets. The caller closes it.
type Content struct {
	io.ReadSeekCloser
	Size        int64
	ContentType string
	Name        string // file name given by the uploader, or empty
	Hash        Hash   // never changes for the same bytes
}

// Errors that clients see.
var (
	errUnknownMedia = mxerr.NotFoundf("Unknown media ID")
	errNotUploaded  = mxerr.New(http.StatusGatewayTimeout, mxerr.NotYetUploaded, "Content has not yet been uploaded")
)

// Open gives the content of a media id. If the id is reserved and its upload has not come, Open waits for it, but no longer than
// wait. An id of another server is unknown.
func (s *Service) Open(ctx context.Context, uri MXC, wait time.Duration) (*Content, error) {
	m, err := s.resolve(ctx, uri, wait)
	if err != nil {
		return nil, err
	}
	return s.open(ctx, Hash(m.Hash), m.ContentType, m.Name)
}

func (s *Service) open(ctx context.Context, hash Hash, contentType, name string) (*Content, error) {
	r, size, err := s.blobs.Open(ctx, hash)
	if errors.Is(err, ErrBlobNotFound) {
		s.log.Error("a blob is missing", "hash", hash)
		return nil, errUnknownMedia
	}
	if errors.Is(err, ErrStores) {
		s.log.Error("a blob could not be read", "hash", hash, "err", err)
		return nil, mxerr.Unavailable(storesBackoff)
	}
	if err != nil {
		return nil, err
	}
	return &Content{ReadSeekCloser: r, Size: size, ContentType: contentType, Name: name, Hash: hash}, nil
}

// resolve finds the row of a media id that has content.
func (s *Service) resolve(ctx context.Context, uri MXC, wait time.Duration) (store.Media, error) {
	if !uri.Valid() || uri.Server != s.cfg.ServerName {
		return store.Media{}, errUnknownMedia
	}
	m, err := s.lookUp(ctx, uri.ID)
	if err != nil || m.Hash != "" {
		return m, err
	}
	return s.await(ctx, uri.ID, wait)
}

// lookUp finds the row of a media id that is not hidden and has not expired.
func (s *Service) lookUp(ctx context.Context, id string) (m store.Media, err error) {
	err = s.read(ctx, func(tx *store.Tx) error {
		m, err = tx.MediaByID(ctx, id)
		if errors.Is(err, store.ErrNotFound) && tx.Standby() {
			return fmt.Errorf("%w: the file may be a new one", store.ErrUnavailable)
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return store.Media{}, errUnknownMedia
	}
	if err != nil {
		return store.Media{}, fmt.Errorf("looking up media: %w", err)
	}
	if m.Quarantined || m.ExpiresTS > 0 && m.ExpiresTS <= s.now().UnixMilli() {
		return store.Media{}, errUnknownMedia
	}
	return m, nil
}

// Quarantine hides a media id and everything with the same content from all users, or shows it again.
func (s *Service) Quarantine(ctx context.Context, id string, hide bool) error {
	err := s.write(ctx, func(tx *store.Tx) error { return tx.QuarantineMedia(ctx, id, hide) })
	if errors.Is(err, store.ErrNotFound) {
		return errUnknownMedia
	}
	return err
}
