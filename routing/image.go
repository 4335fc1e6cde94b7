package routing

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"hotline"
)

// defaultAgeing is what one level of priority is worth in waiting time.
const defaultAgeing = 60 * time.Second

// Image is the board in memory, arranged so that matching is quick: callers by
// what they need, free agents by what they can, both in order and kept so with
// every change. It is not for several goroutines. Kinds of needs and of skills
// are kept once met; a city's settings bound their number.
type Image struct {
	ageing  hotline.Millis
	callers map[hotline.CallID]*caller
	agents  map[hotline.AgentID]*agent
	roster  []*agent // by id
	queues  map[hotline.QueueKey]*line
	needs   []*need
	classes []*class
	byNeeds map[string]*need
	byClass map[string]*class
	free    []*agent                  // the longest idle first, telephones on duty after all others
	apart   func(hotline.CallID) bool // of callers who cannot be offered to anybody now; nil: of none
	last    struct {                  // the highest that any place ever had
		seq   int64
		since hotline.Millis
	}
}

// caller is a place with its order: smaller rank first, then smaller Seq.
type caller struct {
	hotline.Place
	rank  hotline.Millis
	need  *need
	queue *line
	lined bool // stands in both lines
}

// agent is an agent with the class of all who can the same.
type agent struct {
	Agent
	class *class
	last  bool // a telephone on duty: rung when no agent at his desk can be
}

// line is waiting callers in order.
type line []*caller

// need is what some callers need, and those of them who wait.
type need struct {
	skills []hotline.Skill
	line   line
	fits   []bool // by class: its agents can serve
}

// class is a set of skills that some agents have exactly.
type class struct {
	skills []hotline.Skill
	index  int // in need.fits
}

// NewImage gives the image of an empty board. ageing is what one level of
// priority is worth in waiting time; 0 is 60 s.
func NewImage(ageing time.Duration) *Image {
	if ageing == 0 {
		ageing = defaultAgeing
	}
	return &Image{
		ageing: hotline.Millis(ageing.Milliseconds()), callers: map[hotline.CallID]*caller{}, agents: map[hotline.AgentID]*agent{},
		queues: map[hotline.QueueKey]*line{}, byNeeds: map[string]*need{}, byClass: map[string]*class{},
	}
}

// ImageOf gives the image of a board.
func ImageOf(s Snapshot, ageing time.Duration) *Image {
	m := NewImage(ageing)
	m.Fill(s)
	return m
}

// Fill puts everything of a board into the image.
func (m *Image) Fill(s Snapshot) {
	for _, p := range s.Places {
		m.Put(p)
	}
	for _, a := range s.Agents {
		m.PutAgent(a)
	}
}

// order is who comes first. A level of priority counts as much as having
// waited for ageing longer: so a caller of priority overtakes, but only those
// who have not waited that much longer than he. Since both parts of the rank
// never change, neither does the order, and nobody starves. The board gives
// Since and Seq in one step, so among equal priority the order is that of Seq.
func order(a, b *caller) int {
	return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Call, b.Call))
}

// idle is which agent comes first.
func idle(a, b *agent) int {
	if a.last != b.last {
		if a.last {
			return 1
		}
		return -1
	}
	return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.ID, b.ID))
}

// Put puts a place on the board, or in place of what is known of it.
func (m *Image) Put(p hotline.Place) {
	m.last.seq, m.last.since = max(m.last.seq, p.Seq), max(m.last.since, p.Since)
	c := &caller{Place: p, rank: p.Since - hotline.Millis(p.Priority)*m.ageing}
	if old := m.callers[p.Call]; old != nil {
		m.dequeue(old)
		if slices.Equal(old.Needs, p.Needs) {
			c.need = old.need
		}
	}
	if c.need == nil {
		c.need = m.needOf(p.Needs)
	}
	if c.queue = m.queues[p.Queue]; c.queue == nil {
		c.queue = &line{}
		m.queues[p.Queue] = c.queue
	}
	m.callers[p.Call] = c
	if c.lined = p.Offer == 0 && (m.apart == nil || !m.apart(p.Call)); c.lined {
		insert((*[]*caller)(&c.need.line), c, order)
		insert((*[]*caller)(c.queue), c, order)
	}
}

// Last gives the highest number and the latest moment that any place here ever had.
func (m *Image) Last() (seq int64, since hotline.Millis) { return m.last.seq, m.last.since }

// Remove takes the call's place off the board; none is fine.
func (m *Image) Remove(call hotline.CallID) {
	if c := m.callers[call]; c != nil {
		m.dequeue(c)
		delete(m.callers, call)
	}
}

func (m *Image) dequeue(c *caller) {
	if c.lined {
		remove((*[]*caller)(&c.need.line), c, order)
		remove((*[]*caller)(c.queue), c, order)
	}
}

// Place gives the call's place.
func (m *Image) Place(call hotline.CallID) (hotline.Place, bool) {
	if c := m.callers[call]; c != nil {
		return c.Place, true
	}
	return hotline.Place{}, false
}

// Places goes through all places in the order of their numbers.
func (m *Image) Places() iter.Seq[hotline.Place] {
	return func(yield func(hotline.Place) bool) {
		all := make([]*caller, 0, len(m.callers))
		for _, c := range m.callers {
			all = append(all, c)
		}
		slices.SortFunc(all, func(a, b *caller) int { return cmp.Compare(a.Seq, b.Seq) })
		for _, c := range all {
			if !yield(c.Place) {
				return
			}
		}
	}
}

