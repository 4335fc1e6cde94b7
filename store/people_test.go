package store

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"hotline"
)

func addAgent(t *testing.T, s *Store, id hotline.AgentID) {
	t.Helper()
	if err := s.AddAgent(t.Context(), Agent{ID: id, Name: "王", Skills: []hotline.Skill{"water"}, Enabled: true}); err != nil {
		t.Fatal(err)
	}
}

func TestAnAgentSignsInByPIN(t *testing.T) {
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		addAgent(t, s, "1001")
		if _, err := s.CheckPIN(ctx, "1001", ""); hotline.KindOf(err) != hotline.Forbidden {
			t.Errorf("without a PIN set: %v", err)
		}
		if err := s.SetPIN(ctx, "1001", "4711"); err != nil {
			t.Fatal(err)
		}
		want := Agent{ID: "1001", Name: "王", Skills: []hotline.Skill{"water"}, Enabled: true}
		if a, err := s.CheckPIN(ctx, "1001", "4711"); err != nil || !reflect.DeepEqual(a, want) {
			t.Errorf("the right PIN gives %+v, %v", a, err)
		}
		_, wrong := s.CheckPIN(ctx, "1001", "4712")
		_, nobody := s.CheckPIN(ctx, "2002", "4711")
		if hotline.KindOf(wrong) != hotline.Forbidden || wrong.Error() != nobody.Error() {
			t.Errorf("a wrong PIN says %v, a wrong number %v: want the same", wrong, nobody)
		}
		want.Enabled = false
		if err := s.AddAgent(ctx, want); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CheckPIN(ctx, "1001", "4711"); hotline.KindOf(err) != hotline.Forbidden {
			t.Errorf("a disabled agent: %v", err)
		}
		if list, err := s.Agents(ctx); err != nil || !reflect.DeepEqual(list, []Agent{want}) {
			t.Errorf("agents %+v, %v", list, err)
		}
	})
}

func TestFiveWrongPINsLockOut(t *testing.T) {
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		addAgent(t, s, "1001")
		if err := s.SetPIN(ctx, "1001", "4711"); err != nil {
			t.Fatal(err)
		}
		for range wrongPINs - 1 {
			_, _ = s.CheckPIN(ctx, "1001", "0000")
		}
		if _, err := s.CheckPIN(ctx, "1001", "4711"); err != nil {
			t.Errorf("the right PIN after four wrong ones: %v", err)
		}
		for range wrongPINs {
			if _, err := s.CheckPIN(ctx, "1001", "0000"); hotline.KindOf(err) != hotline.Forbidden {
				t.Error(err)
			}
		}
		if _, err := s.CheckPIN(ctx, "1001", "4711"); hotline.KindOf(err) != hotline.Unavailable || !errors.Is(err, ErrLocked) {
			t.Errorf("the right PIN after five wrong ones: %v, want to wait", err)
		}
		if err := s.SetPIN(ctx, "1001", "4711"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CheckPIN(ctx, "1001", "4711"); err != nil {
			t.Errorf("after a new PIN: %v", err)
		}
	})
}

func TestAPhoneKeepsADigestOnly(t *testing.T) {
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		if err := s.AddPhone(ctx, "8001", "Desk 1", "Circle Of Life"); err != nil {
			t.Fatal(err)
		}
		// md5("8001:hotline:Circle Of Life"), by md5sum.
		want := []Phone{{ID: "8001", Realm: "hotline", Digest: "8650169d0dd5412a2de6e4b3fac0c3a9", Display: "Desk 1"}}
		if list, err := s.Phones(ctx); err != nil || !reflect.DeepEqual(list, want) {
			t.Errorf("phones %+v, %v", list, err)
		}
		if err := s.RemovePhone(ctx, "8001"); err != nil {
			t.Error(err)
		}
		if err := s.RemovePhone(ctx, "8001"); hotline.KindOf(err) != hotline.NotFound {
			t.Errorf("removed twice: %v", err)
		}
		if a, b := NewPhonePassword(), NewPhonePassword(); a == b || len(a) < 20 {
			t.Errorf("passwords %q and %q", a, b)
		}
	})
}

