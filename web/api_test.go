package web_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"hotline"
	"hotline/web"
)

// fault is a refusal as programs read it.
type fault struct {
	Code    string
	Message string
	Faults  []string
}

// TestWrongRequestsAreRefusedInOneSentence sends what must not be granted.
func TestWrongRequestsAreRefusedInOneSentence(t *testing.T) {
	h := open(t)
	viewer, supervisor, admin := h.token(web.Viewer), h.token(web.Supervisor), h.token(web.Administrator)
	must(t, h.store.AddUser(t.Context(), storeUser("odd", "janitor")))
	odd, err := h.store.NewToken(t.Context(), "odd")
	must(t, err)
	for _, c := range []struct {
		name, token, method, path, body string
		status                          int
		code, says                      string
	}{
		{"no token", "", "GET", "/api/v1/board", "", 401, "unauthenticated", "needs a token"},
		{"a wrong token", "hl_nonsense", "GET", "/api/v1/board", "", 401, "unauthenticated", "not in force"},
		{"a token of a megabyte is not looked up", strings.Repeat("x", 2000), "GET", "/api/v1/board", "", 401, "unauthenticated", "not in force"},
		{"a role nobody knows may nothing", odd, "GET", "/api/v1/board", "", 403, "forbidden", "janitor"},
		{"a viewer acts for an agent", viewer, "POST", "/api/v1/agents/1001/sign-in", `{"phone":"8001"}`, 403, "forbidden", "supervisor or administrator"},
		{"a supervisor adds a phone", supervisor, "POST", "/api/v1/phones", `{"id":"8009"}`, 403, "forbidden", "administrator"},
		{"a supervisor makes a token", supervisor, "POST", "/api/v1/users/chen/tokens", "", 403, "forbidden", "administrator"},
		{"a supervisor reloads", supervisor, "POST", "/api/v1/reload", "", 403, "forbidden", "administrator"},
		{"a viewer lists users", viewer, "GET", "/api/v1/users", "", 403, "forbidden", "administrator"},
		{"unknown field", admin, "POST", "/api/v1/phones", `{"id":"8009","secret":"x"}`, 422, "invalid", "unexpected property"},
		{"wrong type", admin, "POST", "/api/v1/phones", `{"id":8009}`, 422, "invalid", "expected string"},
		{"not JSON", admin, "POST", "/api/v1/phones", `{"id":`, 400, "invalid", ""},
		{"no body", admin, "POST", "/api/v1/phones", "", 400, "invalid", "body"},
		{"missing field", admin, "POST", "/api/v1/phones", `{}`, 422, "invalid", "id"},
		{"a body without end", admin, "POST", "/api/v1/phones", `{"id":"` + strings.Repeat("8", 100_000) + `"}`, 413, "too_large", "64 KiB"},
		{"a phone's name too long", admin, "POST", "/api/v1/phones", `{"id":"` + strings.Repeat("8", 33) + `"}`, 422, "invalid", "32"},
		{"a phone's name with a line break", admin, "POST", "/api/v1/phones", `{"id":"8009\r\nX: 1"}`, 422, "invalid", "32"},
		{"a display with a line break", admin, "POST", "/api/v1/phones", `{"id":"8009","display":"x\r\nFrom: <sip:1>"}`, 422, "invalid", "control characters"},
		{"a line break in the path", supervisor, "POST", "/api/v1/agents/1001%0d%0aX/ready", "", 422, "invalid", "digits"},
		{"a staff number of letters", admin, "PUT", "/api/v1/agents/abc", `{"name":"x","enabled":true}`, 422, "invalid", "digits"},
		{"a name too long", admin, "PUT", "/api/v1/agents/1009", `{"name":"` + strings.Repeat("长", 65) + `"}`, 422, "invalid", "64"},
		{"a PIN of letters", admin, "PUT", "/api/v1/agents/1001/pin", `{"pin":"abcd"}`, 422, "invalid", "digits"},
		{"a PIN for nobody", admin, "PUT", "/api/v1/agents/1999/pin", `{"pin":"123456"}`, 404, "not_found", "1999"},
		{"a role nobody has", admin, "PUT", "/api/v1/users/chen", `{"role":"king"}`, 422, "invalid", "viewer"},
		{"my own role away", admin, "PUT", "/api/v1/users/u-administrator", `{"role":"viewer"}`, 409, "conflict", "own role"},
		{"a token for nobody", admin, "POST", "/api/v1/users/nobody/tokens", "", 404, "not_found", "nobody"},
		{"an unknown phone", supervisor, "POST", "/api/v1/agents/1001/sign-in", `{"phone":"8888"}`, 404, "not_found", "8888"},
		{"an unknown agent", supervisor, "POST", "/api/v1/agents/1999/sign-in", `{"phone":"8001"}`, 404, "not_found", "1999"},
		{"a disabled agent", supervisor, "POST", "/api/v1/agents/1003/sign-in", `{"phone":"8001"}`, 409, "conflict", "disabled"},
		{"pause without a reason", supervisor, "POST", "/api/v1/agents/1001/pause", `{}`, 422, "invalid", "reason"},
		{"pause of one who is not there", supervisor, "POST", "/api/v1/agents/1001/pause", `{"reason":"break"}`, 404, "not_found", "not signed in"},
		{"a recording of one who is not there", supervisor, "POST", "/api/v1/agents/1001/recording/pause", "", 404, "not_found", "not signed in"},
		{"a recording by nobody", "", "POST", "/api/v1/agents/1001/recording/pause", "", 401, "unauthenticated", "pin"},
		{"a recording by a viewer", viewer, "POST", "/api/v1/agents/1001/recording/resume", "", 403, "forbidden", "supervisor or administrator"},
		{"a recording by another's PIN", "", "POST", "/api/v1/agents/1002/recording/pause", `{"pin":"` + pin1001 + `"}`, 403, "forbidden", "PIN is wrong"},
		{"no PIN and no token", "", "POST", "/api/v1/agents/1001/sign-in", `{"phone":"8001"}`, 401, "unauthenticated", "pin"},
		{"a wrong PIN", "", "POST", "/api/v1/agents/1001/sign-in", `{"phone":"8001","pin":"000000"}`, 403, "forbidden", "PIN is wrong"},
		{"another agent's PIN", "", "POST", "/api/v1/agents/1002/sign-in", `{"phone":"8001","pin":"` + pin1001 + `"}`, 403, "forbidden", "PIN is wrong"},
		{"a ticket's number that is none", viewer, "GET", "/api/v1/tickets/CZ123", "", 422, "invalid", "14"},
		{"too many tickets", viewer, "GET", "/api/v1/tickets?limit=100000", "", 422, "invalid", "1000"},
		{"an end nobody knows", viewer, "GET", "/api/v1/tickets?end=eaten", "", 422, "invalid", "answered"},
		{"an unknown parameter", viewer, "GET", "/api/v1/tickets?queue=water", "", 422, "invalid", "queue"},
		{"no such operation", viewer, "GET", "/api/v1/secrets", "", 404, "not_found", "openapi.json"},
		{"the wrong method", viewer, "PATCH", "/api/v1/board", "", 404, "not_found", "PATCH"},
		{"a last event that is none", viewer, "GET", "/api/v1/tickets/" + strings.Repeat("9", 50), "", 422, "invalid", "40"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body := h.ask(c.token, c.method, c.path, c.body)
			var f fault
			if err := decode(body, &f); err != nil {
				t.Fatalf("%d %s: %v", status, body, err)
			}
			if status != c.status || f.Code != c.code || !strings.Contains(f.Message, c.says) {
				t.Errorf("answered %d %s, want %d %s with %q", status, body, c.status, c.code, c.says)
			}
		})
	}
	if strings.Contains(h.log.String(), viewer) || strings.Contains(h.log.String(), pin1001) {
		t.Error("a token or a PIN stands in the log")
	}
}

