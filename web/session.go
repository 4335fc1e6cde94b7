package web

import (
	"context"
	"net/http"
	"time"
)

// sessionLife is how long a browser keeps the cookie: a shift and a bit.
const sessionLife = 12 * time.Hour

// Me is who asks, and what he may do.
type Me struct {
	Name string   `json:"name"`
	Role Role     `json:"role" enum:"viewer,supervisor,administrator"`
	May  []string `json:"may" doc:"Operations and rights, as in the list of operations"`
}

type meOutput struct{ Body Me }

type signIn struct {
	Body struct {
		Token string `json:"token" minLength:"1" maxLength:"256" doc:"As made with hotline user token"`
	}
}

type sessionOutput struct {
	Cookie http.Cookie `header:"Set-Cookie"`
	Body   Me
}

type signedOff struct {
	Cookie http.Cookie `header:"Set-Cookie"`
}

func (s *Server) addSession() {
	add(s, "sign-in", func(ctx context.Context, _ visitor, in *signIn) (*sessionOutput, error) {
		v, err := s.visitorByToken(ctx, in.Body.Token)
		if err != nil {
			return nil, err
		}
		return &sessionOutput{Cookie: s.cookie(v.token, int(sessionLife.Seconds())), Body: me(v)}, nil
	})
	add(s, "sign-off", func(context.Context, visitor, *struct{}) (*signedOff, error) {
		return &signedOff{Cookie: s.cookie("", -1)}, nil
	})
	add(s, "me", func(_ context.Context, v visitor, _ *struct{}) (*meOutput, error) {
		return &meOutput{Body: me(v)}, nil
	})
}

func me(v visitor) Me { return Me{Name: v.name, Role: v.role, May: v.role.Operations()} }

func (s *Server) cookie(token string, age int) http.Cookie {
	return http.Cookie{
		Name: cookieName, Value: token, Path: "/", MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.o.SecureCookie,
	}
}
