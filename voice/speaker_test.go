package voice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hotline"
)

// A speech program that is missing, too old, broken or slow is told in one
// sentence.
func TestTheSpeechProgramIsMissingOrUnfit(t *testing.T) {
	dir := t.TempDir()
	script := func(name, body string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct{ program, want string }{
		{filepath.Join(dir, "none"), "is not there; install espeak-ng 1.52 or newer, or record every prompt"},
		{"no-such-espeak-anywhere", "is not there; install espeak-ng 1.52"},
		{script("old", "echo eSpeak NG text-to-speech: 1.51\n"), "is espeak-ng 1.51, which reads Mandarin as English letters; 1.52 or newer would be right"},
		{script("other", "echo hello\n"), "does not name its version"},
		{script("ill", "echo no data >&2; exit 3\n"), "failed (exit status 3): no data"},
	} {
		_, err := NewEspeak(t.Context(), EspeakOptions{Program: c.program})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want … %s", c.program, err, c.want)
		}
	}
	dies := script("dies", "case \"$1\" in --version) echo 1.52;; *) echo boom >&2; exit 1;; esac\n")
	l := open(t, Options{Speaker: espeak(t, EspeakOptions{Program: dies})})
	err := l.Build(t.Context(), []Prompt{prompt("a", "请稍候。"), prompt("b", "请。")})
	if err == nil || strings.Count(err.Error(), "boom") != 1 {
		t.Errorf("a program that dies while speaking says %v", err)
	}
	hangs := script("hangs", "case \"$1\" in --version) echo 1.52;; *) exec sleep 20;; esac\n")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	err = open(t, Options{Speaker: espeak(t, EspeakOptions{Program: hangs})}).Build(ctx, []Prompt{prompt("a", "请。")})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 5*time.Second {
		t.Errorf("a program that hangs was left after %v: %v", time.Since(began), err)
	}
	if _, err := NewEspeak(t.Context(), EspeakOptions{Program: program, Speed: 9}); hotline.KindOf(err) != hotline.Invalid {
		t.Errorf("speed 9: %v", err)
	}
	if _, err := espeak(t, EspeakOptions{}).Speak(t.Context(), "x", "fr"); err == nil || !strings.Contains(err.Error(), "en, zh") {
		t.Errorf("French: %v", err)
	}
}

// A city's own speech service is asked over HTTP, again when it is busy.
func TestASpeechServiceIsAsked(t *testing.T) {
	var asked atomic.Int64
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var fields map[string]any
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/text" {
			fields = map[string]any{"input": string(body)}
		} else if json.Unmarshal(body, &fields) != nil || fields["model"] != "m" || fields["voice"] != "v" || fields["response_format"] != "wav" {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		switch {
		case r.Header.Get("Authorization") != "Bearer secret":
			http.Error(w, "who are you?", http.StatusUnauthorized)
		case asked.Add(1) == 1:
			http.Error(w, "busy", http.StatusTooManyRequests)
		case fields["input"] == "坏。":
			fmt.Fprint(w, "<html>")
		case fields["input"] == "走。":
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		default:
			w.Header().Set("Content-Type", "audio/wav")
			w.Write(encodeWave(Audio{24000, make([]int16, 100)}))
			w.Write(lpcm(slices.Repeat([]int16{9000, -9000, 9000, 4000, 0}, 9600))) // the header's length is wrong, as from a stream
		}
	}))
	defer service.Close()
	remote := func(path, form, token string) *Remote {
		r, err := NewRemote(RemoteOptions{URL: service.URL + path, Form: form, Model: "m", Voice: "v", Token: token, Speed: 1.1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(r.Close)
		return r
	}
	ok := remote("/v1/audio/speech", "", "secret")
	if a, err := ok.Speak(t.Context(), "你好。", "zh"); err != nil || a.Rate != 24000 || asked.Load() != 2 {
		t.Errorf("%d Hz after %d tries: %v", a.Rate, asked.Load(), err)
	}
	if _, err := remote("/text", "text", "secret").Speak(t.Context(), "你好。", "zh"); err != nil {
		t.Error(err)
	}
	for text, want := range map[string]string{"坏。": "this is no WAV file", "走。": "answered 302 Found"} {
		if _, err := ok.Speak(t.Context(), text, "zh"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want … %s", text, err, want)
		}
	}
	wrong := remote("/v1/audio/speech", "openai", "wrong-token")
	_, err := wrong.Speak(t.Context(), "你好。", "zh")
	if err == nil || !strings.Contains(err.Error(), "401") || strings.Contains(err.Error()+wrong.Identity(), "wrong-token") {
		t.Errorf("a refused token: %v; identity %s", err, wrong.Identity())
	}
	for _, o := range []RemoteOptions{{URL: "ftp://x"}, {URL: "http://u:p@x"}, {URL: "http://x", Form: "soap"}} {
		if _, err := NewRemote(o); hotline.KindOf(err) != hotline.Invalid || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
