package fault

import (
	"context"
	"time"

	"bongsu.org/bongsu/drill/site"
)

// ills are faults of single machines, whose site goes on.
func ills() []Fault {
	return []Fault{
		{
			Name: "slow-disk", Title: "The primary's disk slow", Least: 10 * time.Second, OnPrimary: true,
			Do: func(_ context.Context, s *Scene) error {
				delay := time.Duration(100+s.Random.IntN(200)) * time.Millisecond
				s.Hit = []*site.Site{s.Primary}
				s.Say("each write to the disk takes %s longer", delay)
				return s.Primary.SlowDisk(delay)
			},
			End: func(_ context.Context, s *Scene) error { return s.Primary.SlowDisk(0) },
		},
		{
			Name: "full-disk", Title: "The primary's disk full", Least: 14 * time.Second, OnPrimary: true,
			Do: func(_ context.Context, s *Scene) error {
				s.Hit = []*site.Site{s.Primary}
				return s.Primary.FillDisk()
			},
			End: func(_ context.Context, s *Scene) error { return s.Primary.FreeDisk() },
		},
		{
			Name: "clock", Title: "The clock of the primary's database jumps", Least: 10 * time.Second, OnPrimary: true,
			Do: func(_ context.Context, s *Scene) error {
				by := time.Duration(1+s.Random.IntN(120)) * time.Minute
				if s.Random.IntN(2) == 0 {
					by = -by
				}
				s.Hit = []*site.Site{s.Primary}
				s.Say("the clock of site %s's database is wrong by %s", s.Primary.Label(), by)
				return s.Primary.ShiftClock(by)
			},
			End: func(_ context.Context, s *Scene) error { return s.Primary.ShiftClock(0) },
		},
		freeze("freeze-primary", "The primary's database stands still", site.Postgres, true),
		freeze("freeze-etcd", "etcd beside the primary stands still", site.Etcd, true),
		freeze("freeze-node", "A node stands still", site.Node, false),
	}
}

// freeze is SIGSTOP for a process of a site.
func freeze(name, title, process string, primary bool) Fault {
	return Fault{
		Name: name, Title: title, Least: 12 * time.Second, OnPrimary: primary,
		Do: func(_ context.Context, s *Scene) error {
			hit := s.Primary
			if !primary {
				hit = s.Cluster.Sites[s.Random.IntN(len(s.Cluster.Sites))]
			}
			s.Hit = []*site.Site{hit}
			return hit.Freeze(process)
		},
		End: func(_ context.Context, s *Scene) error { return s.Hit[0].Thaw(process) },
	}
}
