package test

import (
	"encoding/json"
	"testing"
	"time"

	"hotline"
	"hotline/ivr"
	"hotline/phone"
	"hotline/site"
	"hotline/test/rig"
)

// An upgrade is taken back: the newer version has written records that this one
// does not know in full, one of them in a step that this one does not have, and one
// that nobody can read. Who talks talks on; who waits keeps his place; who was in
// the unknown step hears the apology and waits for a person; every call keeps its
// ticket's number; and what is not known stays in the records.
func TestTakenOverFromANewerVersion(t *testing.T) {
	t.Parallel()
	r := rig.New(t, patient(), func(o *site.Options) { o.RetrySeconds = 1 })
	r.Spawn()
	desk := r.Agent("1001", "8001")
	desk.OnInvite(meets(phone.Answer(0)))
	talks := dial(r, "00056700")
	talks.press("2")
	agent := next(t, desk)
	talk(t, talks.Call, agent)
	waits := waiting(r, "00056701")
	place := waits.waits()
	lost := dial(r, "00056702")
	lost.hears("menu.1s", 0)
	broken := waiting(r, "00056703")
	brokenPlace := broken.waits()
	r.Kill()
	was := map[string]map[string]any{}
	for _, k := range []citizen{talks, waits, lost} {
		was[k.number] = newer(r, k, func(record, facts map[string]any) {
			if k.number == lost.number {
				record["at"] = "a-step-of-tomorrow"
			}
		})
	}
	id, _ := broken.callID()
	must(t, r.Live.SaveCall(t.Context(), id, []byte("\x00 what is this")))
	at := lost.now()
	r.Spawn()

	talk(t, talks.Call, agent)
	lost.hears("sorry", at)
	last := lost.waits()
	for i, k := range []citizen{waits, broken} {
		was := []hotline.Place{place, brokenPlace}[i]
		if p := k.waits(); p.Seq != was.Seq || p.Since != was.Since || p.Seq >= last.Seq {
			t.Errorf("%s had the place %+v and has %+v", k.number, was, p)
		}
	}
	record, facts := recordOf(r, lost)
	if record["mood"] != "good" || facts["weather"] != "fine" || record["v"] != float64(ivr.RecordVersion) {
		t.Errorf("the record is %v", record)
	}
	keys, err := r.Live.Keys(t.Context())
	must(t, err)
	if !has(keys, "aside") {
		t.Errorf("the record that nobody can read is gone: %v", keys)
	}

	must(t, agent.Hangup(soon(t)))
	talks.over()
	for _, k := range []citizen{waits, broken, lost} {
		agent = next(t, desk)
		talk(t, k.Call, agent)
		must(t, agent.Hangup(soon(t)))
		k.over()
	}
	for number, facts := range was {
		if k := r.TicketOf(number); string(k.Number) != facts["ticket"] {
			t.Errorf("%s had the number %v and has %s", number, facts["ticket"], k.Number)
		}
	}
	r.Tickets(4)
	r.Within(5*time.Second, "no record is left", func() bool {
		calls, err := r.Live.Calls(t.Context())
		must(t, err)
		return len(calls) == 0
	})
}

// newer makes a citizen's record one of a newer version, and gives its facts.
func newer(r *rig.Rig, k citizen, change func(record, facts map[string]any)) map[string]any {
	r.T.Helper()
	record, facts := recordOf(r, k)
	record["v"], record["mood"], facts["weather"] = ivr.RecordVersion+1, "good", "fine"
	record["heard"] = map[string]any{"what": "no yes or no any more"}
	change(record, facts)
	b, err := json.Marshal(record)
	must(r.T, err)
	id, _ := k.callID()
	must(r.T, r.Live.SaveCall(r.T.Context(), id, b))
	return facts
}

func recordOf(r *rig.Rig, k citizen) (record, facts map[string]any) {
	r.T.Helper()
	calls, err := r.Live.Calls(r.T.Context())
	must(r.T, err)
	id, _ := k.callID()
	must(r.T, json.Unmarshal(calls[id], &record))
	facts, _ = record["facts"].(map[string]any)
	return record, facts
}
