package node

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bongsu.org/bongsu/internal/config"
	"bongsu.org/bongsu/internal/pki"
)

// lookAtExpiry is how often certificates are looked at for their end.
const lookAtExpiry = 12 * time.Hour

// expiry warns of certificates that end soon.
type expiry struct {
	files []string
	log   *slog.Logger
}

func newExpiry(cfg *config.Config, log *slog.Logger) *expiry {
	e := &expiry{log: log}
	for _, file := range []string{cfg.TLS.Certificate, cfg.Bus.TLSCertificate, cfg.Bus.TLSAuthority, cfg.TURN.TLSCertificate} {
		if file != "" {
			e.files = append(e.files, file)
		}
	}
	return e
}

// run is a chore.
func (e *expiry) run(context.Context) error {
	for _, file := range e.files {
		ends, err := pki.Ends(file)
		if err != nil {
			return err
		}
		switch left := time.Until(ends); {
		case left < 0:
			e.log.Error("a certificate has ended", "file", file, "at", ends)
		case left < pki.RenewWithin:
			e.log.Warn("a certificate ends soon", "file", file, "at", ends, "days", int(left.Hours()/24))
		}
	}
	return nil
}

var descCertificate = prometheus.NewDesc("bongsu_certificate_ends_seconds", "When a certificate ends, as Unix time.", []string{"file"}, nil)

// Describe implements prometheus.Collector.
func (e *expiry) Describe(ch chan<- *prometheus.Desc) { ch <- descCertificate }

// Collect implements prometheus.Collector.
func (e *expiry) Collect(ch chan<- prometheus.Metric) {
	for _, file := range e.files {
		if ends, err := pki.Ends(file); err == nil {
			ch <- prometheus.MustNewConstMetric(descCertificate, prometheus.GaugeValue, float64(ends.Unix()), file)
		}
	}
}
