// Package inbox is the other end of both channels on a development network: a mail server and an SMS gateway that keep what
// they are given, and a page that shows it. It is how the demo's recipient reads their messages.
package inbox

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Message is one SMS or letter that was sent.
type Message struct {
	ID      string    `json:"id"` // the sender's; the same when it came twice
	At      time.Time `json:"at"`
	Channel string    `json:"channel"` // sms · mail
	To      string    `json:"to"`
	Subject string    `json:"subject,omitempty"`
	Text    string    `json:"text"`
	Codes   []string  `json:"codes,omitempty"` // nine digits each, as found in the text
	Links   []string  `json:"links,omitempty"`
	HTML    bool      `json:"html"` // GET /messages/{id}/html has it

	html string
}

// kept bounds how many messages are remembered.
const kept = 1000

// Inbox remembers messages, newest first. Its zero value is not usable; see New.
type Inbox struct {
	now func() time.Time

	mu       sync.Mutex
	messages []Message
	changed  chan struct{} // closed and replaced at every change
}

// New makes an empty inbox.
func New(now func() time.Time) *Inbox {
	return &Inbox{now: now, changed: make(chan struct{})}
}

// All is every message, newest first.
func (b *Inbox) All() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.messages)
}

// changes is closed at the next change.
func (b *Inbox) changes() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changed
}

var (
	grouped = regexp.MustCompile(`\b[0-9]{3} [0-9]{3} [0-9]{3}\b`)
	address = regexp.MustCompile(`https?://[^\s<>"]+`)
)

func (b *Inbox) add(m Message) {
	m.At, m.HTML = b.now(), m.html != ""
	m.Links = address.FindAllString(m.Text, -1)
	for _, code := range grouped.FindAllString(m.Text, -1) {
		m.Codes = append(m.Codes, strings.ReplaceAll(code, " ", ""))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages = append([]Message{m}, b.messages[:min(len(b.messages), kept-1)]...)
	close(b.changed)
	b.changed = make(chan struct{})
}
