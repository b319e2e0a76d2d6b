package wire

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Switch joins the ports.
type Switch struct {
	ports []*port
	lanes map[[2]int]*direction
	stop  chan struct{}
	done  sync.WaitGroup
	once  sync.Once
}

type port struct {
	index   int
	device  atomic.Value // of *os.File
	readers sync.WaitGroup
}

// MAC is the hardware address of the port.
func MAC(index int) net.HardwareAddr { return net.HardwareAddr{0x02, 0xb0, 0x95, 0, 0, byte(index)} }

// NewSwitch makes a switch with n ports, nothing plugged in yet, and the delay in every direction.
func NewSwitch(n int, delay time.Duration) *Switch {
	s := &Switch{lanes: map[[2]int]*direction{}, stop: make(chan struct{})}
	for i := range n {
		s.ports = append(s.ports, &port{index: i})
	}
	for from := range n {
		for to := range n {
			if from == to {
				continue
			}
			d := &direction{queue: make(chan frame, queueFrames), out: s.ports[to]}
			d.delay.Store(int64(delay))
			s.lanes[[2]int{from, to}] = d
			s.done.Go(func() { d.carry(s.stop) })
		}
	}
	return s
}

// Plug makes a device of that name in the caller's namespace, for the port. It stays until Unplug or Close.
func (s *Switch) Plug(index int, name string) error {
	device, err := openTap(name)
	if err != nil {
		return err
	}
	p := s.ports[index]
	p.device.Store(device)
	p.readers.Go(func() { s.read(p, device) })
	return nil
}

// Unplug takes the port's device away.
func (s *Switch) Unplug(index int) error {
	p := s.ports[index]
	device, ok := p.device.Load().(*os.File)
	if !ok {
		return nil
	}
	err := device.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil // unplugged before
	}
	p.readers.Wait()
	return err
}

// read hands on what comes out of a device, until it is closed.
func (s *Switch) read(p *port, device io.Reader) {
	buf := make([]byte, MTU+64)
	for {
		n, err := device.Read(buf)
		if err != nil {
			return
		}
		if to := s.target(buf[:n]); to >= 0 && to != p.index {
			s.lanes[[2]int{p.index, to}].enter(buf[:n])
		}
	}
}

// target is the port to which a frame goes, or -1 for a broadcast or a stranger.
func (s *Switch) target(data []byte) int {
	if len(data) < 14 || data[0] != 0x02 || data[1] != 0xb0 || data[2] != 0x95 || data[3] != 0 || data[4] != 0 || int(data[5]) >= len(s.ports) {
		return -1
	}
	return int(data[5])
}

// Cut cuts or mends one direction.
func (s *Switch) Cut(from, to int, cut bool) { s.lanes[[2]int{from, to}].cut.Store(cut) }

// Isolate cuts or mends a port off all others, both ways.
func (s *Switch) Isolate(index int, cut bool) {
	for other := range s.ports {
		if other != index {
			s.Cut(index, other, cut)
			s.Cut(other, index, cut)
		}
	}
}

// Delay sets how long frames are under way between a port and all others, each way.
func (s *Switch) Delay(index int, delay time.Duration) {
	for other := range s.ports {
		if other != index {
			s.lanes[[2]int{index, other}].delay.Store(int64(delay))
			s.lanes[[2]int{other, index}].delay.Store(int64(delay))
		}
	}
}

// Close takes all devices away and ends the switch.
func (s *Switch) Close() error {
	var first error
	s.once.Do(func() {
		for _, p := range s.ports {
			if err := s.Unplug(p.index); err != nil && first == nil {
				first = fmt.Errorf("unplugging port %d: %w", p.index, err)
			}
		}
		close(s.stop)
		s.done.Wait()
	})
	return first
}
