package channel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/wneessen/go-mail"
)

// SMTPConfig is a mail server that takes our letters.
type SMTPConfig struct {
	Host     string
	Port     int
	TLS      TLSMode
	User     string // empty: no authentication
	Password Secret
	From     string // RFC 5322 mailbox, may hold a name
	Timeout  time.Duration
}

// TLSMode is how the connection to a mail server is kept private.
type TLSMode string

const (
	STARTTLS TLSMode = "starttls" // plain at first, then TLS, or nothing is sent (RFC 3207)
	Implicit TLSMode = "tls"      // TLS from the first byte (RFC 8314)
	NoTLS    TLSMode = "none"     // only for a server on a loopback address
)

// SMTP sends letters through a mail server. A connection is made for each.
type SMTP struct {
	client *mail.Client
	from   string
}

// NewSMTP checks the configuration. It does not connect.
func NewSMTP(c SMTPConfig) (*SMTP, error) {
	security, err := c.security()
	if err != nil {
		return nil, err
	}
	if err := mail.NewMsg().From(c.From); err != nil {
		return nil, fmt.Errorf("channel: smtp: %q is no sender's address", c.From)
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	options := append(security, mail.WithPort(c.Port), mail.WithTimeout(c.Timeout))
	if c.User != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(c.User), mail.WithPassword(string(c.Password)))
	}
	client, err := mail.NewClient(c.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("channel: smtp: %w", err)
	}
	return &SMTP{client, c.From}, nil
}

func (c SMTPConfig) security() ([]mail.Option, error) {
	switch c.TLS {
	case STARTTLS:
		return []mail.Option{mail.WithTLSPolicy(mail.TLSMandatory)}, nil
	case Implicit:
		return []mail.Option{mail.WithSSL()}, nil
	case NoTLS:
		if ip := net.ParseIP(c.Host); c.Host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return nil, fmt.Errorf("channel: smtp: no TLS is only for this machine, not for %s", c.Host)
		}
		return []mail.Option{mail.WithTLSPolicy(mail.NoTLS)}, nil
	}
	return nil, fmt.Errorf("channel: smtp: TLS is starttls, tls or none, not %q", c.TLS)
}

// Send implements Channel.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	letter, err := s.letter(m)
	if err != nil {
		return err
	}
	connection, err := s.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return smtpFailure(err)
	}
	err = s.client.SendWithSMTPClient(connection, letter)
	_ = s.client.CloseWithSMTPClient(connection) // a letter that was taken stays taken, however the server says good-bye
	if err != nil {
		return smtpFailure(err)
	}
	return nil
}

func (s *SMTP) letter(m Message) (*mail.Msg, error) {
	letter := mail.NewMsg()
	if err := letter.From(s.from); err != nil {
		return nil, permanent("smtp: the sender's address is wrong")
	}
	if err := letter.To(string(m.To)); err != nil {
		return nil, permanent("smtp: the recipient's address is not one")
	}
	letter.Subject(m.Subject)
	letter.SetMessageIDWithValue(m.ID + "@lockstep")
	letter.SetDateWithValue(m.At)
	letter.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834
	letter.SetBodyString(mail.TypeTextPlain, m.Plain)
	if m.HTML != "" {
		letter.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}
	return letter, nil
}

// smtpFailure keeps the reply's code and whether it is final (RFC 5321 §4.2.1: 5yz), and drops its text, in which servers
// repeat the address. A refused log-in is ours to mend, not the recipient's: it stays temporary.
func smtpFailure(err error) error {
	var refused *mail.SendError
	if !errors.As(err, &refused) {
		return temporary("smtp: no connection, or no log-in")
	}
	code := refused.ErrorCode()
	if code >= 500 && code < 600 && !refused.IsTemp() && code != 530 && code != 535 {
		return permanent("smtp: refused with %d", code)
	}
	return temporary("smtp: not taken, code %d", code)
}
