package memory

import (
	"context"
	"time"

	"hotline"
	"hotline/live/lease"
)

// TakeLease takes the lease when it is free; see lease.Book.
func (s *Store) TakeLease(ctx context.Context, c lease.Claim) (lease.Lease, error) {
	now, err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return lease.Lease{}, err
	}
	l := s.leases[c.Name]
	if l.until > now && l.Holder != c.Holder && l.Holder != c.From {
		return l.at(now), hotline.Errorf(hotline.Conflict, "the lease %s is held by %v", c.Name, l.Holder)
	}
	late := now > c.Seen.Add(c.TTL/2) && l.until != 0 && l.Holder != c.From
	if c.Seen > 0 && (l.Holder == (lease.Holder{}) || late) {
		return l.at(now), hotline.Errorf(hotline.Conflict, "the lease %s was forgotten, or not looked at for long", c.Name)
	}
	l.Lease = lease.Lease{Name: c.Name, Token: max(hotline.Token(now), l.Token+1, c.Floor+1), Holder: c.Holder}
	l.until = now.Add(c.TTL)
	s.leases[c.Name] = l
	return l.at(now), nil
}

// RenewLeases lets leases stand longer; see lease.Book.
func (s *Store) RenewLeases(ctx context.Context, r lease.Renewal) ([]lease.Found, error) {
	now, err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	found := make([]lease.Found, len(r.Leases))
	for i, ours := range r.Leases {
		l := s.leases[ours.Name]
		switch known := l.Holder != (lease.Holder{}); {
		case l.Token > ours.Token || l.Token == ours.Token && known && l.Holder != r.Holder:
			found[i] = lease.Lost
			continue
		case known:
			found[i] = lease.Kept
		default:
			found[i] = lease.Forgotten
		}
		s.leases[ours.Name] = held{Lease: lease.Lease{Name: ours.Name, Token: ours.Token, Holder: r.Holder}, until: now.Add(r.TTL)}
	}
	return found, nil
}

// FreeLease gives the lease back; see lease.Book.
func (s *Store) FreeLease(ctx context.Context, name string, t hotline.Token) error {
	_, err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return err
	}
	if l, ok := s.leases[name]; ok && l.Token == t {
		l.until = 0
		s.leases[name] = l
	}
	return nil
}

// ReadLease tells who holds the lease; see lease.Book.
func (s *Store) ReadLease(ctx context.Context, name string) (lease.Lease, error) {
	now, err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return lease.Lease{}, err
	}
	l, ok := s.leases[name]
	if !ok {
		return lease.Lease{}, hotline.Errorf(hotline.NotFound, "nobody ever held the lease %s", name)
	}
	return l.at(now), nil
}

func (l held) at(now hotline.Millis) lease.Lease {
	out := l.Lease
	out.Now = now
	out.Left = max(0, time.Duration(l.until-now)*time.Millisecond)
	return out
}
