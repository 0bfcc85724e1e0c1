// Package feed is the notifier's side of the hub's feed: JSON over HTTP under /notifier/v1/, with a bearer token. What comes
// from there is bytes; who believes them is the ledger.
package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Contact is one sealed contact.
type Contact struct {
	Barcode  string `json:"barcode"`
	Sealed   []byte `json:"sealed"` // a ciphertext of the hub's, or a merchant's envelope
	Merchant string `json:"merchant"`
	Shipment string `json:"shipment"`
	Shown    string `json:"shown"`    // the locker's name and address, for people
	Tracking string `json:"tracking"` // URL
	MoreTime bool   `json:"more_time"`
}

// ContactKey is one statement of a contact key.
type ContactKey struct {
	Number    int64  `json:"number"`
	Statement []byte `json:"statement"` // a statement.Bundle
}

// Upload is one stretch of a locker's journal.
type Upload struct {
	Cursor   int64  `json:"cursor"`
	Locker   string `json:"locker"`
	Received int64  `json:"received"` // µs UTC, by the hub's clock
	Stretch  []byte `json:"stretch"`  // canonical CBOR of a journal.Stretch
}

// Locker is what the hub says of a locker.
type Locker struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Address string `json:"address"`
	Line    string `json:"line"`  // online · offline
	Since   int64  `json:"since"` // µs UTC
}

// Client asks one hub.
type Client struct {
	base, token string
	http        *http.Client
}

// longPoll is how long the hub may keep a request for uploads open, with room for a slow road.
const longPoll = 40 * time.Second

// maxAnswer bounds what is read of one answer, in bytes.
const maxAnswer = 64 << 20

// New makes a client. transport may be nil. The token must not go over the open network in the clear: http is only for this
// machine, or where the operator says that the network between is private.
func New(hub, token string, private bool, transport http.RoundTripper) (*Client, error) {
	u, err := url.Parse(hub)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, errors.New("feed: the hub's address must look like https://hub.example")
	}
	if u.Scheme == "http" && !private && !loopback(u.Hostname()) {
		return nil, errors.New("feed: http only to this machine; use https, or say that the network is private")
	}
	if token == "" {
		return nil, errors.New("feed: no token for the hub")
	}
	client := &http.Client{Transport: transport, Timeout: longPoll, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the token is for this hub only
	}}
	return &Client{strings.TrimSuffix(hub, "/") + "/notifier/v1/", token, client}, nil
}

func loopback(host string) bool {
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}

// Contacts fetches sealed contacts that were not acknowledged yet.
func (c *Client) Contacts(ctx context.Context, limit int) ([]Contact, error) {
	var answer struct {
		Contacts []Contact `json:"contacts"`
	}
	err := c.get(ctx, "contacts?limit="+strconv.Itoa(limit), &answer)
	return answer.Contacts, err
}

// ContactKeys fetches the contact keys that were handed in after a number, in their order.
func (c *Client) ContactKeys(ctx context.Context, after int64) ([]ContactKey, error) {
	var answer struct {
		Keys []ContactKey `json:"contact_keys"`
	}
	err := c.get(ctx, "contact-keys?after="+strconv.FormatInt(after, 10), &answer)
	return answer.Keys, err
}

// Acknowledge tells the hub to delete the contacts of these barcodes.
func (c *Client) Acknowledge(ctx context.Context, barcodes []string) error {
	return c.post(ctx, "contacts/ack", map[string]any{"barcodes": barcodes})
}

// Uploads fetches what came after a cursor, and waits for it up to half a minute. next is the cursor to go on from.
func (c *Client) Uploads(ctx context.Context, after int64, limit int) (uploads []Upload, next int64, err error) {
	var answer struct {
		Uploads []Upload `json:"uploads"`
		Next    int64    `json:"next"`
	}
	err = c.get(ctx, fmt.Sprintf("uploads?after=%d&limit=%d", after, limit), &answer)
	return answer.Uploads, answer.Next, err
}

// Receipts hands signed receipts over, for the hub to carry to their lockers.
func (c *Client) Receipts(ctx context.Context, envelopes [][]byte) error {
	return c.post(ctx, "receipts", map[string]any{"receipts": envelopes})
}

// ErrConflict is what the hub cannot do as things stand.
var ErrConflict = errors.New("the hub says that this cannot be done now")

// Extend asks for as much more time for a parcel as its merchant lets its recipients have. ErrConflict where that is none.
func (c *Client) Extend(ctx context.Context, barcode string) error {
	return c.post(ctx, "extend", map[string]any{"barcode": barcode})
}

// Lockers fetches what the hub says of every locker.
func (c *Client) Lockers(ctx context.Context) ([]Locker, error) {
	var answer struct {
		Lockers []Locker `json:"lockers"`
	}
	err := c.get(ctx, "lockers", &answer)
	return answer.Lockers, err
}

func (c *Client) get(ctx context.Context, path string, into any) error {
	data, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("feed: %s: the hub's answer is not what was agreed", name(path)) // the cause may quote it
	}
	return nil
}

func (c *Client) post(ctx context.Context, path string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	_, err = c.do(ctx, http.MethodPost, path, data)
	return err
}

func (c *Client) do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("feed: %s: %w", name(path), err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("feed: %s: %w", name(path), err)
	}
	if response.StatusCode == http.StatusConflict {
		return nil, fmt.Errorf("feed: %s: %w", name(path), ErrConflict)
	}
	if response.StatusCode/100 != 2 {
		return nil, fmt.Errorf("feed: %s: the hub answers %d", name(path), response.StatusCode)
	}
	return data, nil
}

func name(path string) string {
	before, _, _ := strings.Cut(path, "?")
	return before
}
