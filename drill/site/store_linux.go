package site

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Keys and bucket of the sites' media stores.
const (
	storeKey    = "bongsu"
	storeBucket = "media"
)

// weed is SeaweedFS with its S3 gateway.
func (s *Site) weed() (program, error) {
	config, err := s.write("s3.json", 0o600)
	if err != nil {
		return program{}, err
	}
	if _, err := s.write("s3.ini", 0o600); err != nil {
		return program{}, err
	}
	data := filepath.Join(s.disk(), "weed")
	return program{name: Store, dir: s.Folder, env: s.environment(), argv: []string{
		"/bin/sh", "-c", `mkdir -p "$0" && exec "$@"`, data, // the disk may be empty
		s.cluster.weed, "server", "-dir=" + data, "-ip=" + s.Address, "-ip.bind=" + s.Address,
		"-master.volumeSizeLimitMB=64", "-volume.max=10", "-filer", "-s3", fmt.Sprintf("-s3.port=%d", portStore), "-s3.port.iceberg=0", "-s3.config=" + config,
	}}, nil
}

// client speaks to the site's media store from outside.
func (s *Site) storeClient() (*minio.Client, error) {
	return minio.New(s.at(portStore), &minio.Options{Creds: credentials.NewStaticV4(storeKey, s.cluster.secret, ""), Region: "us-east-1", MaxRetries: 1})
}

// bucket makes the bucket of the site's store, as soon as the store serves. A store that came back empty needs one, too.
func (s *Site) bucket(ctx context.Context) error {
	client, err := s.storeClient()
	if err != nil {
		return err
	}
	for {
		trying, cancel := context.WithTimeout(ctx, 2*time.Second)
		err = client.MakeBucket(trying, storeBucket, minio.MakeBucketOptions{})
		cancel()
		code := minio.ToErrorResponse(err).Code
		if err == nil || code == minio.BucketAlreadyOwnedByYou || code == minio.BucketAlreadyExists {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("making the bucket of site %s: %w: %w", s.Name, context.Cause(ctx), err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// takesMedia tells whether the site's store has its bucket.
func (s *Site) takesMedia(ctx context.Context) bool {
	client, err := s.storeClient()
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	there, err := client.BucketExists(ctx, storeBucket)
	return err == nil && there
}
