package config_test

import (
	"testing"
	"time"

	"bongsu.org/bongsu/internal/config"
	"pgregory.net/rapid"
)

func TestValuesAreReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := config.Size(rapid.Int64Range(0, 1<<60).Draw(t, "size"))
		if got, err := config.ParseSize(size.String()); err != nil || got != size {
			t.Fatalf("%s is read as %d (%v), want %d", size, got, err, size)
		}
		duration := config.Duration(rapid.Int64Range(0, 1<<60).Draw(t, "duration"))
		if got, err := config.ParseDuration(duration.String()); err != nil || got != duration {
			t.Fatalf("%s is read as %d (%v), want %d", duration, got, err, duration)
		}
	})
}

func TestDurationsAreShort(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": 0, "20s": 20 * time.Second, "1m30s": 90 * time.Second, "10m": 10 * time.Minute, "1h": time.Hour, "24h": 24 * time.Hour, "7d": 7 * 24 * time.Hour,
	} {
		if got := config.Duration(d).String(); got != want {
			t.Errorf("%v is written %s, want %s", d, got, want)
		}
	}
}

func TestRates(t *testing.T) {
	for text, want := range map[string]config.Rate{
		"10/s":          {Count: 10, Per: time.Second, Burst: 10},
		"30/min":        {Count: 30, Per: time.Minute, Burst: 30},
		"5/h  burst  9": {Count: 5, Per: time.Hour, Burst: 9},
	} {
		if got, err := config.ParseRate(text); err != nil || got != want {
			t.Errorf("%q is read as %v (%v), want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "10", "/s", "0/s", "-1/s", "1/d", "1/s burst", "1/s burst 0", "1/s bust 3", "1/s burst 3 4", "9999999/s"} {
		if got, err := config.ParseRate(text); err == nil {
			t.Errorf("%q is read as %v, want an error", text, got)
		}
	}
	if got := (config.Rate{Count: 30, Per: time.Minute}).PerSecond(); got != 0.5 {
		t.Errorf("30/min is %v a second, want 0.5", got)
	}
}

func FuzzValues(f *testing.F) {
	for _, seed := range []string{"10/s burst 5", "100MiB", "7d", "1h30m", "65536d", "99999999999999GiB"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if rate, err := config.ParseRate(text); err == nil && (rate.Burst < 1 || rate.PerSecond() <= 0) {
			t.Errorf("%q is read as %v", text, rate)
		}
		if size, err := config.ParseSize(text); err == nil && size < 0 {
			t.Errorf("%q is read as %d", text, size)
		}
		if d, err := config.ParseDuration(text); err == nil && d < 0 {
			t.Errorf("%q is read as %d", text, d)
		}
	})
}
