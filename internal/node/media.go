package node

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/media"
)

// openBlobs opens the folder of media, or the several places for them.
func (p *parts) openBlobs(cfg *config.Config, roots *x509.CertPool, log *slog.Logger) (media.Blobs, error) {
	if len(cfg.Media.Stores) == 0 {
		dir, err := media.NewDir(cfg.MediaDirectory())
		if err != nil {
			return nil, fmt.Errorf("opening the media folder: %w", err)
		}
		return dir, nil
	}
	targets, err := media.OpenTargets(cfg.Media.Stores, roots)
	if err != nil {
		return nil, err
	}
	p.stores, err = media.NewMany(media.ManyOptions{
		Targets: targets, Required: cfg.RequiredMediaStores(), Spool: cfg.MediaSpool(), Keep: media.Keep(p.store), Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the media stores: %w", err)
	}
	return p.stores, nil
}

// mediaChores keep several places for media alike.
func (p *parts) mediaChores(log *slog.Logger) []chore {
	if p.stores == nil {
		return nil
	}
	verify := func(ctx context.Context) error {
		report, err := p.stores.Verify(ctx, p.store, media.VerifyOptions{Repair: true})
		failures := []error{err}
		for _, s := range report.Stores {
			failures = append(failures, s.Err)
			if s.Copied > 0 {
				log.Info("media that a store lacked were copied there", "store", s.Name, "files", s.Copied)
			}
		}
		if report.Lost > 0 {
			log.Error("media are missing in every store; see: bongsu media verify", "files", report.Lost)
		}
		return errors.Join(failures...)
	}
	return []chore{
		{name: "catching up media stores", every: media.CatchUpEvery, run: func(ctx context.Context) error { return p.stores.CatchUp(ctx, p.store) }},
		{name: "holding media stores against each other", every: media.VerifyEvery, run: verify},
	}
}

var (
	descStoreFailed = prometheus.NewDesc("bongsu_media_store_failures_total", "Requests that a media store failed, by store.", []string{"store"}, nil)
	descBehind      = prometheus.NewDesc("bongsu_media_behind", "Files that are known to be missing in a store, and are yet to be copied there.", nil, nil)
)

// mediaMetrics tells of several places for media.
func mediaMetrics(m *media.Many, gauge func(*prometheus.Desc, float64, ...string), count func(*prometheus.Desc, uint64, ...string)) {
	targets, behind := m.Stats()
	for _, t := range targets {
		count(descStoreFailed, t.Failed, t.Name)
	}
	gauge(descBehind, float64(behind))
}