// TestARequestFromAnotherSiteIsRefused: a browser sends the cookie of a page
// that is open elsewhere in the same browser; SameSite keeps it back, and so do
// we.
func TestARequestFromAnotherSiteIsRefused(t *testing.T) {
	h := open(t)
	token := h.token(web.Administrator)
	for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "http://elsewhere.invalid"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.http.URL+"/api/v1/users/u-administrator/tokens", nil)
		must(t, err)
		req.AddCookie(&http.Cookie{Name: "hotline_session", Value: token})
		req.Header.Set(header, value)
		res, err := h.http.Client().Do(req)
		must(t, err)
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("with %s: %s the answer is %d, want 403", header, value, res.StatusCode)
		}
	}
}

// TestASessionIsACookieThatScriptsCannotRead posts the token and works with
// what comes back.
func TestASessionIsACookieThatScriptsCannotRead(t *testing.T) {
	h := open(t)
	token := h.token(web.Supervisor)
	res, err := h.http.Client().Post(h.http.URL+"/api/v1/session", "application/json", strings.NewReader(`{"token":"`+token+`"}`))
	must(t, err)
	res.Body.Close()
	if res.StatusCode != http.StatusOK || len(res.Cookies()) != 1 {
		t.Fatalf("signing in answered %d with %d cookies", res.StatusCode, len(res.Cookies()))
	}
	c := res.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.MaxAge <= 0 {
		t.Errorf("the cookie is %q", c.Raw)
	}
	me := func() int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.http.URL+"/api/v1/me", nil)
		must(t, err)
		req.AddCookie(c)
		res, err := h.http.Client().Do(req)
		must(t, err)
		res.Body.Close()
		return res.StatusCode
	}
	if got := me(); got != http.StatusOK {
		t.Errorf("with the cookie /me answers %d", got)
	}
	_, err = h.store.RevokeTokens(t.Context(), "u-supervisor")
	must(t, err)
	if got := me(); got != http.StatusUnauthorized {
		t.Errorf("after the token was revoked /me answers %d, want 401", got)
	}
	if status, _ := h.ask("", http.MethodPost, "/api/v1/session", `{"token":"nonsense"}`); status != http.StatusUnauthorized {
		t.Errorf("a wrong token begins a session: %d", status)
	}
}

