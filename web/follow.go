package web

import (
	"context"
	"sync"
	"time"

	"hotline"
)

const (
	// everything is the id before every fact.
	everything = "0-0"
	// gap is the least time between two walls. What changes meanwhile is in the
	// next one, so a browser is at most this much behind.
	gap = 500 * time.Millisecond
	// look is how often the board is read although no fact came: a board that is
	// away tells none.
	look = time.Second
	// again is how long to wait before following anew.
	again = time.Second
	// linger is how long the facts are followed although nobody watches: a browser
	// that lost its line, or its controller, is back by then and resumes.
	linger = 10 * time.Second
)

// Run lets the live events flow until ctx ends; then it sends every watcher
// away, so that the listener can be shut down.
func (s *Server) Run(ctx context.Context) {
	defer s.hub.close()
	var all sync.WaitGroup
	all.Go(func() { s.follow(ctx) })
	all.Go(func() { s.showWalls(ctx) })
	all.Go(func() { s.keepBooks(ctx) })
	all.Wait()
}

// follow reads the stream of facts while somebody watches: first from as far back
// as it goes, so that a browser can resume although the controller was started anew.
// What came while nobody watched is for nobody, and a browser that was away for
// longer than linger begins anew.
func (s *Server) follow(ctx context.Context) {
	from := everything
	for ctx.Err() == nil {
		from = s.followWatched(ctx, from)
		if s.hub.count() == 0 {
			select {
			case <-ctx.Done():
				return
			case <-s.hub.comes:
			}
			from = s.skip(ctx, from)
		}
	}
}

// followWatched tells facts until nobody has watched for a while, and gives the last
// one that it has told.
func (s *Server) followWatched(ctx context.Context, from string) string {
	watched, end := context.WithCancel(ctx)
	defer end()
	go s.untilAlone(watched, end)
	for watched.Err() == nil {
		err := s.o.Facts.Follow(watched, from, func(f Fact) error {
			from = f.ID
			s.cut(s.hub.tell(f))
			return nil
		})
		if watched.Err() != nil {
			break
		}
		s.o.Log.WarnContext(ctx, "the facts are followed anew", "from", from, "err", err)
		if hotline.KindOf(err) == hotline.Conflict {
			from = s.skip(ctx, from)
		}
		pauseFor(ctx, again)
	}
	return from
}

// untilAlone ends what is followed when nobody has watched for a while.
func (s *Server) untilAlone(ctx context.Context, end context.CancelFunc) {
	tick := time.NewTicker(linger / 2)
	defer tick.Stop()
	for alone := 0; alone < 2; alone++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if s.hub.count() > 0 {
			alone = -1
		}
	}
	end()
}

// skip passes over the facts that nobody was told: those who watch load the board
// anew. It gives the last fact there is, or from where that cannot be read.
func (s *Server) skip(ctx context.Context, from string) string {
	if last, err := s.o.Facts.LastFact(ctx); err == nil {
		from = last
	}
	s.hub.lost()
	return from
}

// showWalls shows the wall whenever something happened, and looks by itself
// each second.
func (s *Server) showWalls(ctx context.Context) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.hub.wake:
		}
		if s.hub.count() == 0 {
			continue
		}
		s.cut(s.hub.show(s.currentWall(ctx)))
		pauseFor(ctx, gap)
	}
}

// currentWall reads the wall; while the board cannot be read it is the last
// one, marked stale.
func (s *Server) currentWall(ctx context.Context) Wall {
	ctx, cancel := context.WithTimeout(ctx, look)
	defer cancel()
	w, err := s.wall(ctx)
	if err == nil {
		return w
	}
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	w = Wall{Now: s.o.Now().UTC(), Queues: []Line{}, Agents: []Seat{}}
	if s.hub.wall != nil {
		w = *s.hub.wall
	}
	w.Stale = true
	return w
}
