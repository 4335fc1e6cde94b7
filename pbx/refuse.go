package pbx

import (
	"context"
	"strconv"
	"strings"
	"time"

	"hotline"
	"hotline/pbx/ari"
)

// Global variables of the dialplan about callers who are not taken
// (extensions.conf, [full]).
const (
	varRefuse  = "HOTLINE_REFUSE"  // until then, in whole seconds, no new caller is taken
	varRefused = "HOTLINE_REFUSED" // so many were not taken since Asterisk started
)

// RefuseUntil has the dialplan take no new callers until then; the zero time ends
// that. It ends by itself: a controller that dies meanwhile leaves no closed door.
func (x *Exchange) RefuseUntil(ctx context.Context, until time.Time) error {
	return x.SetGlobal(ctx, varRefuse, strconv.FormatInt(max(until.Unix(), 0), 10))
}

// Refuse hands a caller who has just arrived to where the dialplan tells him that
// he cannot be taken now.
func (x *Exchange) Refuse(ctx context.Context, call hotline.CallID) error {
	return x.conn.Do(ctx, ari.Continue(string(call), "full", "s", 1))
}

// Refused is how many callers the dialplan has told so since Asterisk started.
// Two at the same instant may count as one.
func (x *Exchange) Refused(ctx context.Context) (int64, error) {
	v, err := ari.GetGlobal(ctx, x.conn, varRefused)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
	if err != nil {
		return 0, nil // nobody was yet
	}
	return n, nil
}
