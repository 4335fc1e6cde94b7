package web

import (
	"context"
	"net/http"
	"strings"

	"hotline"
)

// cookieName holds the token of a browser's session. The cookie is HttpOnly
// and SameSite=Strict: scripts cannot read it, other sites cannot send it, and
// it outlives a restart of the controller, since the token itself is checked
// with every request.
const cookieName = "hotline_session"

// longestToken is well above what the store makes (about 50 characters).
const longestToken = 256

// visitor is who makes a request; the zero visitor has shown no token.
type visitor struct {
	name  string
	role  Role
	token string
}

// known tells whether a token was shown.
func (v visitor) known() bool { return v.name != "" }

// credentials finds the token: the header first, then the cookie.
func credentials(r *http.Request) (string, error) {
	if h := r.Header.Get("Authorization"); h != "" {
		scheme, token, ok := strings.Cut(h, " ")
		if !ok || !strings.EqualFold(scheme, "Bearer") {
			return "", deny(http.StatusUnauthorized, unauthenticated, "the Authorization header must read: Bearer, a space, and the token")
		}
		return strings.TrimSpace(token), nil
	}
	if c, err := r.Cookie(cookieName); err == nil {
		return c.Value, nil
	}
	return "", nil
}

// visitor finds out who makes the request. No token is no error.
func (s *Server) visitor(r *http.Request) (visitor, error) {
	token, err := credentials(r)
	if err != nil || token == "" {
		return visitor{}, err
	}
	return s.visitorByToken(r.Context(), token)
}

func (s *Server) visitorByToken(ctx context.Context, token string) (visitor, error) {
	if len(token) > longestToken {
		return visitor{}, badToken()
	}
	u, err := s.o.Users.UserByToken(ctx, token)
	switch {
	case hotline.KindOf(err) == hotline.Forbidden:
		return visitor{}, badToken()
	case err != nil:
		return visitor{}, s.fault(ctx, "who asks", err)
	}
	return visitor{name: u.Name, role: Role(u.Role), token: token}, nil
}

func badToken() error {
	return deny(http.StatusUnauthorized, unauthenticated, "the token is not in force: ask an administrator for a new one")
}

// admit tells whether the visitor may do the operation.
func (o operation) admit(v visitor) error {
	switch {
	case o.open():
		return nil
	case !v.known():
		return deny(http.StatusUnauthorized, unauthenticated, "this needs a token: send it in the header Authorization, after the word Bearer")
	case !v.role.Can(o.id):
		return deny(http.StatusForbidden, string(hotline.Forbidden), "the role %s may not do this (%s); it needs %s", v.role, o.id, o.needs())
	}
	return nil
}

// needs names the roles that may do the operation.
func (o operation) needs() string {
	var names []string
	for _, r := range Roles() {
		if r.Can(o.id) {
			names = append(names, string(r))
		}
	}
	return strings.Join(names, " or ")
}

// asActor marks what ctx does as done by actor, for the audit.
func (s *Server) asActor(ctx context.Context, actor string) context.Context {
	if s.o.As == nil {
		return ctx
	}
	return s.o.As(ctx, actor)
}
