package channel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/template"
	"time"
)

// SMSConfig describes an SMS gateway's HTTP interface. URL, header values and Body are text/template texts over To, Text, ID
// and Secret; every value is escaped for the place it stands in, so a template writes quotes and '=' itself and nothing else.
type SMSConfig struct {
	Method  string            `toml:"method"`
	URL     string            `toml:"url"` // values are percent-encoded
	Headers map[string]string `toml:"headers"`
	Body    string            `toml:"body"` // escaped by Content-Type: JSON strings or form values
	Success string            `toml:"success"`
	// Final lists statuses that blame the message itself (default 400 and 422). Any other failure is tried again.
	Final  []int  `toml:"final"`
	Secret Secret `toml:"-"`
}

// SMS sends through a gateway that takes HTTP requests.
type SMS struct {
	config           SMSConfig
	url, body        *template.Template
	headers          map[string]*template.Template
	escapeBody       func(string) string
	lowest, greatest int
	client           *http.Client
}

// NewSMS checks the templates with values that hold everything that could break out of them.
func NewSMS(c SMSConfig) (*SMS, error) {
	s := &SMS{config: c, headers: map[string]*template.Template{}, client: &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if s.config.Final == nil {
		s.config.Final = []int{http.StatusBadRequest, http.StatusUnprocessableEntity}
	}
	if err := s.parse(); err != nil {
		return nil, fmt.Errorf("channel: sms: %w", err)
	}
	nasty := Message{ID: `i"d&`, To: "+7\"\\\n&=#", Short: "a\"\\\n\r\t\x00&=?#%+ я €\u2028"}
	if _, err := s.request(context.Background(), nasty); err != nil {
		return nil, fmt.Errorf("channel: sms: %w", err)
	}
	return s, nil
}

func (s *SMS) parse() (err error) {
	if s.escapeBody, err = escaperFor(s.config.Headers); err != nil {
		return err
	}
	if s.url, err = parse("url", s.config.URL); err != nil {
		return err
	}
	if s.body, err = parse("body", s.config.Body); err != nil {
		return err
	}
	for name, value := range s.config.Headers {
		if s.headers[name], err = parse(name, value); err != nil {
			return err
		}
	}
	if s.config.Success == "" {
		s.config.Success = "200-299"
	}
	if n, err := fmt.Sscanf(s.config.Success, "%d-%d", &s.lowest, &s.greatest); err != nil || n != 2 || s.lowest > s.greatest {
		return fmt.Errorf("success: want two statuses like 200-299, not %q", s.config.Success)
	}
	return nil
}

func parse(name, text string) (*template.Template, error) {
	return template.New(name).Option("missingkey=error").Parse(text)
}

func escaperFor(headers map[string]string) (func(string) string, error) {
	for name, value := range headers {
		if !strings.EqualFold(name, "Content-Type") {
			continue
		}
		switch kind, _, _ := strings.Cut(value, ";"); strings.TrimSpace(kind) {
		case "application/json":
			return escapeJSON, nil
		case "application/x-www-form-urlencoded":
			return url.QueryEscape, nil
		}
		return nil, errors.New("content-type: want application/json or application/x-www-form-urlencoded")
	}
	return url.QueryEscape, nil
}

func escapeJSON(s string) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(out.String(), "\n"), `"`), `"`)
}

// escapeHeader drops what would end a header's line (RFC 9110 §5.5).
func escapeHeader(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

type smsValues struct{ To, Text, ID, Secret string }

func (s *SMS) render(t *template.Template, m Message, escape func(string) string) (string, error) {
	var out strings.Builder
	err := t.Execute(&out, smsValues{escape(string(m.To)), escape(m.Short), escape(m.ID), escape(string(s.config.Secret))})
	if err != nil {
		return "", fmt.Errorf("the template %q does not work", t.Name())
	}
	return out.String(), nil
}

func (s *SMS) request(ctx context.Context, m Message) (*http.Request, error) {
	target, err := s.render(s.url, m, url.QueryEscape)
	if err != nil {
		return nil, err
	}
	body, err := s.render(s.body, m, s.escapeBody)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, s.config.Method, target, strings.NewReader(body))
	if err != nil || request.URL.Host == "" {
		return nil, errors.New("method and URL make no request")
	}
	for name, t := range s.headers {
		value, err := s.render(t, m, escapeHeader)
		if err != nil {
			return nil, err
		}
		request.Header.Set(name, value)
	}
	if strings.HasPrefix(request.Header.Get("Content-Type"), "application/json") && !json.Valid([]byte(body)) {
		return nil, errors.New("the body is not JSON")
	}
	return request, nil
}

// Send implements Channel.
func (s *SMS) Send(ctx context.Context, m Message) error {
	request, err := s.request(ctx, m)
	if err != nil {
		return permanent("sms: %v", err)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return temporary("sms: no answer from the gateway")
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection can be used again
	switch status := response.StatusCode; {
	case status >= s.lowest && status <= s.greatest:
		return nil
	case slices.Contains(s.config.Final, status):
		return permanent("sms: refused with %d", status)
	default:
		return temporary("sms: not taken, status %d", status)
	}
}
