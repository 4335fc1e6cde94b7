package routing

import (
	"container/heap"

	"hotline"
)

// Parts of the reason of an offer: why this caller, why this agent.
const (
	whyLongest   = "longest-waiting"
	whyPriority  = "priority"
	whyIdle      = "longest-idle"
	whyOnlyFree  = "only free agent"
	whyOnlySkill = "only free agent with skill "
)

// Match says who should be offered to whom now; it changes nothing, so asking
// again gives the same. Callers come in their order (see order); each gets, of
// the free agents who have every skill he needs, the one idle longest; telephones
// on duty come after everybody who is at his desk. A caller
// nobody free can serve is passed over and holds up nobody else. The offers
// have no number and no moment yet.
//
// What makes it quick: callers who need the same stand in one line, and a line
// goes through the free agents once, whoever of it is served.
func (m *Image) Match() []hotline.Offer {
	if len(m.free) == 0 {
		return nil
	}
	taken := make([]bool, len(m.free))
	lines := m.open(taken)
	var offers []hotline.Offer
	for left := len(m.free); len(lines) > 0; left-- {
		l := &lines[0]
		c, a := l.need.line[l.next], m.free[l.agent]
		taken[l.agent] = true
		l.seek(m.free, taken)
		offers = append(offers, offer(c, a, left == 1, l.agent == len(m.free)))
		l.next++
		lines.settle(m.free, taken)
	}
	return offers
}

func offer(c *caller, a *agent, last, only bool) hotline.Offer {
	why := whyLongest
	if c.Priority > 0 {
		why = whyPriority
	}
	reason := hotline.Reason(why + ", " + whyIdle)
	switch {
	case last:
		reason = hotline.Reason(why + ", " + whyOnlyFree)
	case only:
		reason = hotline.Reason(why + ", " + whyOnlySkill + joined(c.need.skills, "+"))
	}
	return hotline.Offer{Call: c.Call, Queue: c.Queue, Agent: a.ID, Phone: a.Phone, Reason: reason}
}

// reach is a line during a matching: its head, and the first free agent who
// can serve it.
type reach struct {
	need  *need
	next  int // in the line
	agent int // in the free agents; all before are taken or cannot
}

// seek goes on to the first agent who is not taken and can serve the line; past
// the last when there is none.
func (l *reach) seek(free []*agent, taken []bool) {
	for l.agent < len(free) && (taken[l.agent] || !l.need.fits[free[l.agent].class.index]) {
		l.agent++
	}
}

// open gives the lines that somebody free can serve.
func (m *Image) open(taken []bool) lines {
	var ls lines
	for _, n := range m.needs {
		if len(n.line) == 0 {
			continue
		}
		l := reach{need: n}
		if l.seek(m.free, taken); l.agent < len(m.free) {
			ls = append(ls, l)
		}
	}
	heap.Init(&ls)
	return ls
}

// lines is a heap: on top is the line whose head comes first of all.
type lines []reach

// settle brings a line to the top that has a caller, and an agent for him.
func (h *lines) settle(free []*agent, taken []bool) {
	for len(*h) > 0 {
		l := &(*h)[0]
		if l.next == len(l.need.line) {
			heap.Pop(h)
			continue
		}
		heap.Fix(h, 0)
		l = &(*h)[0]
		if l.seek(free, taken); l.agent < len(free) {
			return
		}
		heap.Pop(h)
	}
}

// Len, Less, Swap, Push and Pop are what container/heap asks for.
func (h lines) Len() int { return len(h) }

// Less tells whose head comes first.
func (h lines) Less(i, j int) bool {
	return order(h[i].need.line[h[i].next], h[j].need.line[h[j].next]) < 0
}

// Swap swaps two lines.
func (h lines) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push is not used: lines only go.
func (h *lines) Push(x any) { *h = append(*h, x.(reach)) }

// Pop takes the last off.
func (h *lines) Pop() any {
	*h = (*h)[:len(*h)-1]
	return nil
}
