// Package peer asks another process of ours over HTTP: JSON with a bearer token. What comes back is bytes; whoever asks judges them.
package peer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"lockstep/internal/secret"
)

// Config is whom to ask, and how.
type Config struct {
	URL            string // https://hub.example
	Path           string // of its door, such as /carrier/v1/
	Token          secret.Text
	PrivateNetwork bool              // plain HTTP to another machine is all right
	Patience       time.Duration     // for one answer
	MaxAnswer      int64             // bytes that are read of one
	Transport      http.RoundTripper // may be nil
}

// Client asks one peer.
type Client struct {
	base string
	Config
	http *http.Client
}

// New refuses to send the token over the open network in the clear: http is only for this machine, or where the operator says that the
// network between is private.
func New(c Config) (*Client, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("the address must look like https://hub.example")
	case u.Scheme == "http" && !c.PrivateNetwork && !Loopback(u.Hostname()):
		return nil, errors.New("http only to this machine; use https, or say that the network is private")
	case c.Token.Reveal() == "":
		return nil, errors.New("there is no token")
	}
	client := &http.Client{Transport: c.Transport, Timeout: c.Patience, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the token is for this peer only
	}}
	return &Client{strings.TrimSuffix(c.URL, "/") + c.Path, c, client}, nil
}

// Loopback says whether a host is this machine.
func Loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// Refused is an answer that is no success.
type Refused struct {
	Status int
	Code   string // of its problem; may be empty
}

func (r *Refused) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the answer is %d %s", r.Status, r.Code))
}

// Get reads an answer into a value. Errors do not repeat what was answered.
func (c *Client) Get(ctx context.Context, path string, into any) error {
	return c.do(ctx, http.MethodGet, path, nil, into)
}

// Post sends a value and reads the answer into another, unless into is nil.
func (c *Client) Post(ctx context.Context, path string, body, into any) error {
	return c.do(ctx, http.MethodPost, path, body, into)
}

func (c *Client) do(ctx context.Context, method, path string, body, into any) error {
	name, _, _ := strings.Cut(path, "?")
	var sent io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		sent = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, sent)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	request.Header.Set("Authorization", "Bearer "+c.Token.Reveal())
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, c.MaxAnswer))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %w", name, refused(response.StatusCode, data))
	}
	if into != nil && json.Unmarshal(data, into) != nil {
		return fmt.Errorf("%s: the answer is not what was agreed", name) // the cause may quote it
	}
	return nil
}

func refused(status int, data []byte) error {
	var problem struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(data, &problem) != nil || strings.Trim(problem.Code, "abcdefghijklmnopqrstuvwxyz_") != "" || len(problem.Code) > 64 {
		problem.Code = ""
	}
	return &Refused{status, problem.Code}
}
