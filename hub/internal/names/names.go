// Package names asks the notifier, request by request, for what must be shown of a person: the name and the last digits of a parcel's recipient,
// and whom a courier asks for at a merchant's address. It keeps nothing of what it hears. Where the notifier does not answer, names
// are empty: nothing waits for them, and nobody is refused anything.
package names

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"lockstep/internal/contact"
	"lockstep/internal/fault"
	"lockstep/internal/peer"
	"lockstep/internal/secret"
)

const (
	atOnce    = 100             // what the notifier takes in one request
	patience  = 3 * time.Second // for one request
	together  = 8 * time.Second // for all that one caller wants
	rest      = 5 * time.Second // for which a notifier that has failed is not asked: nobody waits for it again and again
	maxAnswer = 1 << 20
)

// Config is where the notifier is.
type Config struct {
	URL       string // empty: nobody is asked
	Token     secret.Text
	Private   bool // plain HTTP to another machine is all right
	Now       func() time.Time
	Log       *slog.Logger
	Transport http.RoundTripper // nil for the usual one
}

// Names is the notifier, as far as it is asked; nobody where it is nil.
type Names struct {
	peer  *peer.Client
	now   func() time.Time
	log   *slog.Logger
	rests atomic.Int64 // until when, µs UTC
}

// New makes a client; one that hears nothing where there is no URL.
func New(c Config) (*Names, error) {
	if c.URL == "" {
		return &Names{}, nil
	}
	client, err := peer.New(peer.Config{URL: c.URL, Path: "/hub/v1/", Token: c.Token, PrivateNetwork: c.Private, Patience: patience, MaxAnswer: maxAnswer, Transport: c.Transport})
	if err != nil {
		return nil, fmt.Errorf("names: the notifier: %w", err)
	}
	return &Names{peer: client, now: c.Now, log: c.Log}, nil
}

// Asks says whether there is a notifier to ask.
func (n *Names) Asks() bool { return n != nil && n.peer != nil }

// Recipient is what may be shown of a parcel's recipient. It prints as [redacted].
type Recipient struct {
	Name       string // may be empty
	LastDigits string // the last four of the phone number, may be empty
}

func (Recipient) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

// Line is both for people, in letters that every printer has: "Anna, *4567".
func (r Recipient) Line() string {
	switch {
	case r.LastDigits == "":
		return r.Name
	case r.Name == "":
		return "*" + r.LastDigits
	}
	return r.Name + ", *" + r.LastDigits
}

// Recipients are those of parcels, by barcode, as far as the notifier tells.
func (n *Names) Recipients(ctx context.Context, barcodes ...string) map[string]Recipient {
	told := map[string]Recipient{}
	ask(ctx, n, "recipients", barcodes, func(ctx context.Context, some []string) error {
		var answer struct {
			Recipients []struct {
				Barcode    string `json:"barcode"`
				Name       string `json:"name"`
				LastDigits string `json:"last_digits"`
			} `json:"recipients"`
		}
		if err := n.peer.Post(ctx, "recipients", map[string]any{"barcodes": some}, &answer); err != nil {
			return err
		}
		for _, r := range answer.Recipients {
			if slices.Contains(some, r.Barcode) {
				told[r.Barcode] = Recipient{r.Name, digits(r.LastDigits)}
			}
		}
		return nil
	})
	return told
}

// digits are at most four: whatever a notifier says, no whole number is shown.
func digits(text string) string {
	if len(text) > 4 || strings.Trim(text, "0123456789") != "" {
		return ""
	}
	return text
}

// OfPhone are the parcels of a phone number, as the notifier tells, which compares the whole of it. Invalid "invalid_phone" for what is
// none; Unavailable where the notifier does not tell now, with what to say of it.
func (n *Names) OfPhone(ctx context.Context, phone string) ([]string, error) {
	if !n.Asks() {
		return nil, fault.New(fault.Unavailable, "no_notifier", "this hub has no notifier to ask")
	}
	var answer struct {
		Barcodes []string `json:"barcodes"`
	}
	ctx, cancel := context.WithTimeout(ctx, together)
	defer cancel()
	err := n.peer.Post(ctx, "phone", map[string]string{"phone": phone}, &answer)
	if refused, ok := errors.AsType[*peer.Refused](err); ok {
		switch refused.Code {
		case "invalid_phone", "no_contact":
			return nil, fault.New(fault.Invalid, "invalid_phone", "that is no phone number; it begins with + and the country's code")
		case "asked_too_often", "not_read_yet":
			return nil, fault.New(fault.Unavailable, refused.Code, "the notifier does not tell now; ask again in a while")
		}
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "notifier_silent", "the notifier does not answer")
	}
	return answer.Barcodes[:min(len(answer.Barcodes), atOnce)], nil
}

// Sealed is the contact of a pickup.
type Sealed struct {
	Number  int64  `json:"number"`
	Day     string `json:"day"`
	Contact []byte `json:"sealed"`
}

// Contacts are those of pickups, by number, as far as the notifier opens them.
func (n *Names) Contacts(ctx context.Context, pickups ...Sealed) map[int64]contact.Person {
	pickups = slices.DeleteFunc(slices.Clone(pickups), func(s Sealed) bool { return s.Contact == nil })
	told := map[int64]contact.Person{}
	ask(ctx, n, "pickups", pickups, func(ctx context.Context, some []Sealed) error {
		var answer struct {
			Contacts []struct {
				Number int64  `json:"number"`
				Name   string `json:"name"`
				Phone  string `json:"phone"`
			} `json:"contacts"`
		}
		if err := n.peer.Post(ctx, "pickups", map[string]any{"pickups": some}, &answer); err != nil {
			return err
		}
		for _, c := range answer.Contacts {
			person, err := contact.NewPerson(c.Name, c.Phone)
			if err == nil && slices.ContainsFunc(some, func(s Sealed) bool { return s.Number == c.Number }) {
				told[c.Number] = person
			}
		}
		return nil
	})
	return told
}

// ask asks for some at a time, until one request fails: then the others would, too. One that the caller gave up says nothing of the notifier.
func ask[T any](caller context.Context, n *Names, what string, all []T, some func(context.Context, []T) error) {
	if !n.Asks() || len(all) == 0 || n.now().UnixMicro() < n.rests.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(caller, together)
	defer cancel()
	for part := range slices.Chunk(all, atOnce) {
		if err := some(ctx, part); err != nil {
			if caller.Err() != nil {
				return
			}
			n.rests.Store(n.now().Add(rest).UnixMicro())
			n.log.Warn("the notifier does not tell; names stay empty", "asked", what, "count", len(all), "error", err)
			return
		}
	}
}
