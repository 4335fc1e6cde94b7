package live

import (
	"context"
	"time"

	"hotline"
	"hotline/live/lease"
)

// TakeLease takes the lease when it is free; see lease.Book.
func (s *Store) TakeLease(ctx context.Context, c lease.Claim) (lease.Lease, error) {
	from := ""
	if c.From != (lease.Holder{}) {
		from = c.From.String()
	}
	got, err := s.run(ctx, "take the lease "+c.Name, s.scripts.take, []string{s.key.lease + c.Name},
		c.Holder.String(), int64(c.Floor), c.TTL.Milliseconds(), from, int64(c.Seen))
	if err != nil {
		return lease.Lease{}, err
	}
	parts, err := list("take the lease "+c.Name, got, 5)
	if err != nil {
		return lease.Lease{}, err
	}
	l, err := parseLease(c.Name, parts[1:])
	l.Now = hotline.Millis(number(parts[4]))
	if err == nil && number(parts[0]) == 0 {
		err = hotline.Errorf(hotline.Conflict, "the lease %s is held by %v", c.Name, l.Holder)
	}
	return l, err
}

// RenewLeases lets leases stand longer; see lease.Book.
func (s *Store) RenewLeases(ctx context.Context, r lease.Renewal) ([]lease.Found, error) {
	const what = "renew the leases"
	keys, args := make([]string, len(r.Leases)), []any{r.Holder.String(), r.TTL.Milliseconds()}
	for i, l := range r.Leases {
		keys[i] = s.key.lease + l.Name
		args = append(args, int64(l.Token))
	}
	got, err := s.run(ctx, what, s.scripts.renew, keys, args...)
	if err != nil {
		return nil, err
	}
	parts, err := list(what, got, len(r.Leases))
	if err != nil {
		return nil, err
	}
	found := make([]lease.Found, len(parts))
	for i, part := range parts {
		text, _ := part.(string)
		found[i] = lease.Found(text)
	}
	return found, nil
}

// FreeLease gives the lease back; see lease.Book.
func (s *Store) FreeLease(ctx context.Context, name string, t hotline.Token) error {
	_, err := s.run(ctx, "free the lease "+name, s.scripts.free, []string{s.key.lease + name}, int64(t))
	return err
}

// ReadLease tells who holds the lease; see lease.Book.
func (s *Store) ReadLease(ctx context.Context, name string) (lease.Lease, error) {
	got, err := s.run(ctx, "read the lease "+name, s.scripts.holder, []string{s.key.lease + name})
	if err != nil {
		return lease.Lease{}, err
	}
	if got == nil {
		return lease.Lease{}, hotline.Errorf(hotline.NotFound, "nobody ever held the lease %s", name)
	}
	parts, err := list("read the lease "+name, got, 3)
	if err != nil {
		return lease.Lease{}, err
	}
	return parseLease(name, parts)
}

// parseLease reads token, holder and the milliseconds left.
func parseLease(name string, parts []any) (lease.Lease, error) {
	l := lease.Lease{Name: name, Token: hotline.Token(number(parts[0])), Left: time.Duration(number(parts[2])) * time.Millisecond}
	text, _ := parts[1].(string)
	if text == "" { // known by a commit only
		return l, nil
	}
	h, err := lease.ParseHolder(text)
	l.Holder = h
	return l, err
}
