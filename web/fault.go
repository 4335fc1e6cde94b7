package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"hotline"
)

// Fault is what every refused or failed request answers.
type Fault struct {
	Code    string   `json:"code" enum:"invalid,unauthenticated,forbidden,not_found,conflict,too_large,unavailable,internal" doc:"For the machine"`
	Message string   `json:"message" doc:"One sentence for the person"`
	Faults  []string `json:"faults,omitempty" doc:"Every fault, where there are several (a refused reload)"`

	status int
}

// Error gives the sentence.
func (f *Fault) Error() string { return f.Message }

// GetStatus gives the HTTP status; huma asks for it.
func (f *Fault) GetStatus() int { return f.status }

// unauthenticated is not one of the house's kinds: only this door knows it.
const unauthenticated = "unauthenticated"

func statusOf(k hotline.Kind) int {
	switch k {
	case hotline.Invalid:
		return http.StatusUnprocessableEntity
	case hotline.NotFound:
		return http.StatusNotFound
	case hotline.Conflict:
		return http.StatusConflict
	case hotline.Forbidden:
		return http.StatusForbidden
	case hotline.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// fault makes the answer from an error of the house. What is our own fault is
// logged, and the caller is told no more than that.
func (s *Server) fault(ctx context.Context, doing string, err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return &Fault{Code: string(hotline.Unavailable), Message: "the request was given up", status: http.StatusServiceUnavailable}
	}
	kind := hotline.KindOf(err)
	if kind == hotline.Internal {
		s.o.Log.ErrorContext(ctx, "a request failed", "doing", doing, "err", err)
		return &Fault{Code: string(kind), Message: "something went wrong on our side; it is in the log", status: statusOf(kind)}
	}
	return &Fault{Code: string(kind), Message: err.Error(), Faults: each(err), status: statusOf(kind)}
}

// each gives the sentences of joined errors, however deep they are wrapped;
// none when there is only one.
func each(err error) []string {
	for err != nil {
		if many, ok := err.(interface{ Unwrap() []error }); ok {
			var list []string
			for _, e := range many.Unwrap() {
				list = append(list, e.Error())
			}
			return list
		}
		err = errors.Unwrap(err)
	}
	return nil
}

func deny(status int, code, format string, args ...any) *Fault {
	return &Fault{Code: code, Message: fmt.Sprintf(format, args...), status: status}
}

// plain turns huma's own errors (input that does not fit the schema) into ours,
// so that there is one form of refusal.
func plain(ctx huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	ctx.SetHeader("Content-Type", "application/json")
	f := &Fault{Code: codeOf(e.Status), Message: e.Detail}
	var said []string
	for _, d := range e.Errors {
		if d == nil {
			continue
		}
		s := d.Message
		if d.Location != "" {
			s = d.Location + ": " + s
		}
		said = append(said, s)
	}
	switch {
	case len(said) > 0:
		f.Message = strings.Join(said, "; ")
	case e.Status == http.StatusRequestEntityTooLarge:
		f.Message = "the body is too long: at most 64 KiB"
	}
	return f, nil
}

func codeOf(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return unauthenticated
	case http.StatusForbidden:
		return string(hotline.Forbidden)
	case http.StatusNotFound:
		return string(hotline.NotFound)
	case http.StatusConflict:
		return string(hotline.Conflict)
	case http.StatusRequestEntityTooLarge:
		return "too_large"
	case http.StatusServiceUnavailable:
		return string(hotline.Unavailable)
	}
	if status >= http.StatusInternalServerError {
		return string(hotline.Internal)
	}
	return string(hotline.Invalid)
}

// refuse writes a fault outside of huma.
func refuse(w http.ResponseWriter, f *Fault) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(f) // the browser may be gone
}
