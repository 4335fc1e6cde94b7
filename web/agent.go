package web

import (
	"context"
	"net/http"
	"slices"

	"hotline"
	"hotline/routing"
)

// Person is an agent with what he does now.
type Person struct {
	ID      hotline.AgentID `json:"id" doc:"Staff number"`
	Name    string          `json:"name,omitempty" doc:"For those who may see names"`
	Skills  []hotline.Skill `json:"skills"`
	Enabled bool            `json:"enabled"`
	State   routing.State   `json:"state" enum:"offline,free,offered,talking,wrap-up,paused"`
	Phone   hotline.PhoneID `json:"phone,omitempty"`
	Can     []routing.Verb  `json:"can" doc:"What can happen to him in this state"`
}

type peopleOutput struct {
	Body struct {
		Agents []Person `json:"agents"`
	}
}

// AgentPath names the agent in a path.
type AgentPath struct {
	ID hotline.AgentID `path:"id" pattern:"^[0-9]{1,8}$" patternDescription:"one to eight digits, such as 1001"`
}

type putAgent struct {
	AgentPath
	Body struct {
		Name    string          `json:"name" minLength:"1" maxLength:"64"`
		Skills  []hotline.Skill `json:"skills" maxItems:"64" maxLength:"64" required:"false"`
		Enabled *bool           `json:"enabled,omitempty" doc:"Absent: true. One who is disabled is signed out"`
	}
}

type setPIN struct {
	AgentPath
	Body struct {
		PIN string `json:"pin" pattern:"^[0-9]{4,12}$" patternDescription:"four to twelve digits"`
	}
}

// Proof is the agent's own PIN, in place of a token.
type Proof struct {
	PIN string `json:"pin,omitempty" maxLength:"12" doc:"The agent's own; instead of a token"`
}

type atPhone struct {
	AgentPath
	Body struct {
		Proof
		Phone hotline.PhoneID `json:"phone" pattern:"^[A-Za-z0-9_-]{1,32}$" patternDescription:"a phone's name, such as 8001"`
	}
}

type pause struct {
	AgentPath
	Body struct {
		Proof
		Reason hotline.Reason `json:"reason" pattern:"^[a-z0-9-]{1,32}$" patternDescription:"one word of small letters, such as break"`
	}
}

type agentDo struct {
	AgentPath
	Body *Proof `required:"false"`
}

func (s *Server) addAgents() {
	add(s, "list-agents", s.listAgents)
	add(s, "put-agent", s.putAgent)
	add(s, "set-pin", func(ctx context.Context, _ visitor, in *setPIN) (*struct{}, error) {
		return nil, s.o.People.SetPIN(ctx, in.ID, in.Body.PIN)
	})
	add(s, "agent-sign-in", s.signIn)
	add(s, "agent-sign-out", func(ctx context.Context, v visitor, in *agentDo) (*struct{}, error) {
		ctx, err := s.mayAct(ctx, v, "agent-sign-out", in.ID, in.pin())
		if err != nil {
			return nil, err
		}
		return nil, s.o.Desk.SignOut(ctx, in.ID)
	})
	add(s, "agent-pause", func(ctx context.Context, v visitor, in *pause) (*struct{}, error) {
		ctx, err := s.mayAct(ctx, v, "agent-pause", in.ID, in.Body.PIN)
		if err != nil {
			return nil, err
		}
		return nil, s.o.Desk.Pause(ctx, in.ID, in.Body.Reason)
	})
	s.addRecording("agent-recording-pause", false)
	s.addRecording("agent-recording-resume", true)
	add(s, "agent-ready", func(ctx context.Context, v visitor, in *agentDo) (*struct{}, error) {
		ctx, err := s.mayAct(ctx, v, "agent-ready", in.ID, in.pin())
		if err != nil {
			return nil, err
		}
		return nil, s.o.Desk.Ready(ctx, in.ID)
	})
}

// addRecording adds the verb that pauses a recording, or has it go on.
func (s *Server) addRecording(id string, on bool) {
	add(s, id, func(ctx context.Context, v visitor, in *agentDo) (*struct{}, error) {
		ctx, err := s.mayAct(ctx, v, id, in.ID, in.pin())
		if err != nil {
			return nil, err
		}
		return nil, s.o.Desk.Record(ctx, in.ID, on)
	})
}

