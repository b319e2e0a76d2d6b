package media

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"iter"
	"time"
)

// Errors of a blob store.
var (
	// ErrBlobNotFound means that no blob has the given hash.
	ErrBlobNotFound = errors.New("no such blob")
	// ErrBlobTooLarge means that the reader held more bytes than the limit; nothing was kept.
	ErrBlobTooLarge = errors.New("blob is larger than allowed")
	// ErrStores means that too few of the places where blobs are kept took one, or that none could be asked for it.
	ErrStores = errors.New("media stores do not answer")
)

// Hash names a blob: the SHA-256 of its content in lower-case hexadecimal.
type Hash string

// Valid reports whether h has the form of a hash, so that it is safe as a file name or object key.
func (h Hash) Valid() bool {
	if len(h) != hex.EncodedLen(32) {
		return false
	}
	for _, c := range []byte(h) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Blob is a stored content: its name and its length in bytes.
type Blob struct {
	Hash Hash
	Size int64
}

// Blobs stores immutable contents under their hash. An implementation is safe for concurrent use, by several processes too.
type Blobs interface {
	// Put stores what r yields. When it returns without an error the blob is durable wherever the implementation promises it.
	// More than limit bytes give ErrBlobTooLarge. An error of r is returned as it is, wrapped.
	Put(ctx context.Context, r io.Reader, limit int64) (Blob, error)
	// Open gives the content and its length, or ErrBlobNotFound.
	Open(ctx context.Context, hash Hash) (io.ReadSeekCloser, int64, error)
	// Delete removes a blob unless it was Put, or Put again, after the given time: an upload whose row is about to be written must
	// not lose its bytes. It reports whether the blob is gone, which it also is if it was never there.
	Delete(ctx context.Context, hash Hash, unlessPutAfter time.Time) (gone bool, err error)
}

// Target is one of several places where blobs are kept. It is safe for concurrent use, by several processes too.
type Target interface {
	// Name is how the place is called in logs and reports; it holds no secret.
	Name() string
	// Store keeps a content of this hash and size. When it returns without an error, the place has acknowledged it as durable.
	Store(ctx context.Context, blob Blob, content io.ReaderAt) error
	// Stat is the length of a blob, or ErrBlobNotFound.
	Stat(ctx context.Context, hash Hash) (int64, error)
	// Open is as in Blobs.
	Open(ctx context.Context, hash Hash) (io.ReadSeekCloser, int64, error)
	// Delete is as in Blobs.
	Delete(ctx context.Context, hash Hash, unlessPutAfter time.Time) (gone bool, err error)
	// List yields all blobs in the order of their hashes, and ends with the first error.
	List(ctx context.Context) iter.Seq2[Blob, error]
}