func TestATokenIsShownOnceAndCanBeRevoked(t *testing.T) {
	engines(t, func(t *testing.T, s *Store) {
		ctx := As(t.Context(), "user:root")
		if _, err := s.NewToken(ctx, "chen"); hotline.KindOf(err) != hotline.NotFound {
			t.Errorf("a token for nobody: %v", err)
		}
		chen := User{Name: "chen", Role: "supervisor", Enabled: true}
		if err := s.AddUser(ctx, chen); err != nil {
			t.Fatal(err)
		}
		token, err := s.NewToken(ctx, "chen")
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if u, err := s.UserByToken(ctx, token); err != nil || u != chen {
				t.Errorf("the token gives %+v, %v", u, err)
			}
		}
		var kept string
		if err := s.read.NewRaw("SELECT hash FROM tokens WHERE used > 0").Scan(ctx, &kept); err != nil || strings.Contains(kept, token) {
			t.Errorf("kept: %q, %v", kept, err)
		}
		if n, err := s.RevokeTokens(ctx, "chen"); n != 1 || err != nil {
			t.Errorf("revoked %d, %v", n, err)
		}
		if _, err := s.UserByToken(ctx, token); hotline.KindOf(err) != hotline.Forbidden {
			t.Errorf("a revoked token: %v", err)
		}
		deeds, err := s.Audit(ctx, 10)
		if err != nil || len(deeds) != 3 || deeds[2].Actor != "user:root" || deeds[2].Verb != "user.add" || deeds[2].Object != "chen" {
			t.Errorf("audit %+v, %v", deeds, err)
		}
	})
}

func TestWhoIsSignedInWhere(t *testing.T) {
	engines(t, func(t *testing.T, s *Store) {
		ctx, at := t.Context(), time.Date(2026, 5, 1, 1, 0, 0, 0, time.UTC)
		addAgent(t, s, "1001")
		addAgent(t, s, "1002")
		if err := s.OpenSession(ctx, "9999", "8001", at); hotline.KindOf(err) != hotline.NotFound {
			t.Errorf("nobody signs in: %v", err)
		}
		step := func(err error, want ...Session) {
			t.Helper()
			list, err2 := s.OpenSessions(ctx)
			if err != nil || err2 != nil || len(list) != len(want) || (len(want) > 0 && !reflect.DeepEqual(list, want)) {
				t.Errorf("open sessions %+v (%v, %v), want %+v", list, err, err2, want)
			}
		}
		later := at.Add(time.Minute)
		step(s.OpenSession(ctx, "1001", "8001", at), Session{"1001", "8001", at, ""})
		step(s.PauseSession(ctx, "1001", "tea", later), Session{"1001", "8001", at, "tea"})
		step(s.PauseSession(ctx, "1001", "lunch", later.Add(time.Second)), Session{"1001", "8001", at, "lunch"})
		step(s.ResumeSession(ctx, "1001", later.Add(time.Hour)), Session{"1001", "8001", at, ""})
		step(s.OpenSession(ctx, "1002", "8001", later), Session{"1002", "8001", later, ""})
		step(s.OpenSession(ctx, "1002", "8002", later), Session{"1002", "8002", later, ""})
		step(s.CloseSession(ctx, "1002", "end of shift", later))
		step(s.CloseSession(ctx, "1002", "again", later))
		if err := s.PauseSession(ctx, "1002", "tea", later); hotline.KindOf(err) != hotline.NotFound {
			t.Errorf("paused without a session: %v", err)
		}
	})
}

func TestInputThatCannotBe(t *testing.T) {
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		addAgent(t, s, "1001")
		for story, err := range map[string]error{
			"a staff number of letters": s.AddAgent(ctx, Agent{ID: "wang"}),
			"a PIN of three digits":     s.SetPIN(ctx, "1001", "123"),
			"a PIN of letters":          s.SetPIN(ctx, "1001", "secret"),
			"a phone with a slash":      s.AddPhone(ctx, "80/01", "", "12345678"),
			"a short password":          s.AddPhone(ctx, "8001", "", "1234"),
			"a user without a role":     s.AddUser(ctx, User{Name: "chen"}),
			"an outcome without a call": s.WriteOutcomes(ctx, []hotline.Outcome{{Ticket: talk(0).Ticket}}),
		} {
			if hotline.KindOf(err) != hotline.Invalid {
				t.Errorf("%s: %v, want invalid", story, err)
			}
		}
		if err := s.SetPIN(ctx, "2002", "4711"); hotline.KindOf(err) != hotline.NotFound {
			t.Errorf("a PIN for nobody: %v", err)
		}
	})
}
