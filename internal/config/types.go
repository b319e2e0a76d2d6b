package config

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// Registration says who may register.
type Registration string

// The forms of registration.
const (
	RegistrationOpen   Registration = "open"
	RegistrationToken  Registration = "token"
	RegistrationClosed Registration = "closed"
)

// EncryptByDefault says which new rooms are encrypted without being asked for.
type EncryptByDefault string

// The rooms that are encrypted by default.
const (
	EncryptPrivate EncryptByDefault = "private"
	EncryptAll     EncryptByDefault = "all"
	EncryptNone    EncryptByDefault = "off"
)

// LogLevel is the least severe level that is logged.
type LogLevel string

// The levels of the log.
const (
	LogDebug LogLevel = "debug"
	LogInfo  LogLevel = "info"
	LogWarn  LogLevel = "warn"
	LogError LogLevel = "error"
)

// Slog returns the level as log/slog has it.
func (l LogLevel) Slog() slog.Level {
	switch l {
	case LogDebug:
		return slog.LevelDebug
	case LogWarn:
		return slog.LevelWarn
	case LogError:
		return slog.LevelError
	default:
		return slog.LevelInfo
	}
}

// LogFormat is how a line of the log is written.
type LogFormat string

// The formats of the log.
const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// Secret is a setting that is never printed or logged. Convert it to string to use it.
type Secret string

// String hides the secret, so that no %v shows it.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(hidden)"
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the secret from the log.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Size is a number of bytes.
type Size int64

// Units of Size.
const (
	KiB Size = 1 << 10
	MiB Size = 1 << 20
	GiB Size = 1 << 30
)

var sizeUnits = []struct {
	name string
	size Size
}{{"GiB", GiB}, {"MiB", MiB}, {"KiB", KiB}}

// ParseSize reads a size such as 100MiB, or a plain number of bytes.
func ParseSize(text string) (Size, error) {
	number, unit := strings.TrimSpace(text), Size(1)
	for _, u := range sizeUnits {
		if head, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(head), u.size
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > int64(1<<62)/int64(unit) {
		return 0, fmt.Errorf("%q is not a size such as 64KiB, 100MiB or 2GiB", text)
	}
	return Size(n) * unit, nil
}

// String writes the size in the largest unit that divides it.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if s >= u.size && s%u.size == 0 {
			return strconv.FormatInt(int64(s/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// Duration is a time.Duration that may also be written in days.
type Duration time.Duration

const day = 24 * time.Hour

// ParseDuration reads a duration such as 20s, 1h30m or 7d.
func ParseDuration(text string) (Duration, error) {
	trimmed := strings.TrimSpace(text)
	if head, ok := strings.CutSuffix(trimmed, "d"); ok {
		if days, err := strconv.ParseUint(head, 10, 16); err == nil {
			return Duration(time.Duration(days) * day), nil
		}
	}
	d, err := time.ParseDuration(trimmed)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration such as 20s, 10m, 24h or 7d", text)
	}
	return Duration(d), nil
}

// Std returns the duration as the standard library has it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String writes the duration without the zero parts that time.Duration leaves in, and whole days from two on as days.
func (d Duration) String() string {
	std := time.Duration(d)
	if std >= 2*day && std%day == 0 {
		return strconv.FormatInt(int64(std/day), 10) + "d"
	}
	text := std.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Rate is a number of operations in a time, and how many of them may come at once.
type Rate struct {
	// Count operations may be done in each Per.
	Count int
	// Per is a second, a minute or an hour.
	Per time.Duration
	// Burst operations may come at once after a rest.
	Burst int
}

var rateUnits = []struct {
	name string
	per  time.Duration
}{{"s", time.Second}, {"min", time.Minute}, {"h", time.Hour}}

const maxRate = 1_000_000

// ParseRate reads a rate such as 10/s, 30/min or 10/s burst 50. Without a burst, the count may come at once.
func ParseRate(text string) (Rate, error) {
	wrong := fmt.Errorf("%q is not a rate such as 10/s, 30/min or 10/s burst 50", text)
	fields := strings.Fields(text)
	if len(fields) != 1 && (len(fields) != 3 || fields[1] != "burst") {
		return Rate{}, wrong
	}
	number, unit, _ := strings.Cut(fields[0], "/")
	count, err := strconv.Atoi(number)
	if err != nil || count < 1 || count > maxRate {
		return Rate{}, wrong
	}
	rate := Rate{Count: count, Burst: count}
	for _, u := range rateUnits {
		if u.name == unit {
			rate.Per = u.per
		}
	}
	if rate.Per == 0 {
		return Rate{}, wrong
	}
	if len(fields) == 3 {
		rate.Burst, err = strconv.Atoi(fields[2])
		if err != nil || rate.Burst < 1 || rate.Burst > maxRate {
			return Rate{}, wrong
		}
	}
	return rate, nil
}

// PerSecond is the rate as operations a second.
func (r Rate) PerSecond() float64 { return float64(r.Count) / r.Per.Seconds() }

// String writes the rate as ParseRate reads it.
func (r Rate) String() string {
	unit := r.Per.String()
	for _, u := range rateUnits {
		if u.per == r.Per {
			unit = u.name
		}
	}
	text := strconv.Itoa(r.Count) + "/" + unit
	if r.Burst != r.Count {
		text += " burst " + strconv.Itoa(r.Burst)
	}
	return text
}
