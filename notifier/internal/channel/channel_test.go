package channel_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"lockstep/notifier/internal/channel"
)

// far is the other side of a channel under test. answer is a status: HTTP's, or SMTP's reply to RCPT.
type far struct {
	mu     sync.Mutex
	answer int
	got    []received
}

type received struct{ id, to, text string }

func (f *far) set(answer int) { f.mu.Lock(); f.answer = answer; f.mu.Unlock() }

func (f *far) take(r received) { f.mu.Lock(); f.got = append(f.got, r); f.mu.Unlock() }

func (f *far) all() []received { f.mu.Lock(); defer f.mu.Unlock(); return f.got }

type kind struct {
	to            channel.Address
	wants         func(channel.Message) string
	ok, no, later int // answers: taken, refused for good, try again
	open          func(t *testing.T, f *far) channel.Channel
	dead          func(t *testing.T) channel.Channel
}

var kinds = map[string]kind{
	"smtp": {
		to: "anna@example.org", ok: 0, no: 550, later: 451,
		wants: func(m channel.Message) string { return m.Plain },
		open:  openSMTP,
		dead:  func(t *testing.T) channel.Channel { return newSMTP(t, "127.0.0.1", 1) },
	},
	"sms": {
		to: "+79161234567", ok: 202, no: 422, later: 503,
		wants: func(m channel.Message) string { return m.Short },
		open:  openSMS,
		dead:  func(t *testing.T) channel.Channel { return newSMS(t, "http://127.0.0.1:1/send") },
	},
}

func message(to channel.Address) channel.Message {
	return channel.Message{ID: "m-1", To: to, Subject: "Ваша посылка", Short: "Код 123 456 789 \"&=\\ €",
		Plain: "Код 123 456 789, до 12 декабря", HTML: "<p>Код</p>", At: time.Unix(1e9, 0).UTC()}
}

// TestContract runs every channel through what Channel promises.
func TestContract(t *testing.T) {
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Run("taken once, whole, with its id", func(t *testing.T) {
				f := &far{answer: k.ok}
				c, m := k.open(t, f), message(k.to)
				if err := c.Send(t.Context(), m); err != nil {
					t.Fatal(err)
				}
				got := f.all()
				if len(got) != 1 || got[0].to != string(k.to) || got[0].text != k.wants(m) || !strings.Contains(got[0].id, m.ID) {
					t.Fatalf("arrived: %+v", got)
				}
			})
			t.Run("refused for good", func(t *testing.T) { fails(t, k, k.no, true) })
			t.Run("try again later, then taken", func(t *testing.T) {
				f := &far{answer: k.later}
				c := k.open(t, f)
				if err := c.Send(t.Context(), message(k.to)); err == nil || channel.Permanent(err) {
					t.Fatalf("want a temporary failure, got %v", err)
				}
				f.set(k.ok)
				if err := c.Send(t.Context(), message(k.to)); err != nil {
					t.Fatal(err)
				}
			})
			t.Run("nobody there", func(t *testing.T) {
				err := k.dead(t).Send(t.Context(), message(k.to))
				if err == nil || channel.Permanent(err) {
					t.Fatalf("want a temporary failure, got %v", err)
				}
				silent(t, err)
			})
			t.Run("cancelled", func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if err := k.open(t, &far{answer: k.ok}).Send(ctx, message(k.to)); err == nil || channel.Permanent(err) {
					t.Fatalf("want a temporary failure, got %v", err)
				}
			})
		})
	}
}

func fails(t *testing.T, k kind, answer int, permanent bool) {
	t.Helper()
	f := &far{answer: answer}
	err := k.open(t, f).Send(t.Context(), message(k.to))
	if err == nil || channel.Permanent(err) != permanent {
		t.Fatalf("permanent %v wanted, got %v", permanent, err)
	}
	if len(f.all()) != 0 {
		t.Fatal("a refused message arrived")
	}
	silent(t, err)
}

// silent fails where an error tells about the recipient or the message.
func silent(t *testing.T, err error) {
	t.Helper()
	var f *channel.Failure
	if !errors.As(err, &f) {
		t.Fatalf("%T is no Failure", err)
	}
	for _, word := range []string{"anna", "7916", "123 456", "Код"} {
		if strings.Contains(fmt.Sprintf("%v %+v %s", err, f, channel.Reason(err)), word) {
			t.Fatalf("%v tells %q", err, word)
		}
	}
}

func TestNothingPersonalPrints(t *testing.T) {
	m := message("anna@example.org")
	var out strings.Builder
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "message", m, "to", m.To)
	b, _ := json.Marshal(m.To)
	fmt.Fprintf(&out, "%v %+v %#v %s %q %x %s", m, m, m, m, m, m, b)
	mailer, gateway := channel.SMTPConfig{Password: "hunter2"}, channel.SMSConfig{Secret: "hunter2"}
	fmt.Fprintf(&out, "%v %+v %#v %v %+v %#v", mailer, mailer, mailer, gateway, gateway, gateway)
	for _, word := range []string{"anna", "123", "Код", "hunter2"} {
		if strings.Contains(out.String(), word) {
			t.Errorf("printed: %s", out.String())
		}
	}
}

