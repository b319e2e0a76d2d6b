package capacity

import (
	"sync"
	"time"

	"bongsu.org/bongsu/internal/store"
)

// SampleEvery is how often Sample is due, and SaveEvery how often a report is to be saved.
const (
	SampleEvery = 5 * time.Second
	SaveEvery   = 30 * time.Second
)

const (
	// window is over what is averaged.
	window = time.Minute
	// enoughBusy is the share of the processors from which on it can be told what the node could send at most.
	enoughBusy = 0.2
	// slowly weighs a new estimate against those before.
	slowly = 0.1
)

// sample is what had been used and sent at a time.
type sample struct {
	at   time.Time
	cpu  float64 // seconds of processors
	sent uint64
}

// Meter measures a node. It is safe for concurrent use.
type Meter struct {
	cores int
	cpu   func() (seconds float64, ok bool)
	sent  func() uint64

	mu      sync.Mutex
	samples []sample // of the last minute, oldest first
	hour    time.Time
	now     store.NodeLoad
	most    float64 // events a second, when all processors are in use; 0: not known
}

// NewMeter makes a Meter of a machine with so many processors. cpu tells how many seconds of them were used, sent how many events were sent,
// each since some fixed time.
func NewMeter(cores int, cpu func() (float64, bool), sent func() uint64) *Meter {
	return &Meter{cores: cores, cpu: cpu, sent: sent}
}

// Sample looks at what was used and sent.
func (m *Meter) Sample(now time.Time) {
	used, ok := m.cpu()
	if !ok {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.samples = append(m.samples, sample{now, used, m.sent()})
	for len(m.samples) > 2 && now.Sub(m.samples[1].at) >= window {
		m.samples = m.samples[1:]
	}
	first := m.samples[0]
	took := now.Sub(first.at).Seconds()
	if took <= 0 {
		return
	}
	cpu, sends := (used-first.cpu)/took, float64(m.sent()-first.sent)/took
	if share := cpu / float64(m.cores); share >= enoughBusy && sends > 0 {
		if could := sends / min(share, 1); m.most == 0 {
			m.most = could
		} else {
			m.most += slowly * (could - m.most)
		}
	}
	if hour := now.Truncate(time.Hour); !hour.Equal(m.hour) {
		m.hour, m.now.CPUPeak, m.now.SendsPeak = hour, 0, 0
	}
	m.now.CPU, m.now.Sends = thousandths(cpu), thousandths(sends)
	if now.Sub(first.at) >= window/2 { // less says little
		m.now.CPUPeak, m.now.SendsPeak = max(m.now.CPUPeak, m.now.CPU), max(m.now.SendsPeak, m.now.Sends)
	}
}

// Report is what is to be saved.
func (m *Meter) Report(now time.Time) store.NodeLoad {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.now
	out.HourTS, out.SeenTS, out.Cores = m.hour.UnixMilli(), now.UnixMilli(), int64(m.cores)
	// Whatever was sent can be sent.
	out.SendsMost = max(thousandths(m.most), out.SendsPeak)
	if m.most == 0 {
		out.SendsMost = 0
	}
	return out
}

func thousandths(x float64) int64 { return int64(x*1000 + 0.5) }
