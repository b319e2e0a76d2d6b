package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

const (
	// maxKeptThumbnails bounds the variants of one content that are stored; further ones are made anew for each request.
	maxKeptThumbnails = 32
	// maxMaking bounds the thumbnails being made at once, and makingTimeout how long one may wait for its turn.
	maxMaking     = 8
	makingTimeout = time.Minute
)

// ThumbnailRequest says what a client would like to have.
type ThumbnailRequest struct {
	Size
	Animated bool // a moving thumbnail, if the content moves
}

var (
	errNoThumbnail  = mxerr.New(http.StatusBadRequest, mxerr.Unknown, "Cannot generate thumbnails for the requested content")
	errTooLargeToDo = mxerr.TooLargef("Content is too large to thumbnail")
)

// made is a thumbnail as singleflight hands it out: stored, or only in memory.
type made struct {
	row  store.Thumbnail
	data []byte
}

// Thumbnail gives a thumbnail of a media id's content, or the content itself where that is the right size or smaller.
// Width and height must be positive.
func (s *Service) Thumbnail(ctx context.Context, uri MXC, req ThumbnailRequest, wait time.Duration) (*Content, error) {
	m, err := s.resolve(ctx, uri, wait)
	if err != nil {
		return nil, err
	}
	box, ok := req.Size.snap()
	if !ok { // larger than any that is made: the original, or a still of it
		box = Size{maxSide, maxSide, Scale}
	}
	want := store.Thumbnail{
		SourceHash: m.Hash, Width: box.Width, Height: box.Height, Method: string(box.Method), Animated: req.Animated,
	}
	var have store.Thumbnail
	err = s.read(ctx, func(tx *store.Tx) error {
		have, err = tx.FindThumbnail(ctx, want)
		return err
	})
	if err == nil {
		return s.openThumbnail(ctx, made{row: have})
	}
	if !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("looking up a thumbnail: %w", err)
	}
	if m.Size > s.cfg.MaxThumbnailSource {
		return nil, errTooLargeToDo
	}
	key := fmt.Sprint(want.SourceHash, box, want.Animated)
	out, err := once(ctx, &s.thumbnails, key, func(ctx context.Context) (made, error) { return s.make(ctx, want, box) })
	if err != nil {
		return nil, err
	}
	return s.openThumbnail(ctx, out)
}

func (s *Service) openThumbnail(ctx context.Context, t made) (*Content, error) {
	name := "thumbnail." + strings.TrimPrefix(t.row.ContentType, "image/")
	if t.data == nil {
		return s.open(ctx, Hash(t.row.Hash), t.row.ContentType, name)
	}
	body := struct {
		io.ReadSeeker
		io.Closer
	}{bytes.NewReader(t.data), io.NopCloser(nil)}
	return &Content{ReadSeekCloser: body, Size: int64(len(t.data)), ContentType: t.row.ContentType, Name: name, Hash: Hash(t.row.Hash)}, nil
}

func (s *Service) make(ctx context.Context, want store.Thumbnail, box Size) (made, error) {
	ctx, cancel := context.WithTimeout(ctx, makingTimeout)
	defer cancel()
	if err := s.making.Acquire(ctx, 1); err != nil {
		return made{}, fmt.Errorf("waiting to make a thumbnail: %w", err)
	}
	defer s.making.Release(1)
	source, err := s.readImage(ctx, Hash(want.SourceHash))
	if err != nil {
		return made{}, err
	}
	out, err := s.render.render(ctx, source, box, want.Animated)
	switch {
	case errors.Is(err, errTooManyPixels):
		return made{}, errTooLargeToDo
	case errors.Is(err, errNotImage):
		s.log.Debug("no thumbnail", "hash", want.SourceHash, "err", err)
		return made{}, errNoThumbnail
	case err != nil:
		return made{}, err
	}
	want.ContentType, want.Hash, want.Size = out.contentType, want.SourceHash, int64(len(source))
	if err := s.keep(ctx, &want, out.data); err != nil {
		return made{}, err
	}
	return made{want, out.data}, nil
}

// keep stores a thumbnail, unless its content has too many. A nil data means that the content is its own thumbnail.
func (s *Service) keep(ctx context.Context, t *store.Thumbnail, data []byte) error {
	var kept int
	err := s.read(ctx, func(tx *store.Tx) (err error) {
		kept, err = tx.CountThumbnails(ctx, t.SourceHash)
		return err
	})
	if err != nil {
		return fmt.Errorf("counting thumbnails: %w", err)
	}
	if data != nil {
		sum := sha256.Sum256(data)
		t.Hash, t.Size = hex.EncodeToString(sum[:]), int64(len(data))
	}
	if kept >= maxKeptThumbnails {
		return nil
	}
	if data != nil {
		if _, err := s.blobs.Put(ctx, bytes.NewReader(data), t.Size); err != nil {
			return fmt.Errorf("storing a thumbnail: %w", err)
		}
	}
	if err := s.write(ctx, func(tx *store.Tx) error { return tx.PutThumbnail(ctx, *t) }); err != nil {
		return fmt.Errorf("remembering a thumbnail: %w", err)
	}
	return nil
}

// readImage reads a content whose beginning looks like an image.
func (s *Service) readImage(ctx context.Context, hash Hash) ([]byte, error) {
	r, size, err := s.blobs.Open(ctx, hash)
	if err != nil {
		return nil, fmt.Errorf("opening the image: %w", err)
	}
	defer func() { _ = r.Close() }()
	data := make([]byte, min(size, sniffBytes), size)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, fmt.Errorf("reading the image: %w", err)
	}
	if sniffImage(data) == "" {
		return nil, errNoThumbnail
	}
	if _, err := io.ReadFull(r, data[len(data):size]); err != nil {
		return nil, fmt.Errorf("reading the image: %w", err)
	}
	return data[:size], nil
}