func (a *agentDo) pin() string {
	if a.Body == nil {
		return ""
	}
	return a.Body.PIN
}

// mayAct lets an agent act by his PIN, or a user whose role may act for him.
func (s *Server) mayAct(ctx context.Context, v visitor, id string, agent hotline.AgentID, pin string) (context.Context, error) {
	if pin != "" {
		if _, err := s.o.People.CheckPIN(ctx, agent, pin); err != nil {
			return ctx, err
		}
		return s.asActor(ctx, "agent:"+string(agent)), nil
	}
	o := find(id)
	switch {
	case !v.known():
		return ctx, deny(http.StatusUnauthorized, unauthenticated, "this needs the agent's pin in the body, or the token of a %s", o.needs())
	case !v.role.Can(id):
		return ctx, deny(http.StatusForbidden, string(hotline.Forbidden), "the role %s may not act for an agent; it needs %s, or the agent's own pin", v.role, o.needs())
	}
	return ctx, nil
}

func (s *Server) signIn(ctx context.Context, v visitor, in *atPhone) (*struct{}, error) {
	ctx, err := s.mayAct(ctx, v, "agent-sign-in", in.ID, in.Body.PIN)
	if err != nil {
		return nil, err
	}
	a, err := s.agent(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !a.Enabled {
		return nil, hotline.Errorf(hotline.Conflict, "agent %s is disabled; an administrator can enable him", a.ID)
	}
	phones, err := s.o.Phones.Phones(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(phones, func(p Phone) bool { return p.ID == in.Body.Phone }) {
		return nil, hotline.Errorf(hotline.NotFound, "there is no phone %s: add its account first", in.Body.Phone)
	}
	return nil, s.o.Desk.SignIn(ctx, a.ID, in.Body.Phone, a.Skills)
}

func (s *Server) agent(ctx context.Context, id hotline.AgentID) (Agent, error) {
	list, err := s.o.People.Agents(ctx)
	if err != nil {
		return Agent{}, err
	}
	i := slices.IndexFunc(list, func(a Agent) bool { return a.ID == id })
	if i < 0 {
		return Agent{}, hotline.Errorf(hotline.NotFound, "there is no agent %s", id)
	}
	return list[i], nil
}

func (s *Server) listAgents(ctx context.Context, v visitor, _ *struct{}) (*peopleOutput, error) {
	list, err := s.o.People.Agents(ctx)
	if err != nil {
		return nil, err
	}
	view, err := s.o.Board.View(ctx)
	if err != nil {
		return nil, err
	}
	on := map[hotline.AgentID]routing.Agent{}
	for _, a := range view.Agents {
		on[a.ID] = a
	}
	out := &peopleOutput{}
	out.Body.Agents = make([]Person, len(list))
	for i, a := range list {
		p := Person{ID: a.ID, Skills: orEmpty(a.Skills), Enabled: a.Enabled, State: routing.Offline}
		if v.role.Can("see-names") {
			p.Name = a.Name
		}
		if b, ok := on[a.ID]; ok {
			p.State, p.Phone = b.State, b.Phone
		}
		p.Can = p.State.Verbs()
		out.Body.Agents[i] = p
	}
	return out, nil
}

// putAgent adds or changes a person. One who is disabled is signed out as well.
func (s *Server) putAgent(ctx context.Context, _ visitor, in *putAgent) (*struct{}, error) {
	a := Agent{ID: in.ID, Name: in.Body.Name, Skills: in.Body.Skills, Enabled: in.Body.Enabled == nil || *in.Body.Enabled}
	if err := s.o.People.AddAgent(ctx, a); err != nil {
		return nil, err
	}
	s.names.forget()
	if a.Enabled {
		return nil, nil
	}
	if err := s.o.Desk.SignOut(ctx, a.ID); err != nil && hotline.KindOf(err) != hotline.NotFound {
		return nil, err
	}
	return nil, nil
}
