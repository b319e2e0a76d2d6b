package relay

import (
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// logs lets pion write to the server's log. All of it is of level debug: whoever can send a datagram can cause most of it.
type logs struct{ log *slog.Logger }

// NewLogger implements logging.LoggerFactory.
func (l logs) NewLogger(scope string) logging.LeveledLogger {
	return leveled{l.log.With("part", scope)}
}

type leveled struct{ log *slog.Logger }

var _ logging.LeveledLogger = leveled{}

func (l leveled) write(msg string) { l.log.Debug("relay", "what", msg) }

// Trace implements logging.LeveledLogger; there is too much of it.
func (l leveled) Trace(string) {}

// Tracef implements logging.LeveledLogger.
func (l leveled) Tracef(string, ...any) {}

// Debug implements logging.LeveledLogger; pion writes one for each packet.
func (l leveled) Debug(string) {}

// Debugf implements logging.LeveledLogger.
func (l leveled) Debugf(string, ...any) {}

// Info implements logging.LeveledLogger.
func (l leveled) Info(msg string) { l.write(msg) }

// Infof implements logging.LeveledLogger.
func (l leveled) Infof(format string, args ...any) { l.write(fmt.Sprintf(format, args...)) }

// Warn implements logging.LeveledLogger.
func (l leveled) Warn(msg string) { l.write(msg) }

// Warnf implements logging.LeveledLogger.
func (l leveled) Warnf(format string, args ...any) { l.write(fmt.Sprintf(format, args...)) }

// Error implements logging.LeveledLogger.
func (l leveled) Error(msg string) { l.write(msg) }

// Errorf implements logging.LeveledLogger.
func (l leveled) Errorf(format string, args ...any) { l.write(fmt.Sprintf(format, args...)) }
