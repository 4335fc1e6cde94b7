package web

import (
	"context"

	"hotline"
)

// UserPath names a user as the audit does.
type UserPath struct {
	Name string `path:"name" pattern:"^[a-z0-9][a-z0-9._-]{0,31}$" patternDescription:"one to 32 small letters, digits, dots, - or _"`
}

// UserEntry is who may use the API.
type UserEntry struct {
	Name    string `json:"name"`
	Role    Role   `json:"role" enum:"viewer,supervisor,administrator"`
	Enabled bool   `json:"enabled"`
}

type usersOutput struct {
	Body struct {
		Users []UserEntry `json:"users"`
	}
}

type putUser struct {
	UserPath
	Body struct {
		Role    Role  `json:"role" enum:"viewer,supervisor,administrator"`
		Enabled *bool `json:"enabled,omitempty" doc:"Absent: true"`
	}
}

type tokenOutput struct {
	Status int
	Body   struct {
		Token string `json:"token" doc:"Shown this once; only its hash is kept"`
	}
}

type revokedOutput struct {
	Body struct {
		Revoked int `json:"revoked" doc:"How many were in force"`
	}
}

func (s *Server) addUsers() {
	add(s, "list-users", func(ctx context.Context, _ visitor, _ *struct{}) (*usersOutput, error) {
		list, err := s.o.Users.Users(ctx)
		if err != nil {
			return nil, err
		}
		out := &usersOutput{}
		out.Body.Users = make([]UserEntry, len(list))
		for i, u := range list {
			out.Body.Users[i] = UserEntry{Name: u.Name, Role: Role(u.Role), Enabled: u.Enabled}
		}
		return out, nil
	})
	add(s, "put-user", func(ctx context.Context, v visitor, in *putUser) (*struct{}, error) {
		enabled := in.Body.Enabled == nil || *in.Body.Enabled
		if in.Name == v.name && (in.Body.Role != v.role || !enabled) {
			return nil, hotline.Errorf(hotline.Conflict, "you cannot take away your own role; another administrator can")
		}
		return nil, s.o.Users.AddUser(ctx, User{Name: in.Name, Role: string(in.Body.Role), Enabled: enabled})
	})
	add(s, "new-token", func(ctx context.Context, _ visitor, in *UserPath) (*tokenOutput, error) {
		token, err := s.o.Users.NewToken(ctx, in.Name)
		out := &tokenOutput{Status: 201}
		out.Body.Token = token
		return out, err
	})
	add(s, "revoke-tokens", func(ctx context.Context, _ visitor, in *UserPath) (*revokedOutput, error) {
		n, err := s.o.Users.RevokeTokens(ctx, in.Name)
		out := &revokedOutput{}
		out.Body.Revoked = n
		return out, err
	})
}
