//go:build linux

package wire

import (
	"io"
	"sync/atomic"
	"time"
)

// queueFrames is how many frames may be under way in one direction: 200 ms of a busy link.
const queueFrames = 8192

type frame struct {
	data []byte
	due  time.Time
}

// direction carries frames from one port to another.
type direction struct {
	delay atomic.Int64 // nanoseconds
	cut   atomic.Bool
	queue chan frame
	out   *port
}

// enter takes a frame in, or drops it.
func (d *direction) enter(data []byte) {
	if d.cut.Load() {
		return
	}
	f := frame{data: append([]byte(nil), data...), due: time.Now().Add(time.Duration(d.delay.Load()))}
	select {
	case d.queue <- f:
	default: // full: dropped
	}
}

// carry delivers frames when they are due, until stop is closed. What was under way when the link was cut is lost too.
func (d *direction) carry(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case f := <-d.queue:
			if wait := time.Until(f.due); wait > 0 {
				time.Sleep(wait)
			}
			if !d.cut.Load() {
				d.out.deliver(f.data)
			}
		}
	}
}

// deliver writes a frame to the port's device. A port without a device, or one that is going away, loses it.
func (p *port) deliver(data []byte) {
	if w, ok := p.device.Load().(io.Writer); ok {
		_, _ = w.Write(data)
	}
}
