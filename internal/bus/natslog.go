package bus

import (
	"fmt"
	"log/slog"
	"sync"
)

// serverLog gives the NATS server's log lines to slog. The server's notices are of its own inner life, so they count as debugging here.
type serverLog struct {
	log *slog.Logger

	mu    sync.Mutex
	fatal error // the first thing the server could not go on from
}

// Noticef implements server.Logger.
func (l *serverLog) Noticef(format string, v ...any) {
	l.log.Debug("nats: " + fmt.Sprintf(format, v...))
}

// Warnf implements server.Logger.
func (l *serverLog) Warnf(format string, v ...any) { l.log.Warn("nats: " + fmt.Sprintf(format, v...)) }

// Errorf implements server.Logger. A node that does not answer is an everyday matter for the others, hence a warning.
func (l *serverLog) Errorf(format string, v ...any) { l.log.Warn("nats: " + fmt.Sprintf(format, v...)) }

// Debugf implements server.Logger.
func (l *serverLog) Debugf(format string, v ...any) {
	l.log.Debug("nats: " + fmt.Sprintf(format, v...))
}

// Tracef implements server.Logger. Tracing would write out payloads, so it is never on.
func (l *serverLog) Tracef(string, ...any) {}

// Fatalf implements server.Logger. It does not end the process: Start returns what it was told here.
func (l *serverLog) Fatalf(format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := fmt.Errorf(format, v...)
	l.log.Error("nats: " + err.Error())
	if l.fatal == nil {
		l.fatal = err
	}
}

func (l *serverLog) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fatal
}
