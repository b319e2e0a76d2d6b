package scenario

import (
	"context"
	"fmt"
	"time"

	"bongsu.org/bongsu/bench/internal/client"
	"bongsu.org/bongsu/bench/internal/load"
	"bongsu.org/bongsu/bench/internal/report"
	"bongsu.org/bongsu/bench/internal/server"
)

// What of the server grows in a series.
const (
	Outsiders = "users who are not in the room"
	Members   = "members of the room"
	Length    = "events in the room"
)

const (
	// smallRoom is the room's size while something else grows.
	smallRoom = 10
	// sizeSyncing is how many members sync at every size, so that deliveries cost the same.
	sizeSyncing = 5
	// sizeRate is the rate of sends, far below what the server can do.
	sizeRate = 200
	// seriesWarmup and seriesWindow are the lengths of each measurement.
	seriesWarmup = 2 * time.Second
	seriesWindow = 8 * time.Second
)

// Point is the cost of a send at one size.
type Point struct {
	Series   string  `json:"series"`
	Size     int     `json:"size"`
	CPU      float64 `json:"cpu_ms_per_send"` // server and database
	SendP50  float64 `json:"send_p50_ms"`
	SendP99  float64 `json:"send_p99_ms"`
	Delivery float64 `json:"delivery_p99_ms"`
}

// Sizes is the cost of a send as things grow.
type Sizes struct {
	Server   string  `json:"server"`
	Database string  `json:"database"`
	Points   []Point `json:"points"`
}

// Sizes measures what a send costs with so many outsiders, members and earlier events.
func (b Bench) Sizes(ctx context.Context, sizes []int) (out Sizes, err error) {
	out = Sizes{Server: b.Options.Server, Database: b.Options.Database}
	err = b.with(ctx, func(in *server.Instance) error {
		s := &series{bench: b, in: in, out: &out}
		for _, step := range []func(context.Context, []int) error{s.outsiders, s.members, s.lengths} {
			if err := step(ctx, sizes); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// series is a run of measurements on one server. Its users gather: those of the first series are the members of the second.
type series struct {
	bench Bench
	in    *server.Instance
	out   *Sizes
	users []client.Session
}

func (s *series) outsiders(ctx context.Context, sizes []int) error {
	world, err := load.NewWorld(ctx, load.Host(s.in.URL), load.Shape{Rooms: 1, Members: smallRoom})
	if err != nil {
		return err
	}
	for _, size := range sizes {
		more, err := s.bench.users(ctx, s.in, fmt.Sprintf("out%d-", size), size-len(s.users))
		if err != nil {
			return err
		}
		s.users = append(s.users, more...)
		if err := s.measure(ctx, Outsiders, size, world); err != nil {
			return err
		}
	}
	return nil
}

func (s *series) members(ctx context.Context, sizes []int) error {
	for _, size := range sizes {
		s.bench.say("making a room of %d members", size)
		world, err := load.NewRoom(ctx, load.Host(s.in.URL), s.users[:size])
		if err != nil {
			return err
		}
		if err := s.measure(ctx, Members, size, world); err != nil {
			return err
		}
	}
	return nil
}

func (s *series) lengths(ctx context.Context, sizes []int) error {
	for _, size := range sizes {
		world, err := load.NewRoom(ctx, load.Host(s.in.URL), s.users[:smallRoom])
		if err != nil {
			return err
		}
		s.bench.say("filling a room with %d events", size)
		if err := world.Fill(ctx, size); err != nil {
			return err
		}
		if err := s.measure(ctx, Length, size, world); err != nil {
			return err
		}
	}
	return nil
}

func (s *series) measure(ctx context.Context, name string, size int, world *load.World) error {
	world.Shape.Syncing = sizeSyncing
	r, err := world.Run(ctx, load.Plan{
		Pace: load.Pace{Rate: sizeRate, BodySize: 120}, Warmup: seriesWarmup, Duration: seriesWindow,
		ServerPID: s.in.ServerPID(), DatabasePID: s.in.DatabasePID(),
	})
	if err != nil {
		return err
	}
	if d := r.Deliveries; d.Missing > 0 || d.Duplicates > 0 || len(r.Failed) > 0 {
		return fmt.Errorf("%d %s: %d deliveries are missing, %d came twice, failed sends: %v", size, name, d.Missing, d.Duplicates, r.Failed)
	}
	p := Point{Series: name, Size: size, CPU: r.ServerCPU + r.DatabaseCPU, SendP50: r.Send.P50, SendP99: r.Send.P99, Delivery: r.Delivery.P99}
	s.bench.say("%d %s: %.3f ms of CPU a send", size, name, p.CPU)
	s.out.Points = append(s.out.Points, p)
	return nil
}

// Lines gives the points as lines of a plot.
func (s Sizes) Lines() []report.Line {
	var lines []report.Line
	for _, name := range []string{Members, Length, Outsiders} {
		l := report.Line{Name: name}
		for _, p := range s.Points {
			if p.Series == name {
				l.X, l.Y = append(l.X, float64(p.Size)), append(l.Y, p.CPU)
			}
		}
		lines = append(lines, l)
	}
	return lines
}
