package media

import (
	"crypto/x509"
	"fmt"
	"strings"
)

// ParseStore reads a place where media are kept: a folder, or s3://HOST[:PORT]/BUCKET[/PREFIX] with options behind a question mark.
func ParseStore(text string) (dir string, s3 *S3Options, err error) {
	if !strings.HasPrefix(text, "s3://") {
		if text == "" || strings.Contains(text, "://") {
			return "", nil, fmt.Errorf("%q is neither a folder nor s3://HOST/BUCKET", text)
		}
		return text, nil, nil
	}
	o, err := parseS3(text)
	if err != nil {
		return "", nil, err
	}
	return "", &o, nil
}

// OpenTargets opens the places that ParseStore reads. Buckets must exist; folders are made.
func OpenTargets(texts []string, roots *x509.CertPool) ([]Target, error) {
	var out []Target
	for _, text := range texts {
		dir, s3, err := ParseStore(text)
		if err != nil {
			return nil, err
		}
		var t Target
		if s3 != nil {
			s3.RootCAs = roots
			t, err = NewS3(*s3)
		} else {
			t, err = NewDir(dir)
		}
		if err != nil {
			return nil, fmt.Errorf("opening a media store: %w", err)
		}
		out = append(out, t)
	}
	return out, nil
}
