package ari

import "sync"

// Mailbox holds the events of one owner, for example one call, in the order
// Asterisk sent them. It is used once: when it ends, the owner reads the state
// anew from Asterisk and goes on with another.
type Mailbox struct {
	mu   sync.Mutex
	box  chan *Event
	why  error
	held map[string]*Conn // the ids it is watching, and where
}

// NewMailbox makes a mailbox for at most size unread events. A call has about
// thirty events in its life, so 64 overflow only where its owner is stuck.
func NewMailbox(size int) *Mailbox {
	return &Mailbox{box: make(chan *Event, size), held: map[string]*Conn{}}
}

// Events is where events arrive. It is closed, after the last event, when no
// more will come; Err says why.
func (m *Mailbox) Events() <-chan *Event { return m.box }

// Err tells why no more events will come; nil while they still may.
func (m *Mailbox) Err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.why
}

// Release ends the mailbox and forgets all its ids. The owner calls it when it
// is done; a second call does nothing.
func (m *Mailbox) Release() { m.end(ErrClosed) }

// put hands over an event and reports whether the mailbox had room.
func (m *Mailbox) put(e *Event) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.why != nil {
		return true // it has ended already and its owner knows
	}
	select {
	case m.box <- e:
		return true
	default:
		return false
	}
}

// end closes the mailbox and takes its ids out of the maps. The map's lock is
// always taken before the mailbox's (Watch), so here one after the other.
func (m *Mailbox) end(why error) {
	m.mu.Lock()
	held := m.held
	if m.why == nil {
		m.why = why
		close(m.box)
	}
	m.held = nil
	m.mu.Unlock()
	for id, c := range held {
		c.forget(m, id)
	}
}

// Watch sends all events of these ids (channels, bridges, playbacks,
// recordings, endpoints as technology/resource) to the mailbox, instead of
// wherever they went before. Watch an id before sending the request that
// creates it: its first event may come before the answer. A mailbox or
// connection that has ended stays so.
func (c *Conn) Watch(m *Mailbox, ids ...string) {
	c.mu.Lock()
	over := c.owners == nil
	if !over {
		m.mu.Lock()
		for _, id := range ids {
			if m.why == nil {
				c.owners[id] = m
				m.held[id] = c
			}
		}
		m.mu.Unlock()
	}
	c.mu.Unlock()
	if over {
		m.end(c.why())
	}
}

// Unwatch forgets ids of the mailbox; their events go to the default handler.
func (c *Conn) Unwatch(m *Mailbox, ids ...string) {
	m.mu.Lock()
	for _, id := range ids {
		delete(m.held, id)
	}
	m.mu.Unlock()
	for _, id := range ids {
		c.forget(m, id)
	}
}

// forget takes an id out of the map unless it belongs to another by now.
func (c *Conn) forget(m *Mailbox, id string) {
	c.mu.Lock()
	if c.owners[id] == m {
		delete(c.owners, id)
	}
	c.mu.Unlock()
}

// owner finds the mailbox an event belongs to: that of its playback or
// recording, of its channel, of the channel it replaced, of what is played to
// or recorded, of its bridge, of its endpoint – the first that is watched.
func (c *Conn) owner(e *Event) *Mailbox {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, id := range [...]string{e.Playback.ID, e.Recording.Name, e.Channel.ID, e.Replaces,
		e.Playback.Target, e.Recording.Target, e.Bridge, e.Endpoint.ID()} {
		if id == "" {
			continue
		}
		if m := c.owners[id]; m != nil {
			return m
		}
	}
	return nil
}

// dispatch hands an event to its owner, or to the default handler.
func (c *Conn) dispatch(e *Event) {
	m := c.owner(e)
	switch {
	case m == nil:
		c.handle(c, e)
	case !m.put(e):
		m.end(ErrOverflow)
	}
}

// abandon ends every mailbox and refuses new ones.
func (c *Conn) abandon(why error) {
	c.mu.Lock()
	owners := c.owners
	c.owners = nil
	c.mu.Unlock()
	for _, m := range owners {
		m.end(why)
	}
}