func TestSMTPConfig(t *testing.T) {
	for _, c := range []channel.SMTPConfig{
		{Host: "mail.example.org", Port: 25, TLS: channel.NoTLS, From: "a@b.c"},
		{Host: "mail.example.org", Port: 25, TLS: "maybe", From: "a@b.c"},
		{Host: "mail.example.org", Port: 25, TLS: channel.STARTTLS, From: "nobody"},
	} {
		if _, err := channel.NewSMTP(c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}

// A server without STARTTLS gets no letter where STARTTLS is asked for.
func TestSTARTTLSIsMandatory(t *testing.T) {
	f := &far{}
	host, port := serveSMTP(t, f)
	c, err := channel.NewSMTP(channel.SMTPConfig{Host: host, Port: port, TLS: channel.STARTTLS, From: "a@b.c"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Send(t.Context(), message("anna@example.org")); err == nil || len(f.all()) != 0 {
		t.Fatalf("sent in the clear: %v", err)
	}
}

func TestSMSConfig(t *testing.T) {
	json := map[string]string{"Content-Type": "application/json"}
	for name, c := range map[string]channel.SMSConfig{
		"no host":         {Method: "POST", URL: "/send", Body: "{{.Text}}"},
		"unknown value":   {Method: "POST", URL: "http://g/", Body: "{{.Name}}"},
		"broken template": {Method: "POST", URL: "http://g/", Body: "{{.Text"},
		"not JSON":        {Method: "POST", URL: "http://g/", Headers: json, Body: `{"t":{{.Text}}}`},
		"other type":      {Method: "POST", URL: "http://g/", Headers: map[string]string{"content-type": "text/xml"}},
		"success":         {Method: "POST", URL: "http://g/", Success: "all"},
		"method":          {Method: "PO ST", URL: "http://g/"},
	} {
		if _, err := channel.NewSMS(c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// A form gateway gets exactly the values, whatever is in them.
func TestSMSForm(t *testing.T) {
	var got url.Values
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		got = r.Form
	}))
	defer server.Close()
	c, err := channel.NewSMS(channel.SMSConfig{Method: "POST", URL: server.URL + "/?key={{.Secret}}", Secret: "a&b=c",
		Headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, Body: "phone={{.To}}&text={{.Text}}"})
	if err != nil {
		t.Fatal(err)
	}
	m := channel.Message{To: "+7 916", Short: "a&phone=+1 %00 я\n"}
	if err := c.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got.Get("key") != "a&b=c" || got["phone"][0] != "+7 916" || len(got["phone"]) != 1 || got.Get("text") != m.Short {
		t.Fatalf("%q", got)
	}
}

func openSMS(t *testing.T, f *far) channel.Channel {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ To, Text string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		f.mu.Lock()
		answer := f.answer
		f.mu.Unlock()
		if answer < 300 {
			f.take(received{r.Header.Get("Idempotency-Key"), body.To, body.Text})
		}
		w.WriteHeader(answer)
		fmt.Fprintf(w, "about %s: %s", body.To, body.Text)
	}))
	t.Cleanup(server.Close)
	return newSMS(t, server.URL)
}

func newSMS(t *testing.T, target string) channel.Channel {
	c, err := channel.NewSMS(channel.SMSConfig{Method: "POST", URL: target,
		Headers: map[string]string{"Content-Type": "application/json", "Idempotency-Key": "{{.ID}}"},
		Body:    `{"to":"{{.To}}","text":"{{.Text}}"}`})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func openSMTP(t *testing.T, f *far) channel.Channel {
	host, port := serveSMTP(t, f)
	return newSMTP(t, host, port)
}

func newSMTP(t *testing.T, host string, port int) channel.Channel {
	c, err := channel.NewSMTP(channel.SMTPConfig{Host: host, Port: port, TLS: channel.NoTLS, From: "Lockstep <noreply@example.net>"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func serveSMTP(t *testing.T, f *far) (string, int) {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailSession{far: f}, nil }))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return "127.0.0.1", listener.Addr().(*net.TCPAddr).Port
}

type mailSession struct {
	far *far
	to  string
}

func (*mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (*mailSession) Reset()                               {}
func (*mailSession) Logout() error                        { return nil }

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.far.mu.Lock()
	defer s.far.mu.Unlock()
	if s.far.answer != 0 {
		return &smtp.SMTPError{Code: s.far.answer, EnhancedCode: smtp.EnhancedCode{s.far.answer / 100, 1, 1}, Message: "no " + to}
	}
	s.to = to
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	letter, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	_, params, err := mime.ParseMediaType(letter.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	text, err := firstPart(letter.Body, params["boundary"])
	if err != nil {
		return err
	}
	s.far.take(received{letter.Header.Get("Message-ID"), s.to, text})
	return nil
}
