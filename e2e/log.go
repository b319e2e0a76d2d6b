package e2e

import (
	"bytes"
	"strings"
	"sync"
)

// logBuffer keeps what a server prints, for the report of a failed test.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const (
	maxLog  = 64 << 20
	logTail = 6000
)

// Write implements io.Writer.
func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buf.Len()+len(p) > maxLog {
		l.buf.Reset()
	}
	return l.buf.Write(p)
}

// String returns the whole log.
func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *logBuffer) tail() string {
	text := l.String()
	return text[max(0, len(text)-logTail):]
}

// shownLines is how much of what follows a panic or the report of a race is shown.
const shownLines = 60

// panics returns the reports of panics and data races, of which a sound server makes none.
func (l *logBuffer) panics() string {
	var found []string
	show := 0
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, "panic") || strings.Contains(line, "WARNING: DATA RACE") {
			show = shownLines
		}
		if show > 0 && len(found) < 4*shownLines {
			found = append(found, line)
			show--
		}
	}
	return strings.Join(found, "")
}
