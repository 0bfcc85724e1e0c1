// Package feed is the notifier's side of the hub's feed: JSON over HTTP under /notifier/v1/, with a bearer token. What comes
// from there is bytes; who believes them is the ledger.
package feed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"lockstep/internal/peer"
	"lockstep/internal/secret"
)

// Contact is one sealed contact.
type Contact struct {
	Barcode  string `json:"barcode"`
	Sealed   []byte `json:"sealed"` // a ciphertext of the hub's, or a merchant's envelope
	Merchant string `json:"merchant"`
	Shipment string `json:"shipment"`
	Locker   string `json:"locker"`   // it is announced for
	Shown    string `json:"shown"`    // that locker's name and address, for people
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

// Place is what anybody may know of where a locker stands.
type Place struct {
	Latitude  float64  `json:"latitude"` // 0, 0 where unknown
	Longitude float64  `json:"longitude"`
	Way       string   `json:"way"`   // how to find it
	Hours     []string `json:"hours"` // the seven days from Monday: "09:00-21:00", with a break "09:00-21:00/13:00-14:00", or "NODAY"
	Busy      [][]int  `json:"busy"`  // of working days and of weekends, for each hour: 0 quiet, 1 middling, 2 busy; empty where too little is known
}

// Client asks one hub.
type Client struct{ *peer.Client }

const (
	longPoll  = 40 * time.Second // how long the hub may keep a request for uploads open, with room for a slow road
	maxAnswer = 64 << 20
)

// New makes a client. transport may be nil.
func New(hub, token string, private bool, transport http.RoundTripper) (*Client, error) {
	client, err := peer.New(peer.Config{URL: hub, Path: "/notifier/v1/", Token: secret.Known(token), PrivateNetwork: private, Patience: longPoll, MaxAnswer: maxAnswer, Transport: transport})
	if err != nil {
		return nil, fmt.Errorf("feed: the hub: %w", err)
	}
	return &Client{client}, nil
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
	return c.ask(ctx, "extend", map[string]any{"barcode": barcode})
}

// Refuse says that a parcel's recipient does not want it. ErrConflict where it is not in a locker.
func (c *Client) Refuse(ctx context.Context, barcode string) error {
	return c.ask(ctx, "refuse", map[string]any{"barcode": barcode})
}

// Report says that something is wrong with a parcel at its locker. ErrConflict where that is known and somebody looks after it.
func (c *Client) Report(ctx context.Context, barcode, what, note string) error {
	return c.ask(ctx, "report", map[string]any{"barcode": barcode, "what": what, "note": note})
}

func (c *Client) ask(ctx context.Context, path string, body any) error {
	err := c.post(ctx, path, body)
	if refused, ok := errors.AsType[*peer.Refused](err); ok && refused.Status == http.StatusConflict {
		return ErrConflict
	}
	return err
}

// Place fetches what there is to know of where a locker stands.
func (c *Client) Place(ctx context.Context, locker string) (p Place, err error) {
	err = c.get(ctx, "lockers/"+url.PathEscape(locker)+"/place", &p)
	return p, err
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
	if err := c.Get(ctx, path, into); err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	return nil
}

func (c *Client) post(ctx context.Context, path string, body any) error {
	if err := c.Post(ctx, path, body, nil); err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	return nil
}
