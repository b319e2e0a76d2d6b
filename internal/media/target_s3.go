package media

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"path"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3Options say where an S3 store is.
type S3Options struct {
	Endpoint string // HOST or HOST:PORT
	Bucket   string
	Prefix   string // of all keys; empty, or with a slash at its end
	Region   string // empty: found out
	Plain    bool   // without TLS
	// HostStyle puts the bucket into the host's name, as Amazon's service wants it, instead of into the path.
	HostStyle bool
	// CredentialsFile has the form of Amazon's (INI, with aws_access_key_id and aws_secret_access_key), and Profile names its section; empty:
	// the environment's AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
	CredentialsFile, Profile string
	RootCAs                  *x509.CertPool // nil: the system's
}

const (
	s3DialTimeout   = 3 * time.Second
	s3HeaderTimeout = 30 * time.Second
	// s3Tries is how often a request is made that fails for the store's reasons.
	s3Tries = 2
)

// S3 is a Target in a bucket: ab/cd/abcd… for each blob, as in a directory.
type S3 struct {
	o      S3Options
	client *minio.Client
}

var _ Target = (*S3)(nil)

// NewS3 makes the client of a store. It opens no connection.
func NewS3(o S3Options) (*S3, error) {
	who := credentials.NewEnvAWS()
	if o.CredentialsFile != "" {
		who = credentials.NewFileAWSCredentials(o.CredentialsFile, o.Profile)
	}
	lookup := minio.BucketLookupPath
	if o.HostStyle {
		lookup = minio.BucketLookupDNS
	}
	client, err := minio.New(o.Endpoint, &minio.Options{
		Creds: who, Secure: !o.Plain, Region: o.Region, BucketLookup: lookup, MaxRetries: s3Tries,
		Transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: s3DialTimeout, KeepAlive: 15 * time.Second}).DialContext,
			TLSClientConfig:       &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:   s3DialTimeout,
			ResponseHeaderTimeout: s3HeaderTimeout,
			MaxIdleConnsPerHost:   32,
			IdleConnTimeout:       90 * time.Second,
			DisableCompression:    true,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("setting up the store %s: %w", o.Endpoint, err)
	}
	return &S3{o: o, client: client}, nil
}

// Name implements Target.
func (s *S3) Name() string { return "s3://" + s.o.Endpoint + "/" + s.o.Bucket + "/" + s.o.Prefix }

func (s *S3) key(h Hash) string {
	return s.o.Prefix + string(h[:2]) + "/" + string(h[2:4]) + "/" + string(h)
}

// Store implements Target. A store acknowledges an object only when it has all of it; the MD5 tells it whether what came is what was sent.
func (s *S3) Store(ctx context.Context, blob Blob, content io.ReaderAt) error {
	info, err := s.client.PutObject(ctx, s.o.Bucket, s.key(blob.Hash), io.NewSectionReader(content, 0, blob.Size), blob.Size,
		minio.PutObjectOptions{ContentType: unknownType, SendContentMd5: true})
	if err != nil {
		return fmt.Errorf("storing %s in %s: %w", blob.Hash, s.Name(), err)
	}
	if info.Size != blob.Size {
		return fmt.Errorf("storing %s in %s: %d of %d bytes were taken", blob.Hash, s.Name(), info.Size, blob.Size)
	}
	return nil
}

// Stat implements Target.
func (s *S3) Stat(ctx context.Context, hash Hash) (int64, error) {
	info, err := s.stat(ctx, hash)
	return info.Size, err
}

func (s *S3) stat(ctx context.Context, hash Hash) (minio.ObjectInfo, error) {
	if !hash.Valid() {
		return minio.ObjectInfo{}, ErrBlobNotFound
	}
	info, err := s.client.StatObject(ctx, s.o.Bucket, s.key(hash), minio.StatObjectOptions{})
	if err != nil {
		return info, s.explain(hash, err)
	}
	return info, nil
}

// explain tells an object that is not there from a store that fails, a bucket that is not there among that.
func (s *S3) explain(hash Hash, err error) error {
	switch minio.ToErrorResponse(err).Code {
	case minio.NoSuchKey, "NotFound":
		return ErrBlobNotFound
	}
	return fmt.Errorf("reading %s from %s: %w", hash, s.Name(), err)
}

// Open implements Target.
func (s *S3) Open(ctx context.Context, hash Hash) (io.ReadSeekCloser, int64, error) {
	if !hash.Valid() {
		return nil, 0, ErrBlobNotFound
	}
	object, err := s.client.GetObject(ctx, s.o.Bucket, s.key(hash), minio.GetObjectOptions{})
	if err != nil {
		return nil, 0, s.explain(hash, err)
	}
	info, err := object.Stat()
	if err != nil {
		_ = object.Close()
		return nil, 0, s.explain(hash, err)
	}
	return object, info.Size, nil
}

// Delete implements Target. Nothing keeps a Put from coming between the look and the deletion: that is for the caller to see to (see Keep).
func (s *S3) Delete(ctx context.Context, hash Hash, unlessPutAfter time.Time) (gone bool, err error) {
	info, err := s.stat(ctx, hash)
	switch {
	case errors.Is(err, ErrBlobNotFound):
		return true, nil
	case err != nil:
		return false, err
	case info.LastModified.After(unlessPutAfter):
		return false, nil
	}
	if err := s.client.RemoveObject(ctx, s.o.Bucket, s.key(hash), minio.RemoveObjectOptions{}); err != nil {
		return false, fmt.Errorf("deleting %s from %s: %w", hash, s.Name(), err)
	}
	return true, nil
}

// List implements Target. S3 lists keys in their order.
func (s *S3) List(ctx context.Context) iter.Seq2[Blob, error] {
	return func(yield func(Blob, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for info := range s.client.ListObjects(ctx, s.o.Bucket, minio.ListObjectsOptions{Prefix: s.o.Prefix, Recursive: true}) {
			if info.Err != nil {
				yield(Blob{}, fmt.Errorf("listing %s: %w", s.Name(), info.Err))
				return
			}
			hash := Hash(path.Base(info.Key))
			if !hash.Valid() || s.key(hash) != info.Key {
				continue
			}
			if !yield(Blob{hash, info.Size}, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(Blob{}, err)
		}
	}
}
