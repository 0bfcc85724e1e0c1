// Package channel brings messages to recipients: one file per way of doing it. Adding a channel is one file here and one
// line in notifier.Run.
package channel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Name says which way a message goes. It is stored with every delivery.
type Name string

const (
	ByMail Name = "mail"
	BySMS  Name = "sms"
)

// A Channel hands messages over to somebody who carries them further.
//
// Send returns nil only when the other side has taken the message over. Every failure is a *Failure, which says whether
// another try could succeed, and holds nothing of the message, its recipient or what the other side said in free text.
// Send may be called again with the same Message.ID after a crash: a channel passes the ID on, so that a receiver who can
// tell doubles will. Send ends soon after ctx does. It may be called from several goroutines.
type Channel interface {
	Send(ctx context.Context, m Message) error
}

// Address is a phone number (E.164) or an e-mail address. It prints as [redacted].
type Address string

func (Address) String() string               { return redacted }
func (Address) GoString() string             { return redacted }
func (Address) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Address) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Secret is a credential of ours. It prints as [redacted].
type Secret string

func (Secret) String() string               { return redacted }
func (Secret) GoString() string             { return redacted }
func (Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

const redacted = "[redacted]"

// Message is one message to one recipient. It prints as [redacted]: it may hold a code.
type Message struct {
	ID      string // the same at every try
	To      Address
	Subject string // one line; unused where a channel has none
	Short   string // the whole message where every letter costs
	Plain   string // the whole message as plain text
	HTML    string // the same, dressed; may be empty
	At      time.Time
}

func (Message) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }
func (Message) LogValue() slog.Value       { return slog.StringValue(redacted) }

// Failure is why a message was not handed over.
type Failure struct {
	Permanent bool   // the same message to the same address would fail again
	Reason    string // a few words of ours: a stage, a status code
}

func (f *Failure) Error() string { return "channel: " + f.Reason }

// Permanent says whether err says that trying again is of no use.
func Permanent(err error) bool {
	var f *Failure
	return errors.As(err, &f) && f.Permanent
}

// Reason is the words of a Failure, fit for a log and for the delivery's row.
func Reason(err error) string {
	var f *Failure
	if errors.As(err, &f) {
		return f.Reason
	}
	return "unknown failure"
}

func permanent(format string, args ...any) error {
	return &Failure{true, fmt.Sprintf(format, args...)}
}

func temporary(format string, args ...any) error {
	return &Failure{false, fmt.Sprintf(format, args...)}
}
