package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
)

// Profile writes one of the server's profiles, such as "heap" or "profile?seconds=5", to a file.
func (in *Instance) Profile(ctx context.Context, name, file string) error {
	if in.Debug == "" {
		return errors.New("this server has no address for profiles")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, in.Debug+"/debug/pprof/"+name, nil)
	if err != nil {
		return fmt.Errorf("asking for a profile: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("asking for a profile: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("asking for a profile: status %d", resp.StatusCode)
	}
	out, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("making the profile's file: %w", err)
	}
	if _, err := io.Copy(out, resp.Body); err != nil {
		return errors.Join(fmt.Errorf("reading the profile: %w", err), out.Close())
	}
	return out.Close()
}
