package web

import (
	"context"

	"hotline"
)

// Hotline is one of the former hotlines.
type Hotline struct {
	Key       hotline.HotlineKey `json:"key"`
	Name      string             `json:"name" example:"市自来水公司"`
	English   string             `json:"name_en,omitempty"`
	Successor string             `json:"successor,omitempty"`
	Queue     hotline.QueueKey   `json:"queue,omitempty"`
	Keys      string             `json:"keys,omitempty" doc:"The keys that lead to it, for example 2,1"`
}

// Queue is a queue of callers, one for each group of hotlines.
type Queue struct {
	Key  hotline.QueueKey `json:"key"`
	Name string           `json:"name"`
}

// Flow is a script of calls.
type Flow struct {
	Name    string `json:"name"`
	Hash    string `json:"hash,omitempty" doc:"Of all that was written"`
	Current bool   `json:"current" doc:"A call that arrives now is played by it"`
}

type hotlinesOutput struct {
	Body struct {
		Hotlines []Hotline `json:"hotlines"`
		Queues   []Queue   `json:"queues"`
	}
}

type flowsOutput struct {
	Body struct {
		Flows []Flow `json:"flows"`
	}
}

func (s *Server) addCity() {
	add(s, "hotlines", func(context.Context, visitor, *struct{}) (*hotlinesOutput, error) {
		out := &hotlinesOutput{}
		out.Body.Hotlines, out.Body.Queues = orEmpty(s.o.City.Hotlines()), orEmpty(s.o.City.Queues())
		return out, nil
	})
	add(s, "flows", func(context.Context, visitor, *struct{}) (*flowsOutput, error) {
		out := &flowsOutput{}
		out.Body.Flows = orEmpty(s.o.City.Flows(s.o.Now()))
		return out, nil
	})
	add(s, "reload", func(ctx context.Context, v visitor, _ *struct{}) (*struct{}, error) {
		if err := s.o.City.Reload(ctx); err != nil {
			s.o.Log.WarnContext(ctx, "the settings were not read anew", "user", v.name, "err", err)
			return nil, err
		}
		s.o.Log.InfoContext(ctx, "the settings were read anew", "user", v.name)
		return nil, nil
	})
}

// orEmpty makes JSON write [] and not null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
