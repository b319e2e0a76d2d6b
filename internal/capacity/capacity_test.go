package capacity

import (
	"testing"
	"time"

	"bongsu.org/bongsu/internal/store"
)

// machine is what a meter looks at.
type machine struct {
	cpu  float64
	sent uint64
}

// work lets time pass, in which so much is used and sent a second.
func (m *machine) work(meter *Meter, from time.Time, took time.Duration, cores, sends float64) time.Time {
	for end := from.Add(took); from.Before(end); {
		from = from.Add(SampleEvery)
		m.cpu += cores * SampleEvery.Seconds()
		m.sent += uint64(sends * SampleEvery.Seconds())
		meter.Sample(from)
	}
	return from
}

func near(got int64, want float64) bool { return float64(got) > want*990 && float64(got) < want*1010 }

func TestMeter(t *testing.T) {
	var m machine
	meter := NewMeter(4, func() (float64, bool) { return m.cpu, true }, func() uint64 { return m.sent })
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	meter.Sample(now)

	now = m.work(meter, now, 10*time.Minute, 0.1, 10)
	r := meter.Report(now)
	if !near(r.CPU, 0.1) || !near(r.Sends, 10) || r.SendsMost != 0 || r.Cores != 4 {
		t.Errorf("an idle machine: %+v", r)
	}
	now = m.work(meter, now, 5*time.Minute, 2, 1000)
	if r = meter.Report(now); !near(r.CPU, 2) || !near(r.CPUPeak, 2) || !near(r.SendsPeak, 1000) || r.SendsMost < 1_900_000 || r.SendsMost > 2_700_000 {
		t.Errorf("half of the processors send 1000 a second: %+v", r)
	}
	now = m.work(meter, now, 5*time.Minute, 0.1, 10)
	if r = meter.Report(now); !near(r.CPU, 0.1) || !near(r.CPUPeak, 2) || !near(r.SendsPeak, 1000) {
		t.Errorf("the peak of the hour: %+v", r)
	}
	now = m.work(meter, now, time.Hour, 0.1, 10)
	if r = meter.Report(now); !near(r.CPUPeak, 0.1) || r.HourTS != now.Truncate(time.Hour).UnixMilli() || r.SendsMost < 1_900_000 {
		t.Errorf("the next hour: %+v", r)
	}
}

func TestParseStat(t *testing.T) {
	got, ok := parseStat("cpu  100 200 300 99999 88888 10 20 70 0 0\ncpu0 1 2 3\n")
	if !ok || got != 7 {
		t.Errorf("got %v %v", got, ok)
	}
	for _, text := range []string{"", "cpu 1 2", "intr 1 2 3 4 5 6 7 8 9", "cpu a b c d e f g h i"} {
		if _, ok := parseStat(text); ok {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestJudge(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 30, 0, 0, time.UTC)
	hour := now.Truncate(time.Hour).UnixMilli()
	load := func(site, node string, hours int64, cpuPeak, sendsPeak, sendsMost int64) store.NodeLoad {
		return store.NodeLoad{
			Node: node, Site: site, HourTS: hour - hours*time.Hour.Milliseconds(), SeenTS: now.UnixMilli() - hours*time.Hour.Milliseconds(), Cores: 4,
			CPUPeak: cpuPeak, SendsPeak: sendsPeak, SendsMost: sendsMost,
		}
	}
	three := []store.NodeLoad{
		load("a", "1", 0, 100, 1, 9000), load("b", "2", 0, 100, 1, 9000), load("c", "3", 0, 100, 1, 9000),
		load("a", "1", 5, 2000, 3000, 9000), load("b", "2", 5, 2000, 3000, 9000), load("c", "3", 5, 2000, 3000, 9000),
	}
	o := Judge(three, now)
	if len(o.Nodes) != 3 || len(o.Losses) != 3 || !o.Nodes[0].Here || o.Nodes[0].PeakCPU != 2000 || o.Nodes[0].HourTS != hour {
		t.Fatalf("judged %+v", o)
	}
	for _, l := range o.Losses {
		if l.Need != 6000 || l.Left != 6400 || l.NeedSends != 9000 || l.LeftSends != 14400 || !l.Fits() {
			t.Errorf("without %s: %+v", l.Site, l)
		}
	}
	tight := append(three, load("a", "4", 5, 1000, 0, 0)) // gone since, but its load is not
	o = Judge(tight, now)
	if l := o.Losses[0]; l.Need != 7000 || l.Fits() || o.Nodes[1].Here {
		t.Errorf("with more to do: %+v", o)
	}
	sends := append([]store.NodeLoad{}, three...)
	for i := range sends {
		sends[i].SendsMost = 5000
	}
	if l := Judge(sends, now).Losses[0]; l.Fits() {
		t.Errorf("with too few sends left: %+v", l)
	}
	if o := Judge(three[:1], now); len(o.Losses) != 0 {
		t.Errorf("one site: %+v", o)
	}
}
