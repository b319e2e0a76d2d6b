package fault

import (
	"context"
	"time"

	"bongsu.org/bongsu/drill/site"
)

// All are the kinds of faults.
func All() []Fault {
	return append(losses(), append(links(), ills()...)...)
}

// Short are the faults of the short drill.
func Short() []string { return []string{"fire", "cut", "other-site"} }

// losses take whole sites.
func losses() []Fault {
	return []Fault{
		{
			Name: "fire", Title: "Fire in the primary's site", Least: 14 * time.Second, OnPrimary: true,
			Do: func(ctx context.Context, s *Scene) error {
				s.placeEtcdLeader(ctx)
				s.burn(s.Primary)
				return nil
			},
			End: func(ctx context.Context, s *Scene) error { return s.rebuild(ctx, false) },
		},
		{
			Name: "burnt", Title: "Fire in the primary's site, which comes back empty", Least: 14 * time.Second, OnPrimary: true,
			Do: func(ctx context.Context, s *Scene) error {
				s.placeEtcdLeader(ctx)
				s.burn(s.Primary)
				return nil
			},
			End: func(ctx context.Context, s *Scene) error { return s.rebuild(ctx, true) },
		},
		{
			Name: "other-site", Title: "Loss of a site without the primary", Least: 10 * time.Second,
			Do: func(_ context.Context, s *Scene) error {
				s.burn(s.others()[0])
				return nil
			},
			End: func(ctx context.Context, s *Scene) error { return s.rebuild(ctx, false) },
		},
		{
			Name: "two-sites", Title: "Loss of two sites, the primary's among them", Least: 12 * time.Second, NoService: true, OnPrimary: true,
			Do: func(_ context.Context, s *Scene) error {
				s.burn(s.Primary, s.others()[0])
				return nil
			},
			End: func(ctx context.Context, s *Scene) error { return s.rebuild(ctx, false) },
		},
		{
			Name: "power", Title: "All power lost at once", Least: 4 * time.Second, NoService: true, OnPrimary: true,
			Do: func(_ context.Context, s *Scene) error {
				s.burn(s.Cluster.Sites...)
				return nil
			},
			End: func(ctx context.Context, s *Scene) error { return s.rebuild(ctx, false) },
		},
		{
			Name: "rolling", Title: "Rolling restart of every site", OnPrimary: true,
			Do:  roll,
			End: func(context.Context, *Scene) error { return nil },
		},
	}
}

// roll restarts one site after the other, the primary's last, each when the one before is whole again.
func roll(ctx context.Context, s *Scene) error {
	for _, next := range append(s.others(), s.Primary) {
		s.Say("site %s restarts", next.Label())
		if err := next.Restart(); err != nil {
			return err
		}
		if err := s.Cluster.Await(ctx, s.Cluster.Sites, func(string) {}); err != nil {
			return err
		}
		s.Hit = append(s.Hit, next)
	}
	return nil
}

// links are faults of the network.
func links() []Fault {
	return []Fault{
		{
			Name: "cut", Title: "The primary's site cut off, alive", Least: 14 * time.Second, OnPrimary: true,
			Do: func(ctx context.Context, s *Scene) error {
				s.placeEtcdLeader(ctx)
				s.Hit = []*site.Site{s.Primary}
				s.Cluster.Switch().Isolate(s.Primary.Port(), true)
				return nil
			},
			End: mendLinks,
		},
		{
			Name: "one-way", Title: "The primary's site cut off in one direction", Least: 14 * time.Second, OnPrimary: true,
			Do: func(_ context.Context, s *Scene) error {
				s.Hit = []*site.Site{s.Primary}
				port, mute := s.Primary.Port(), s.Random.IntN(2) == 0
				for other := range len(s.Cluster.Sites) + 1 {
					switch {
					case other == port:
					case mute:
						s.Cluster.Switch().Cut(port, other, true)
					default:
						s.Cluster.Switch().Cut(other, port, true)
					}
				}
				if mute {
					s.Say("nothing leaves site %s", s.Primary.Label())
				} else {
					s.Say("nothing reaches site %s", s.Primary.Label())
				}
				return nil
			},
			End: mendLinks,
		},
		{
			Name: "slow-link", Title: "The primary's site 200 ms away", Least: 12 * time.Second, OnPrimary: true,
			Do: func(_ context.Context, s *Scene) error {
				s.Hit = []*site.Site{s.Primary}
				s.Cluster.Switch().Delay(s.Primary.Port(), 200*time.Millisecond)
				return nil
			},
			End: func(_ context.Context, s *Scene) error {
				s.Cluster.Switch().Delay(s.Primary.Port(), s.Cluster.Delay())
				return nil
			},
		},
	}
}

func mendLinks(_ context.Context, s *Scene) error {
	for _, hit := range s.Hit {
		s.Cluster.Switch().Isolate(hit.Port(), false)
	}
	return nil
}
