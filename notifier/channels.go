package notifier

import (
	"context"
	"errors"
	"fmt"
	"net"

	"golang.org/x/sync/errgroup"

	"lockstep/guard/statement"
	"lockstep/notifier/internal/channel"
	"lockstep/notifier/internal/inbox"
)

// channels opens the ways messages go. With an inbox, what is not configured goes there.
func (c Config) channels(ctx context.Context, tasks *errgroup.Group, charter statement.Charter) (map[channel.Name]channel.Channel, error) {
	if c.Inbox != "" {
		if err := c.openInbox(ctx, tasks, charter); err != nil {
			return nil, err
		}
	}
	open := map[channel.Name]channel.Channel{}
	if c.SMTP != nil {
		mail, err := channel.NewSMTP(*c.SMTP)
		if err != nil {
			return nil, err
		}
		open[channel.ByMail] = mail
	}
	if c.SMS != nil {
		sms, err := channel.NewSMS(*c.SMS)
		if err != nil {
			return nil, err
		}
		open[channel.BySMS] = sms
	}
	if len(open) == 0 {
		return nil, errors.New("notifier: no channel: configure a mail server or an SMS gateway, or the demo inbox")
	}
	return open, nil
}

// openInbox starts the demo inbox and points the channels to it.
func (c *Config) openInbox(ctx context.Context, tasks *errgroup.Group, charter statement.Charter) error {
	if !charter.Development {
		return errors.New("notifier: the inbox shows everybody's messages; it is for development charters only")
	}
	host, _, err := net.SplitHostPort(c.Inbox)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("notifier: the inbox is for a loopback address such as 127.0.0.1:8025, not %s", c.Inbox)
	}
	page, err := net.Listen("tcp", c.Inbox)
	if err != nil {
		return fmt.Errorf("notifier: inbox: %w", err)
	}
	mail, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return errors.Join(fmt.Errorf("notifier: inbox: %w", err), page.Close())
	}
	box := inbox.New(c.Clock.Now)
	tasks.Go(func() error { return box.ServeMail(ctx, mail) })
	tasks.Go(func() error { return serve(ctx, page, box.Handler(), c.Log) })
	if c.SMTP == nil {
		c.SMTP = &SMTPConfig{Host: host, Port: mail.Addr().(*net.TCPAddr).Port, TLS: channel.NoTLS, From: "Lockstep <noreply@lockstep.example>"}
	}
	if c.SMS == nil {
		c.SMS = &SMSConfig{Method: "POST", URL: "http://" + page.Addr().String() + "/gateway/sms",
			Headers: map[string]string{"Content-Type": "application/json"}, Body: inbox.GatewayBody}
	}
	c.Log.Info("inbox", "page", "http://"+page.Addr().String()+"/", "mail", mail.Addr().String())
	return nil
}