// PutAgent puts an agent on the board, or in place of what is known of him.
func (m *Image) PutAgent(a Agent) {
	e := m.agents[a.ID]
	if e == nil {
		e = &agent{last: a.ID.OnDuty()}
		m.agents[a.ID] = e
		i, _ := slices.BinarySearchFunc(m.roster, a.ID, byID)
		m.roster = slices.Insert(m.roster, i, e)
	} else {
		m.engage(e)
	}
	if e.class == nil || !slices.Equal(e.Skills, a.Skills) {
		e.class = m.classOf(a.Skills)
	}
	e.Agent = a
	if a.State == Free {
		insert(&m.free, e, idle)
	}
}

// RemoveAgent takes an agent off the board; none is fine. Not while going
// through Agents.
func (m *Image) RemoveAgent(id hotline.AgentID) {
	e := m.agents[id]
	if e == nil {
		return
	}
	m.engage(e)
	delete(m.agents, id)
	i, _ := slices.BinarySearchFunc(m.roster, id, byID)
	m.roster = slices.Delete(m.roster, i, i+1)
}

// engage takes e out of the free agents, if he is one.
func (m *Image) engage(e *agent) {
	if e.State == Free {
		remove(&m.free, e, idle)
	}
}

// Agent gives the agent as he is known.
func (m *Image) Agent(id hotline.AgentID) (Agent, bool) {
	if e := m.agents[id]; e != nil {
		return e.Agent, true
	}
	return Agent{}, false
}

// Agents goes through all agents in the order of their ids.
func (m *Image) Agents() iter.Seq[Agent] {
	return func(yield func(Agent) bool) {
		for _, e := range m.roster {
			if !yield(e.Agent) {
				return
			}
		}
	}
}

// Waiting counts the callers of a queue who wait and are not being offered.
func (m *Image) Waiting(queue hotline.QueueKey) int {
	if l := m.queues[queue]; l != nil {
		return len(*l)
	}
	return 0
}

// LongestSince gives since when the one who waits longest in the queue has
// waited; false when nobody waits.
func (m *Image) LongestSince(queue hotline.QueueKey) (hotline.Millis, bool) {
	l := m.queues[queue]
	if l == nil || len(*l) == 0 {
		return 0, false
	}
	return slices.MinFunc(*l, func(a, b *caller) int { return cmp.Compare(a.Since, b.Since) }).Since, true
}

// Position counts the callers who stand before this one in its queue and are
// not being offered; 0 for the next, and for one who does not wait.
func (m *Image) Position(call hotline.CallID) int {
	c := m.callers[call]
	if c == nil || !c.lined {
		return 0
	}
	i, _ := slices.BinarySearchFunc(*c.queue, c, order)
	return i
}

// needOf finds those who need the same, or begins them.
func (m *Image) needOf(skills []hotline.Skill) *need {
	skills, key := canonical(skills)
	n := m.byNeeds[key]
	if n == nil {
		n = &need{skills: skills}
		for _, c := range m.classes {
			n.fits = append(n.fits, Agent{Skills: c.skills}.Can(skills))
		}
		m.byNeeds[key] = n
		m.needs = append(m.needs, n)
	}
	return n
}

// classOf finds those who can the same, or begins them.
func (m *Image) classOf(skills []hotline.Skill) *class {
	skills, key := canonical(skills)
	c := m.byClass[key]
	if c == nil {
		c = &class{skills: skills, index: len(m.classes)}
		for _, n := range m.needs {
			n.fits = append(n.fits, Agent{Skills: skills}.Can(n.skills))
		}
		m.byClass[key] = c
		m.classes = append(m.classes, c)
	}
	return c
}

// canonical gives the skills sorted, each once, and a key for them.
func canonical(skills []hotline.Skill) ([]hotline.Skill, string) {
	skills = slices.Clone(skills)
	slices.Sort(skills)
	skills = slices.Compact(skills)
	return skills, joined(skills, "\x00")
}

func joined(skills []hotline.Skill, between string) string {
	var b strings.Builder
	for i, s := range skills {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(string(s))
	}
	return b.String()
}

func byID(e *agent, id hotline.AgentID) int { return cmp.Compare(e.ID, id) }

func insert[T any](in *[]T, x T, order func(a, b T) int) {
	i, _ := slices.BinarySearchFunc(*in, x, order)
	*in = slices.Insert(*in, i, x)
}

func remove[T any](from *[]T, x T, order func(a, b T) int) {
	if i, ok := slices.BinarySearchFunc(*from, x, order); ok {
		*from = slices.Delete(*from, i, i+1)
	}
}

// Aged gives the same image under another ageing.
func (m *Image) Aged(ageing time.Duration) *Image {
	n := NewImage(ageing)
	n.apart, n.last = m.apart, m.last
	n.Fill(Snapshot{Places: slices.Collect(m.Places()), Agents: slices.Collect(m.Agents())})
	return n
}

// Apart says which callers keep their places and are matched with nobody, because
// the Asterisk they are on does not answer; nil: none are.
func (m *Image) Apart(of func(hotline.CallID) bool) {
	m.apart = of
	for _, p := range slices.Collect(m.Places()) {
		m.Put(p)
	}
}