// TestAShiftOnTheAPI: agents sign in, pause, and are seen on the board.
func TestAShiftOnTheAPI(t *testing.T) {
	h := open(t)
	viewer, supervisor := h.token(web.Viewer), h.token(web.Supervisor)
	h.do("", "POST", "/api/v1/agents/1001/sign-in", `{"phone":"8001","pin":"`+pin1001+`"}`)
	h.do(supervisor, "POST", "/api/v1/agents/1002/sign-in", `{"phone":"8002"}`)
	h.do(supervisor, "POST", "/api/v1/agents/1002/pause", `{"reason":"lunch"}`)
	h.joins("a.1", "water", "gas") // nobody can gas
	h.joins("a.2", "water", "water")

	var seen, masked web.Wall
	h.get(supervisor, "/api/v1/board", &seen)
	h.get(viewer, "/api/v1/board", &masked)
	if q := seen.Queues[0]; q.Key != "water" || q.Name != "供水" || q.Waiting != 2 || q.Ringing != 1 || q.Since.IsZero() {
		t.Errorf("the queue is %+v", q)
	}
	if len(seen.Agents) != 2 || seen.Agents[0].State != routingOffered || seen.Agents[0].Phone != "8001" || seen.Agents[0].Name != "陈静" {
		t.Fatalf("the agents are %+v", seen.Agents)
	}
	if a := seen.Agents[1]; a.State != "paused" || a.Reason != "lunch" || a.Since.IsZero() {
		t.Errorf("1002 is %+v", a)
	}
	if masked.Agents[0].Name != "" || masked.Agents[0].ID != "1001" {
		t.Errorf("a viewer sees %+v", masked.Agents[0])
	}
	if status, body := h.ask(supervisor, "POST", "/api/v1/agents/1002/sign-in", `{"phone":"8001"}`); status != http.StatusConflict {
		t.Errorf("two agents at one phone: %d %s", status, body)
	}
	h.do(supervisor, "POST", "/api/v1/agents/1002/ready", "")
	h.do(supervisor, "POST", "/api/v1/agents/1002/sign-out", "")
	var list struct{ Agents []web.Person }
	h.get(viewer, "/api/v1/agents", &list)
	if len(list.Agents) != 3 || list.Agents[1].State != "offline" || list.Agents[0].Name != "" {
		t.Errorf("the list is %+v", list.Agents)
	}
}

