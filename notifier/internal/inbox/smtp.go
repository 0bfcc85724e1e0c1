package inbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// ServeMail takes letters on a listener until ctx ends.
func (b *Inbox) ServeMail(ctx context.Context, listener net.Listener) error {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{inbox: b}, nil }))
	server.Domain = "inbox.local"
	server.ReadTimeout, server.WriteTimeout = time.Minute, time.Minute
	server.MaxMessageBytes, server.MaxRecipients = 1<<20, 10
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); err != nil && !errors.Is(err, smtp.ErrServerClosed) && ctx.Err() == nil {
		return fmt.Errorf("inbox: mail: %w", err)
	}
	return nil
}

type session struct {
	inbox *Inbox
	to    []string
}

func (s *session) Mail(string, *smtp.MailOptions) error { s.to = nil; return nil }
func (s *session) Reset()                               { s.to = nil }
func (*session) Logout() error                          { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	m, err := readLetter(r)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "not a letter this inbox can read"}
	}
	m.To = strings.Join(s.to, ", ")
	s.inbox.add(m)
	return nil
}

func readLetter(r io.Reader) (Message, error) {
	letter, err := mail.ReadMessage(r)
	if err != nil {
		return Message{}, err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(letter.Header.Get("Subject"))
	if err != nil {
		return Message{}, err
	}
	m := Message{Channel: "mail", Subject: subject, ID: strings.Trim(letter.Header.Get("Message-ID"), "<>")}
	kind, params, err := mime.ParseMediaType(letter.Header.Get("Content-Type"))
	if err != nil {
		return Message{}, err
	}
	if !strings.HasPrefix(kind, "multipart/") {
		m.Text, err = decoded(letter.Body, letter.Header.Get("Content-Transfer-Encoding"))
		return m, err
	}
	return m, m.parts(multipart.NewReader(letter.Body, params["boundary"]))
}

func (m *Message) parts(r *multipart.Reader) error {
	for {
		part, err := r.NextPart() // undoes quoted-printable itself
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		body, err := decoded(part, part.Header.Get("Content-Transfer-Encoding"))
		if err != nil {
			return err
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			m.html = body
		} else {
			m.Text = body
		}
	}
}

func decoded(r io.Reader, encoding string) (string, error) {
	if strings.EqualFold(encoding, "quoted-printable") {
		r = quotedprintable.NewReader(r)
	}
	body, err := io.ReadAll(io.LimitReader(r, 1<<20))
	return strings.ReplaceAll(string(body), "\r\n", "\n"), err
}
