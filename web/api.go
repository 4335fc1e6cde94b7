package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const (
	prefix = "/api/v1"
	// longestBody is far above any body the API knows.
	longestBody = 64 << 10
	// longestReading is how long a body may take to arrive.
	longestReading = 5 * time.Second
)

// Description says how to use the API; it stands at the top of its document.
const description = `Every request but a few shows a token: "Authorization: Bearer <token>" (made with "hotline user token"). ` +
	`A refused request answers {code, message}: a code for the machine and one sentence for the person. ` +
	`Times are UTC (RFC 3339). Roles: viewer sees no names and no callers' numbers; supervisor also acts for agents; ` +
	`administrator also keeps people, phones, users and settings. ` +
	`GET /live sends server-sent events: "board" (the whole board, at most twice a second), "fact" (one thing that happened; ` +
	`its id can be sent back as Last-Event-ID), "reset" (facts were missed: read everything anew), "tick" (nothing happened, every two seconds).`

// newAPI makes the API on mux, without huma's own pages: their scripts come
// from foreign hosts.
func newAPI(mux *http.ServeMux, version string) huma.API {
	c := huma.DefaultConfig("12345 hotline", version)
	c.Info.Description = description
	c.Servers = []*huma.Server{{URL: prefix}}
	c.DocsPath, c.SchemasPath = "", ""
	c.CreateHooks = nil // no $schema links
	c.RejectUnknownQueryParameters = true
	c.Transformers = []huma.Transformer{plain}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer"},
		"session": {Type: "apiKey", In: "cookie", Name: cookieName},
	}
	return humago.NewWithPrefix(mux, prefix, c)
}

// describe gives huma's form of an operation.
func (s *Server) describe(o operation) huma.Operation {
	op := huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Summary: o.summary, Tags: []string{o.tag},
		MaxBodyBytes: longestBody, BodyReadTimeout: longestReading,
		Security: []map[string][]string{{"token": {}}, {"session": {}}},
		Responses: map[string]*huma.Response{"default": {
			Description: "Refused or failed",
			Content:     map[string]*huma.MediaType{"application/json": {Schema: s.faultSchema()}},
		}},
	}
	if o.roles == "*" {
		op.Security = []map[string][]string{{}}
	} else {
		op.Description = "For " + o.needs()
	}
	if o.pin() {
		op.Description += ", or the agent himself with his PIN"
		op.Security = append(op.Security, map[string][]string{})
	}
	return op
}

// add registers an operation: the visitor is found and admitted, then handle
// does the work.
func add[I, O any](s *Server, id string, handle func(ctx context.Context, v visitor, in *I) (*O, error)) {
	o := find(id)
	op := s.describe(o)
	op.Middlewares = huma.Middlewares{s.gate(o)}
	s.served = append(s.served, id)
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		v := visitorOf(ctx)
		if v.known() {
			ctx = s.asActor(ctx, "user:"+v.name)
		}
		out, err := handle(ctx, v, in)
		if err != nil {
			return nil, s.fault(ctx, id, err)
		}
		return out, nil
	})
}

type visitorKey struct{}

func visitorOf(ctx context.Context) visitor {
	v, _ := ctx.Value(visitorKey{}).(visitor)
	return v
}

// gate lets in whom the table lets in, before anything of the request is read.
func (s *Server) gate(o operation) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		note(w, o.id)
		if o.roles == "*" {
			next(ctx) // a stale cookie must not keep anybody from signing in
			return
		}
		v, err := s.visitor(r)
		if err == nil {
			err = o.admit(v)
		}
		if err != nil {
			refuse(w, s.fault(r.Context(), o.id, err))
			return
		}
		next(huma.WithValue(ctx, visitorKey{}, v))
	}
}

func (s *Server) faultSchema() *huma.Schema {
	return s.api.OpenAPI().Components.Schemas.Schema(faultType, true, "Fault")
}

// tidy takes what huma added out of the document again and makes its order
// the same each time.
func (s *Server) tidy() {
	doc := s.api.OpenAPI()
	for _, name := range []string{"ErrorModel", "ErrorDetail"} {
		delete(doc.Components.Schemas.Map(), name)
	}
	for _, schema := range doc.Components.Schemas.Map() {
		for _, field := range schema.Properties {
			sayPattern(field)
		}
	}
	for _, o := range operations {
		if o.path == "" {
			continue
		}
		for _, p := range at(doc.Paths[o.path], o.method).Parameters {
			sayPattern(p.Schema)
		}
		if o.tag != "" && !slices.ContainsFunc(doc.Tags, func(t *huma.Tag) bool { return t.Name == o.tag }) {
			doc.Tags = append(doc.Tags, &huma.Tag{Name: o.tag})
		}
	}
}

// sayPattern moves what huma calls a pattern's description, a word of its own,
// to where OpenAPI has a place for it. The sentence of a refusal was made
// before.
func sayPattern(s *huma.Schema) {
	if s != nil && s.PatternDescription != "" && s.Description == "" {
		s.Description = s.PatternDescription
	}
	if s != nil {
		s.PatternDescription = ""
	}
}

func at(item *huma.PathItem, method string) *huma.Operation {
	switch method {
	case http.MethodGet:
		return item.Get
	case http.MethodPut:
		return item.Put
	case http.MethodDelete:
		return item.Delete
	default:
		return item.Post
	}
}
