package web_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"hotline/web"
)

var update = flag.Bool("update", false, "write the golden files anew")

// document is the OpenAPI document as far as the test reads it.
type document struct {
	OpenAPI    string
	Paths      map[string]map[string]described
	Components struct {
		Schemas         map[string]json.RawMessage
		SecuritySchemes map[string]json.RawMessage
	}
}

type described struct {
	OperationID string
	Summary     string
	Security    []map[string][]string
	Parameters  []struct{ Name, In string }
	Responses   map[string]json.RawMessage
}

// TestTheDocumentIsWhatIsServed holds the OpenAPI document against the table of
// operations, the golden file, and itself.
func TestTheDocumentIsWhatIsServed(t *testing.T) {
	h := open(t)
	status, body := h.ask("", http.MethodGet, "/api/v1/openapi.json", "")
	if status != http.StatusOK {
		t.Fatalf("the document answers %d", status)
	}
	var doc document
	must(t, json.Unmarshal([]byte(body), &doc))
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("it is OpenAPI %s, want 3.1", doc.OpenAPI)
	}
	served := slices.Clone(h.web.Served())
	for _, line := range web.Table() {
		if line.Method == "" {
			continue
		}
		i := slices.Index(served, line.ID)
		if i < 0 {
			t.Errorf("%s is in the table and not served", line.ID)
			continue
		}
		served = slices.Delete(served, i, i+1)
		op, ok := doc.Paths[line.Path][strings.ToLower(line.Method)]
		if !ok || op.OperationID != line.ID || op.Summary == "" || op.Responses["default"] == nil || len(op.Responses) < 2 {
			t.Errorf("%s is described as %+v", line.ID, op)
		}
		for name := range pathNames(line.Path) {
			if !slices.ContainsFunc(op.Parameters, func(p struct{ Name, In string }) bool { return p.Name == name && p.In == "path" }) {
				t.Errorf("%s does not describe {%s}", line.ID, name)
			}
		}
		for _, s := range op.Security {
			for name := range s {
				if doc.Components.SecuritySchemes[name] == nil {
					t.Errorf("%s needs %s, which is not described", line.ID, name)
				}
			}
		}
	}
	if len(served) > 0 {
		t.Errorf("served and not in the table: %v", served)
	}
	for _, ref := range references(body) {
		if doc.Components.Schemas[ref] == nil {
			t.Errorf("the document speaks of %s and does not have it", ref)
		}
	}
	golden(t, "testdata/openapi.json", body)
}

func pathNames(path string) map[string]bool {
	names := map[string]bool{}
	for _, part := range strings.Split(path, "/") {
		if strings.HasPrefix(part, "{") {
			names[strings.Trim(part, "{}")] = true
		}
	}
	return names
}

func references(body string) []string {
	var refs []string
	for _, part := range strings.Split(body, `"#/components/schemas/`)[1:] {
		refs = append(refs, part[:strings.Index(part, `"`)])
	}
	return refs
}

func golden(t *testing.T, file, body string) {
	t.Helper()
	var pretty bytes.Buffer
	must(t, json.Indent(&pretty, []byte(body), "", " "))
	pretty.WriteByte('\n')
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(file, pretty.Bytes(), 0o644))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if !bytes.Equal(want, pretty.Bytes()) {
		t.Errorf("the API is not as %s says; when that is meant: go test ./web -run Document -update", file)
	}
}

// TestEveryRoleMayExactlyWhatTheTableSays asks every operation in every role,
// with nothing in it: whoever may not is stopped before it is looked at.
func TestEveryRoleMayExactlyWhatTheTableSays(t *testing.T) {
	h := open(t)
	tokens := map[byte]string{'v': h.token(web.Viewer), 's': h.token(web.Supervisor), 'a': h.token(web.Administrator)}
	path := strings.NewReplacer("{id}", "1999", "{no}", "CZ1", "{name}", "nobody")
	for _, line := range web.Table() {
		if line.Method == "" || line.ID == "live" {
			continue
		}
		for role, token := range tokens {
			status, body := h.ask(token, line.Method, "/api/v1"+path.Replace(line.Path), bodyFor(line.ID))
			roles, _, _ := strings.Cut(line.Roles, "+")
			may := line.Roles == "*" || strings.IndexByte(roles, role) >= 0
			if may == (status == http.StatusForbidden) {
				t.Errorf("%s as %c answered %d %s", line.ID, role, status, body)
			}
		}
		status, body := h.ask("", line.Method, "/api/v1"+path.Replace(line.Path), bodyFor(line.ID))
		if line.Roles != "*" && status != http.StatusUnauthorized {
			t.Errorf("%s without a token answered %d %s", line.ID, status, body)
		}
	}
}

// bodyFor gives a body that fits, where the operation itself decides who may.
func bodyFor(id string) string {
	switch id {
	case "agent-sign-in":
		return `{"phone":"8001"}`
	case "agent-pause":
		return `{"reason":"break"}`
	}
	return ""
}

// TestTheTableReadsAsText: who may what, as a golden text that a reviewer
// reads.
func TestTheTableReadsAsText(t *testing.T) {
	var b strings.Builder
	for _, r := range web.Roles() {
		fmt.Fprintf(&b, "%s: %s\n", r, strings.Join(r.Operations(), " "))
	}
	const file = "testdata/roles.txt"
	if *update {
		must(t, os.WriteFile(file, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if string(want) != b.String() {
		t.Errorf("the roles are\n%snot as %s says", b.String(), file)
	}
}