// TestAdministration: people, phones, users and tokens.
func TestAdministration(t *testing.T) {
	h := open(t)
	admin := h.token(web.Administrator)
	var phone struct{ ID, Password string }
	must(t, decode(h.do(admin, "POST", "/api/v1/phones", `{"id":"8009","display":"三号席"}`), &phone))
	if phone.ID != "8009" || len(phone.Password) < 20 {
		t.Errorf("the phone is %+v", phone)
	}
	var phones struct{ Phones []web.Account }
	h.get(admin, "/api/v1/phones", &phones)
	if len(phones.Phones) != 4 || phones.Phones[3].Display != "三号席" {
		t.Errorf("the phones are %+v", phones)
	}
	h.do(admin, "PUT", "/api/v1/agents/1004", `{"name":"李强","skills":["water"]}`)
	h.do(admin, "PUT", "/api/v1/agents/1004/pin", `{"pin":"9931"}`)
	h.do("", "POST", "/api/v1/agents/1004/sign-in", `{"phone":"8009","pin":"9931"}`)
	if status, body := h.ask(admin, "DELETE", "/api/v1/phones/8009", ""); status != http.StatusConflict {
		t.Errorf("a phone with an agent at it is removed: %d %s", status, body)
	}
	h.do(admin, "PUT", "/api/v1/agents/1004", `{"name":"李强","enabled":false}`)
	var wall web.Wall
	h.get(admin, "/api/v1/board", &wall)
	if len(wall.Agents) != 0 {
		t.Errorf("a disabled agent is still signed in: %+v", wall.Agents)
	}
	h.do(admin, "DELETE", "/api/v1/phones/8009", "")

	h.do(admin, "PUT", "/api/v1/users/chen", `{"role":"supervisor"}`)
	var made struct{ Token string }
	must(t, decode(h.do(admin, "POST", "/api/v1/users/chen/tokens", ""), &made))
	var me web.Me
	h.get(made.Token, "/api/v1/me", &me)
	if me.Name != "chen" || me.Role != web.Supervisor || !contains(me.May, "see-callers") || contains(me.May, "reload") {
		t.Errorf("chen is %+v", me)
	}
	h.do(admin, "DELETE", "/api/v1/users/chen/tokens", "")
	if status, _ := h.ask(made.Token, "GET", "/api/v1/me", ""); status != http.StatusUnauthorized {
		t.Errorf("a revoked token answers %d", status)
	}
	deeds, err := h.store.Audit(t.Context(), 50)
	must(t, err)
	if deeds[0].Verb != "token.revoke" || deeds[0].Actor != "user:u-administrator" {
		t.Errorf("the audit begins with %+v", deeds[0])
	}
}

// TestTicketsShowNoCallerToAViewer: one call, seen by two roles.
func TestTicketsShowNoCallerToAViewer(t *testing.T) {
	h := open(t)
	viewer, supervisor := h.token(web.Viewer), h.token(web.Supervisor)
	at := time.Now().UTC().Truncate(time.Millisecond)
	h.finished(hotline.Outcome{
		Call: "a.1", Hotline: "zilaishui", Keyed: hotline.KeyedKey, Caller: hotline.ParsePhone("00012345678"), QueryCode: "271828",
		Dialled: "12345", Flow: "menu", Queue: "water", Agent: "1001", Phone: "8001", Arrived: at.Add(-time.Minute),
		Chosen: at.Add(-50 * time.Second), Joined: at.Add(-40 * time.Second), TalkEnded: at, Ended: at, End: hotline.EndAnswered,
		EndedBy: hotline.SideCaller, Path: []hotline.Visit{{Step: "menu", At: at, Keys: "1"}}, Recording: "a1.wav",
	})
	h.finished(hotline.Outcome{
		Call: "a.2", Caller: hotline.ParsePhone("00087654321"), QueryCode: "314159", Dialled: "12345", Flow: "menu",
		Arrived: at.Add(-2 * time.Second), Ended: at, End: hotline.EndAbandonedGreeting, EndedBy: hotline.SideCaller,
	})
	var page web.Page
	h.get(supervisor, "/api/v1/tickets?limit=1", &page)
	if len(page.Tickets) != 1 || page.Next == "" {
		t.Fatalf("the first page is %+v", page)
	}
	h.get(supervisor, "/api/v1/tickets?limit=1&before="+string(page.Next), &page)
	if len(page.Tickets) != 1 || page.Tickets[0].Call != "a.1" || page.Tickets[0].Caller != "00012345678" {
		t.Fatalf("the second page is %+v", page)
	}
	no := string(page.Tickets[0].Number)
	var whole web.Ticket
	h.get(supervisor, "/api/v1/tickets/"+strings.ToLower(no), &whole)
	if len(whole.QueryCode) != 6 || len(whole.Path) != 1 || whole.Path[0].Keys != "1" || whole.Recording != "a1.wav" {
		t.Errorf("the ticket is %+v", whole)
	}
	for _, path := range []string{"/api/v1/tickets", "/api/v1/tickets/" + no} {
		_, body := h.ask(viewer, "GET", path, "")
		for _, secret := range []string{"00012345678", "00087654321", whole.QueryCode, "a1.wav", `"keys"`, `"caller":`, "query_code"} {
			if strings.Contains(body, secret) {
				t.Errorf("a viewer sees %s in %s: %s", secret, path, body)
			}
		}
	}
	if !strings.Contains(h.log.String(), "u-supervisor") {
		t.Error("nobody wrote down that the supervisor looked")
	}
	var filtered web.Page
	h.get(viewer, "/api/v1/tickets?end=abandoned_greeting", &filtered)
	if len(filtered.Tickets) != 1 || filtered.Next != "" {
		t.Errorf("filtered: %+v", filtered)
	}
	var today web.Today
	h.get(viewer, "/api/v1/today", &today)
	if today.Calls != 2 || today.Offered != 1 || today.Answered != 1 || today.InTime != 1 || today.Abandoned != 1 || today.Short != 1 || today.OfOffered != 1 {
		t.Errorf("today is %+v", today)
	}
}

