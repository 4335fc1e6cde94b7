package voice

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"hotline"
)

// RemoteOptions says how a speech service is asked over HTTP.
type RemoteOptions struct {
	URL     string        // http or https, for example http://127.0.0.1:8880/v1/audio/speech
	Form    string        // "openai" (JSON with model, voice, input; default) or "text" (the bare text)
	Model   string        // openai: the model's name
	Voice   string        // openai: the voice's name
	Speed   float64       // openai: 0.25 to 4, 1 is usual; 0 leaves it to the service
	Token   string        // sent as "Authorization: Bearer …"; in no log and no name
	Version string        // the city's own mark: change it when the service's voice changed, and all is spoken anew
	Timeout time.Duration // for one text; default 30 s
}

// Remote is a Speaker that asks a service over HTTP; the answer must be a WAV
// file of 16-bit PCM. Close frees its connections.
type Remote struct {
	options RemoteOptions
	client  *http.Client
}

const longestAnswer = 20 << 20 // bytes; three minutes at 48 kHz

// NewRemote checks the options; it asks nothing yet.
func NewRemote(o RemoteOptions) (*Remote, error) {
	u, err := url.Parse(o.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, hotline.Errorf(hotline.Invalid, "the speech service's address is not usable; one such as http://127.0.0.1:8880/v1/audio/speech would be right")
	}
	if u.User != nil {
		return nil, hotline.Errorf(hotline.Invalid, "the speech service's address holds a password; give it as the token")
	}
	if o.Form == "" {
		o.Form = "openai"
	}
	if o.Form != "openai" && o.Form != "text" {
		return nil, hotline.Errorf(hotline.Invalid, "the speech service's form is %q; openai or text would be right", o.Form)
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	return &Remote{o, &http.Client{
		Transport: &http.Transport{MaxConnsPerHost: 4, Proxy: http.ProxyFromEnvironment},
		// A redirect would send the text, and perhaps the token, elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close frees the connections kept for the next text.
func (r *Remote) Close() { r.client.CloseIdleConnections() }

// Identity names address, model, voice, speed and version, never the token.
func (r *Remote) Identity() string {
	o := r.options
	return fmt.Sprintf("%s %s model=%s voice=%s speed=%g version=%s", o.Form, o.URL, o.Model, o.Voice, o.Speed, o.Version)
}

// Speak asks for text, three times at most when the service is busy (429) or
// ill (5xx), waiting half a second and then one.
func (r *Remote) Speak(ctx context.Context, text, language string) (Audio, error) {
	for try := 1; ; try++ {
		a, again, err := r.ask(ctx, text, language)
		if err == nil || !again || try == 3 {
			return a, err
		}
		select {
		case <-time.After(time.Duration(try) * time.Second / 2):
		case <-ctx.Done():
			return Audio{}, context.Cause(ctx)
		}
	}
}

// ask asks once; again says whether another try could help.
func (r *Remote) ask(ctx context.Context, text, language string) (a Audio, again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.options.Timeout)
	defer cancel()
	request, err := r.request(ctx, text, language)
	if err != nil {
		return Audio{}, false, err
	}
	response, err := r.client.Do(request)
	if err != nil {
		return Audio{}, ctx.Err() == nil, hotline.Errorf(hotline.Unavailable, "the speech service does not answer: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer+1))
	switch {
	case response.StatusCode != http.StatusOK:
		ill := response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= 500
		return Audio{}, ill, hotline.Errorf(hotline.Unavailable, "the speech service answered %s: %.200s", response.Status, strings.TrimSpace(string(body)))
	case err != nil:
		return Audio{}, true, hotline.Errorf(hotline.Unavailable, "the speech service broke off: %w", err)
	case len(body) > longestAnswer:
		return Audio{}, false, hotline.Errorf(hotline.Unavailable, "the speech service sent more than %d MiB for one prompt", longestAnswer>>20)
	}
	if a, err = decodeWave(body); err != nil {
		return Audio{}, false, hotline.Errorf(hotline.Unavailable, "the speech service's answer (%s) is of no use: %w", response.Header.Get("Content-Type"), err)
	}
	return a, false, nil
}

func (r *Remote) request(ctx context.Context, text, language string) (*http.Request, error) {
	body, kind := []byte(text), "text/plain; charset=utf-8"
	if r.options.Form == "openai" {
		kind = "application/json"
		fields := map[string]any{"model": r.options.Model, "voice": r.options.Voice, "input": text, "response_format": "wav"}
		if r.options.Speed != 0 {
			fields["speed"] = r.options.Speed
		}
		var err error
		if body, err = json.Marshal(fields); err != nil {
			return nil, fmt.Errorf("write the speech service's request: %w", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.options.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("address the speech service: %w", err)
	}
	request.Header.Set("Content-Type", kind)
	request.Header.Set("Content-Language", language)
	request.Header.Set("Accept", "audio/wav")
	if r.options.Token != "" {
		request.Header.Set("Authorization", "Bearer "+r.options.Token)
	}
	return request, nil
}
