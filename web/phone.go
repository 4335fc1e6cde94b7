package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"slices"

	"hotline"
	"hotline/routing"
)

// Account is a telephone's account.
type Account struct {
	ID      hotline.PhoneID `json:"id"`
	Display string          `json:"display,omitempty"`
	State   string          `json:"state,omitempty" enum:"online,offline" doc:"Whether it is registered; absent when nobody knows"`
	Agent   hotline.AgentID `json:"agent,omitempty" doc:"Who is signed in at it"`
}

type accountsOutput struct {
	Body struct {
		Phones []Account `json:"phones"`
	}
}

type addPhone struct {
	Body struct {
		ID      hotline.PhoneID `json:"id" pattern:"^[A-Za-z0-9_-]{1,32}$" patternDescription:"one to 32 letters, digits, - or _, such as 8001"`
		Display string          `json:"display,omitempty" maxLength:"64" pattern:"^[^\\x00-\\x1f\\x7f\"<>]*$" patternDescription:"a name without quotation marks, angle brackets and control characters"`
	}
}

type newPhone struct {
	Status int
	Body   struct {
		ID       hotline.PhoneID `json:"id"`
		Password string          `json:"password" doc:"Shown this once; only a digest is kept"`
	}
}

type phonePath struct {
	ID hotline.PhoneID `path:"id" pattern:"^[A-Za-z0-9_-]{1,32}$" patternDescription:"a phone's name, such as 8001"`
}

func (s *Server) addPhones() {
	add(s, "list-phones", s.listPhones)
	add(s, "add-phone", func(ctx context.Context, _ visitor, in *addPhone) (*newPhone, error) {
		out := &newPhone{Status: 201}
		out.Body.ID, out.Body.Password = in.Body.ID, rand.Text() // 130 bits
		return out, s.o.Phones.AddPhone(ctx, in.Body.ID, in.Body.Display, out.Body.Password)
	})
	add(s, "remove-phone", func(ctx context.Context, _ visitor, in *phonePath) (*struct{}, error) {
		at, err := s.signedIn(ctx)
		if err != nil {
			return nil, err
		}
		if a, ok := at[in.ID]; ok {
			return nil, hotline.Errorf(hotline.Conflict, "agent %s is signed in at phone %s; he must sign out first", a, in.ID)
		}
		return nil, s.o.Phones.RemovePhone(ctx, in.ID)
	})
}

// signedIn gives who is signed in at which phone.
func (s *Server) signedIn(ctx context.Context) (map[hotline.PhoneID]hotline.AgentID, error) {
	view, err := s.o.Board.View(ctx)
	if err != nil {
		return nil, err
	}
	at := map[hotline.PhoneID]hotline.AgentID{}
	for _, a := range view.Agents {
		if a.State != routing.Offline {
			at[a.Phone] = a.ID
		}
	}
	return at, nil
}

func (s *Server) listPhones(ctx context.Context, v visitor, _ *struct{}) (*accountsOutput, error) {
	list, err := s.o.Phones.Phones(ctx)
	if err != nil {
		return nil, err
	}
	at, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	out := &accountsOutput{}
	out.Body.Phones = make([]Account, len(list))
	for i, p := range list {
		out.Body.Phones[i] = Account{ID: p.ID, State: p.State, Agent: at[p.ID]}
		if v.role.Can("see-names") {
			out.Body.Phones[i].Display = p.Display
		}
	}
	slices.SortFunc(out.Body.Phones, func(a, b Account) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}