// TestReloadShowsEveryFault: settings with two faults change nothing.
func TestReloadShowsEveryFault(t *testing.T) {
	h := open(t)
	admin := h.token(web.Administrator)
	h.do(admin, "POST", "/api/v1/reload", "")
	one := errors.New(`configs/hotline.yaml:12: unknown setting "ringg"; did you mean ring?`)
	two := errors.New("configs/flows/menu.yaml:3: the next step hall does not exist")
	h.city.breaks(hotline.Errorf(hotline.Invalid, "the settings stay as they are: %w", errors.Join(one, two)))
	status, body := h.ask(admin, "POST", "/api/v1/reload", "")
	var f fault
	must(t, decode(body, &f))
	if status != http.StatusUnprocessableEntity || len(f.Faults) != 2 || f.Faults[0] != one.Error() || f.Faults[1] != two.Error() {
		t.Errorf("answered %d %s", status, body)
	}
}

// TestHealth: readyz tells the truth, and which part is not.
func TestHealth(t *testing.T) {
	h := open(t)
	if status, body := h.ask("", "GET", "/readyz", ""); status != http.StatusOK || !strings.Contains(body, `"ready":true`) {
		t.Errorf("ready: %d %s", status, body)
	}
	h.parts.booksGo(true)
	status, body := h.ask("", "GET", "/readyz", "")
	if status != http.StatusOK || !strings.Contains(body, `"ready":true,"degraded":true`) || !strings.Contains(body, `{"name":"sql","ok":false,"why":"the database is away"}`) {
		t.Errorf("calls are served without SQL: %d %s", status, body)
	}
	h.parts.booksGo(false)
	h.parts.goes(true)
	status, body = h.ask("", "GET", "/readyz", "")
	if status != http.StatusServiceUnavailable || !strings.Contains(body, `{"name":"asterisk","ok":false,"why":"the event socket is not connected"}`) {
		t.Errorf("not ready: %d %s", status, body)
	}
	if status, _ := h.ask("", "GET", "/healthz", ""); status != http.StatusOK {
		t.Errorf("alive: %d", status)
	}
}

// TestOurFaultsTellNothing: what is wrong on our side is in the log only.
func TestOurFaultsTellNothing(t *testing.T) {
	h := open(t)
	admin := h.token(web.Administrator)
	h.city.breaks(errors.New("dial unix /secret/place: refused"))
	status, body := h.ask(admin, "POST", "/api/v1/reload", "")
	if status != http.StatusInternalServerError || strings.Contains(body, "secret") || !strings.Contains(h.log.String(), "/secret/place") {
		t.Errorf("answered %d %s; the log: %s", status, body, h.log)
	}
}
