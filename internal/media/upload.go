package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"
	"syscall"
	"time"
	"unicode"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

const (
	maxName         = 1024 // bytes
	maxContentType  = 255  // bytes
	unknownType     = "application/octet-stream"
	shortestBackoff = time.Second
	storesBackoff   = 5 * time.Second
	fullBackoff     = time.Minute // until an operator may have made room on the disk
)

// Upload is a content that comes in.
type Upload struct {
	Name        string // file name; may be empty
	ContentType string // as declared; empty or senseless ones become application/octet-stream
	Size        int64  // bytes announced, or -1
	Body        io.Reader
}

var (
	errCannotUpload = mxerr.Forbiddenf("Cannot upload this content")
	errOverwrite    = mxerr.New(http.StatusConflict, mxerr.CannotOverwriteMedia, "Media already uploaded")
	errBrokenOff    = mxerr.New(http.StatusBadRequest, mxerr.Unknown, "The upload broke off")
	errLongName     = mxerr.InvalidParamf("The file name is too long")
)

// Create reserves a media id for the user, to which UploadTo brings the content before it expires.
func (s *Service) Create(ctx context.Context, userID string) (uri MXC, expires time.Time, err error) {
	now := s.now()
	expires = now.Add(s.cfg.PendingLifetime)
	m := store.Media{ID: newMediaID(), UserID: userID, CreatedTS: now.UnixMilli(), ExpiresTS: expires.UnixMilli()}
	err = s.write(ctx, func(tx *store.Tx) error {
		held, first, err := tx.ReservedMedia(ctx, userID, now.UnixMilli())
		if err != nil {
			return err
		}
		if held >= s.cfg.MaxPending {
			return mxerr.Limited(max(time.UnixMilli(first).Sub(now), shortestBackoff))
		}
		return tx.PutMedia(ctx, m)
	})
	if err != nil {
		return MXC{}, time.Time{}, fmt.Errorf("reserving a media id: %w", err)
	}
	return MXC{s.cfg.ServerName, m.ID}, expires, nil
}

// Upload stores a content under a new media id. It is durable when Upload returns.
func (s *Service) Upload(ctx context.Context, userID string, up Upload) (MXC, error) {
	m, err := s.receive(ctx, userID, up)
	if err != nil {
		return MXC{}, err
	}
	m.ID = newMediaID()
	if err := s.write(ctx, func(tx *store.Tx) error { return tx.PutMedia(ctx, m) }); err != nil {
		return MXC{}, fmt.Errorf("storing an upload: %w", err)
	}
	return MXC{s.cfg.ServerName, m.ID}, nil
}

// UploadTo stores the content of a media id that the same user has reserved.
func (s *Service) UploadTo(ctx context.Context, userID string, uri MXC, up Upload) error {
	if err := s.checkReserved(ctx, userID, uri); err != nil {
		return err
	}
	m, err := s.receive(ctx, userID, up)
	if err != nil {
		return err
	}
	m.ID = uri.ID
	err = s.write(ctx, func(tx *store.Tx) error { return tx.FillMedia(ctx, m) })
	if errors.Is(err, store.ErrConflict) {
		return s.whyNotFilled(ctx, userID, uri)
	}
	if err != nil {
		return fmt.Errorf("storing an upload: %w", err)
	}
	s.uploaded(uri.ID)
	return nil
}

// checkReserved finds the reasons to refuse an upload before its content is read.
func (s *Service) checkReserved(ctx context.Context, userID string, uri MXC) error {
	if !uri.Valid() || uri.Server != s.cfg.ServerName {
		return errUnknownMedia
	}
	m, err := s.lookUp(ctx, uri.ID)
	switch {
	case err != nil:
		return err
	case m.UserID != userID:
		return errCannotUpload
	case m.Hash != "":
		return errOverwrite
	}
	return nil
}

// whyNotFilled explains that a reservation was gone when the content had come: filled by another request, or expired.
func (s *Service) whyNotFilled(ctx context.Context, userID string, uri MXC) error {
	if err := s.checkReserved(ctx, userID, uri); err != nil {
		return err
	}
	return errUnknownMedia
}

// receive checks and stores the bytes of an upload, and gives the row for it.
func (s *Service) receive(ctx context.Context, userID string, up Upload) (store.Media, error) {
	contentType := tidyContentType(up.ContentType)
	name := tidyName(up.Name)
	if len(name) > maxName {
		return store.Media{}, errLongName
	}
	if !s.typeAllowed(contentType) {
		return store.Media{}, errCannotUpload
	}
	limit, err := s.room(ctx, userID)
	if err != nil {
		return store.Media{}, err
	}
	body := &uploadReader{r: up.Body}
	blob := Blob{}
	err = ErrBlobTooLarge
	if up.Size <= limit {
		blob, err = s.blobs.Put(ctx, body, limit)
	}
	switch {
	case errors.Is(err, ErrBlobTooLarge) && limit < s.cfg.MaxUpload:
		return store.Media{}, errCannotUpload // the quota, not the size of this file
	case errors.Is(err, ErrBlobTooLarge):
		return store.Media{}, mxerr.TooLargef("Cannot upload files larger than %d bytes", s.cfg.MaxUpload)
	case err != nil && body.failed:
		return store.Media{}, errBrokenOff
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		s.log.Error("no room for uploads", "err", err)
		return store.Media{}, mxerr.Unavailable(fullBackoff)
	case errors.Is(err, ErrStores):
		s.log.Error("an upload could not be stored", "err", err)
		return store.Media{}, mxerr.Unavailable(storesBackoff)
	case err != nil:
		return store.Media{}, err
	}
	return store.Media{
		UserID: userID, CreatedTS: s.now().UnixMilli(), Hash: string(blob.Hash), Size: blob.Size, ContentType: contentType, Name: name,
	}, nil
}

// room is the number of bytes that the user may upload now.
func (s *Service) room(ctx context.Context, userID string) (limit int64, err error) {
	if s.cfg.UserQuota == 0 {
		return s.cfg.MaxUpload, nil
	}
	var used int64
	err = s.read(ctx, func(tx *store.Tx) error {
		used, err = tx.MediaUsage(ctx, userID)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("adding up a user's media: %w", err)
	}
	if used >= s.cfg.UserQuota {
		return 0, errCannotUpload
	}
	return min(s.cfg.MaxUpload, s.cfg.UserQuota-used), nil
}

func (s *Service) typeAllowed(contentType string) bool {
	if len(s.cfg.AllowedTypes) == 0 {
		return true
	}
	mediaType, _, _ := mime.ParseMediaType(contentType)
	for _, pattern := range s.cfg.AllowedTypes {
		if ok, _ := path.Match(pattern, mediaType); ok {
			return true
		}
	}
	return false
}

// tidyContentType keeps a declared type that has the form of one, as it is.
func tidyContentType(declared string) string {
	mediaType, _, err := mime.ParseMediaType(declared)
	if err != nil || len(declared) > maxContentType || !strings.Contains(mediaType, "/") {
		return unknownType
	}
	return declared
}

// tidyName keeps what a file name may hold: no control characters, and valid UTF-8.
func tidyName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "\ufffd"))
}

// uploadReader remembers whether reading failed, which is the client's failure and not the store's.
type uploadReader struct {
	r      io.Reader
	failed bool
}

func (u *uploadReader) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if err != nil && err != io.EOF {
		u.failed = true
	}
	return n, err
}
