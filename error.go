package hotline

import (
	"errors"
	"fmt"
)

// Kind is a code of what went wrong, for the machine; there are few.
type Kind string

// The kinds of error.
const (
	Invalid     Kind = "invalid"     // the input is wrong; the sentence says what would be right
	NotFound    Kind = "not_found"   // there is no such thing
	Conflict    Kind = "conflict"    // it is already otherwise; look again
	Forbidden   Kind = "forbidden"   // not with this role, or the lease is lost
	Unavailable Kind = "unavailable" // a part we need is away; try again
	Internal    Kind = "internal"    // our fault
)

// Error is a kind for the machine and a sentence for the person; the cause, if
// any, is wrapped.
type Error struct {
	Kind Kind
	err  error
}

// Error gives the sentence.
func (e *Error) Error() string { return e.err.Error() }

// Unwrap gives what the sentence was made from, so that errors.Is and
// errors.As see the cause.
func (e *Error) Unwrap() error { return e.err }

// Errorf makes an error of kind k; format and %w work as with fmt.Errorf.
func Errorf(k Kind, format string, args ...any) error {
	return &Error{Kind: k, err: fmt.Errorf(format, args...)}
}

// KindOf gives err's kind; an error of no kind is Internal, nil is "".
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}
