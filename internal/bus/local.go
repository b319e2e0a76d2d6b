package bus

import (
	"context"
	"sync/atomic"
)

// Local is the bus of a node that is alone. With nobody to talk to, it sends nothing and delivers nothing, and costs nothing.
type Local struct {
	id        string
	published atomic.Uint64
	closed    atomic.Bool
}

var _ Bus = (*Local)(nil)

// NewLocal makes the bus of a single node.
func NewLocal() *Local { return &Local{id: NewNodeID()} }

// Publish implements Bus.
func (l *Local) Publish(subject string, payload []byte) error {
	if l.closed.Load() {
		return ErrClosed
	}
	if err := checkMessage(subject, payload); err != nil {
		return err
	}
	l.published.Add(1)
	return nil
}

// Subscribe implements Bus.
func (l *Local) Subscribe(subject string, _ func(string, []byte)) (func(), error) {
	if l.closed.Load() {
		return nil, ErrClosed
	}
	if err := checkSubject(subject); err != nil {
		return nil, err
	}
	return func() {}, nil
}

// Healthy implements Bus.
func (l *Local) Healthy() error {
	if l.closed.Load() {
		return ErrClosed
	}
	return nil
}

// Stats implements Bus.
func (l *Local) Stats() Stats { return Stats{Published: l.published.Load()} }

// NodeID implements Bus.
func (l *Local) NodeID() string { return l.id }

// Close implements Bus.
func (l *Local) Close(context.Context) error {
	l.closed.Store(true)
	return nil
}
