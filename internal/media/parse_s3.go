package media

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// parseS3 reads s3://HOST[:PORT]/BUCKET[/PREFIX]?options.
func parseS3(text string) (S3Options, error) {
	u, err := url.Parse(text)
	if err != nil {
		return S3Options{}, errors.New("this is not s3://HOST/BUCKET") // the text is not repeated: it may hold a secret
	}
	if u.User != nil {
		return S3Options{}, errors.New("keys do not belong into the address: name a file of them with credentials=FILE, or set AWS_ACCESS_KEY_ID " +
			"and AWS_SECRET_ACCESS_KEY")
	}
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if u.Host == "" || !bucketName.MatchString(bucket) || u.Fragment != "" {
		return S3Options{}, fmt.Errorf("%q is not s3://HOST/BUCKET, with a port and a prefix or without", text)
	}
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	o := S3Options{Endpoint: u.Host, Bucket: bucket, Prefix: prefix}
	for key, values := range u.Query() {
		value := values[len(values)-1]
		switch {
		case key == "region":
			o.Region = value
		case key == "credentials":
			o.CredentialsFile = value
		case key == "profile":
			o.Profile = value
		case key == "style" && (value == "path" || value == "host"):
			o.HostStyle = value == "host"
		case key == "tls" && (value == "on" || value == "off"):
			o.Plain = value == "off"
		default:
			return S3Options{}, fmt.Errorf("%s=%s is not an option; allowed: region, credentials, profile, style=path or host, tls=on or off", key, value)
		}
	}
	return o, nil
}
