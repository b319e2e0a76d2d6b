package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"bongsu.org/bongsu/drill/site"
)

// Scene is where a fault happens.
type Scene struct {
	Cluster *site.Cluster
	Random  *rand.Rand
	// Primary is the site with the primary before the fault.
	Primary *site.Site
	// Hit are the sites that the fault meets.
	Hit []*site.Site
	// Say notes what is done.
	Say func(format string, args ...any)
}

// Fault is one kind of thing that can happen.
type Fault struct {
	// Name is how it is called on the command line.
	Name string
	// Title says what happens, for people.
	Title string
	// Do makes it happen.
	Do func(ctx context.Context, s *Scene) error
	// End undoes it, and brings back what it took.
	End func(ctx context.Context, s *Scene) error
	// Least is how long it lasts at least.
	Least time.Duration
	// NoService tells that nothing may be acknowledged while it lasts.
	NoService bool
	// OnPrimary tells that it meets the primary's site.
	OnPrimary bool
}

// ByName finds faults by their names.
func ByName(names []string) ([]Fault, error) {
	var found []Fault
	for _, name := range names {
		i := 0
		for ; i < len(All()); i++ {
			if All()[i].Name == name {
				found = append(found, All()[i])
				break
			}
		}
		if i == len(All()) {
			return nil, fmt.Errorf("no fault is called %q", name)
		}
	}
	return found, nil
}

// Plan is all faults in an order that the seed gives.
func Plan(random *rand.Rand) []Fault {
	all := All()
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// others are the sites that are not the primary's, in an order of chance.
func (s *Scene) others() []*site.Site {
	var rest []*site.Site
	for _, other := range s.Cluster.Sites {
		if other != s.Primary {
			rest = append(rest, other)
		}
	}
	s.Random.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	return rest
}

// burn kills sites: their links are cut first, so that no dying process says goodbye to anybody.
func (s *Scene) burn(sites ...*site.Site) {
	for _, hit := range sites {
		s.Cluster.Switch().Isolate(hit.Port(), true)
	}
	for _, hit := range sites {
		hit.Kill()
	}
	s.Hit = append(s.Hit, sites...)
}

// rebuild brings killed sites back, with or without what was on their disks.
func (s *Scene) rebuild(ctx context.Context, empty bool) error {
	for _, hit := range s.Hit {
		if empty {
			if err := hit.Wipe(ctx); err != nil {
				return fmt.Errorf("emptying site %s: %w", hit.Name, err)
			}
		}
		s.Cluster.Switch().Isolate(hit.Port(), false)
	}
	var all error
	for _, hit := range s.Hit {
		all = errors.Join(all, hit.Boot(ctx))
	}
	return all
}

// placeEtcdLeader moves etcd's leader into the primary's site or out of it, as chance has it: a fire takes longer where both stand.
func (s *Scene) placeEtcdLeader(ctx context.Context) {
	to := s.Primary
	if s.Random.IntN(2) == 0 {
		to = s.others()[0]
	}
	if err := s.Cluster.MoveEtcdLeader(ctx, to); err != nil {
		s.Say("etcd's leader could not be moved: %v", err)
	}
	leader, err := s.Cluster.EtcdLeader(ctx)
	switch {
	case err != nil:
		s.Say("etcd's leader is not known: %v", err)
	case leader == s.Primary:
		s.Say("etcd's leader stands in the same site, %s", leader.Label())
	default:
		s.Say("etcd's leader stands in site %s", leader.Label())
	}
}
