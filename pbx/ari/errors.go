package ari

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// Why a connection or a mailbox ended. All are terminal: connect again, list
// what exists, compare and act – except after ErrReplaced and ErrUnauthorized,
// which mean that somebody else is in charge now.
var (
	// ErrReplaced: another connection took the application. This one would
	// still be obeyed by Asterisk, so it is closed at once.
	ErrReplaced = errors.New("ari: another controller took over the application")
	// ErrUnauthorized: Asterisk no longer (or never) knew this user and
	// password. A holder that was fenced by Take sees this.
	ErrUnauthorized = errors.New("ari: Asterisk refuses this ARI user (401); a newer controller may have taken over")
	// ErrLost: the event socket broke, or Asterisk did not answer a ping.
	ErrLost = errors.New("ari: the connection to Asterisk is lost")
	// ErrClosed: the owner closed the connection, released the mailbox, or
	// ended the context.
	ErrClosed = errors.New("ari: closed by its owner")
	// ErrOverflow: events came faster than the mailbox was read. Those that
	// came before the overflow can still be read, later ones are gone.
	ErrOverflow = errors.New("ari: the mailbox overflowed; read the state anew from Asterisk")
	// ErrDeaf: Asterisk answers, but sends no events: the socket came while an
	// older one of the application was put away, and Asterisk (22.10,
	// res/stasis/app.c, app_update) left the application without a listener.
	// Connect again.
	ErrDeaf = errors.New("ari: Asterisk accepted the connection but sends it no events")
	// ErrBusy: too many requests are under way on the socket.
	ErrBusy = errors.New("ari: too many requests are waiting for Asterisk")
	// ErrNoAnswer: Asterisk did not answer in time. The request may have been
	// carried out, or may still be.
	ErrNoAnswer = errors.New("ari: Asterisk did not answer in time")
	// ErrStale: a holder with a higher token controls this Asterisk.
	ErrStale = errors.New("ari: a newer controller holds this Asterisk")
)

// StatusError is Asterisk's refusal of a request.
type StatusError struct {
	Verb    string // which request, for example "channel.answer"
	Code    int    // HTTP status
	Message string // Asterisk's own words
}

// Error says which request was refused and how.
func (e *StatusError) Error() string {
	return fmt.Sprintf("ari: %s: %d %s", e.Verb, e.Code, e.Message)
}

// Unwrap lets errors.Is find ErrUnauthorized behind a 401.
func (e *StatusError) Unwrap() error {
	if e.Code == http.StatusUnauthorized {
		return ErrUnauthorized
	}
	return nil
}

// IsNotFound reports a 404: the channel, bridge, playback … does not exist
// (any more).
func IsNotFound(err error) bool { return hasCode(err, http.StatusNotFound) }

// IsConflict reports a 409 (or 412): the id exists already, the channel is not
// in a Stasis application, it is being recorded, or it is in the wrong state.
func IsConflict(err error) bool {
	return hasCode(err, http.StatusConflict, http.StatusPreconditionFailed)
}

// IsInvalid reports a 400 or 422: a parameter makes no sense now, for example
// a channel that is to leave a bridge it is not in.
func IsInvalid(err error) bool {
	return hasCode(err, http.StatusBadRequest, http.StatusUnprocessableEntity)
}

// IsFailed reports a 500. Asterisk says "Allocation failed" for many things:
// of an originate it usually means that the endpoint is not registered.
func IsFailed(err error) bool { return hasCode(err, http.StatusInternalServerError) }

func hasCode(err error, codes ...int) bool {
	var e *StatusError
	return errors.As(err, &e) && slices.Contains(codes, e.Code)
}
