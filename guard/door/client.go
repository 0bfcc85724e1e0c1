package door

import (
	"context"
	"fmt"
	"net"
	"time"
)

// KioskClient speaks the kiosk's verbs on the guard's kiosk socket. One goroutine at a time uses it. After an error the
// connection is gone and the next Do dials again; a request is never sent twice by itself, so after an error the caller does
// not know whether the guard acted on it.
type KioskClient struct{ peer }

// DialKiosk connects to the guard's kiosk socket. The client may be used also after an error: Do then dials again.
func DialKiosk(path string) (*KioskClient, error) {
	c := KioskOver(socket(path))
	return c, c.dial(context.Background())
}

// KioskOver is a client that gets its connections from dial, at its first Do and after each error.
func KioskOver(dial func(context.Context) (net.Conn, error)) *KioskClient {
	return &KioskClient{peer{connect: dial}}
}

// Do asks the guard and waits for its reply; ctx ends the wait.
func (c *KioskClient) Do(ctx context.Context, request KioskRequest) (KioskReply, error) {
	var reply KioskReply
	err := c.exchange(ctx, request, MaxFrame, &reply)
	return reply, err
}

// LinkClient speaks the link's verbs on the guard's link socket, under the same contract as KioskClient.
type LinkClient struct{ peer }

// DialLink connects to the guard's link socket. The client may be used also after an error: Do then dials again.
func DialLink(path string) (*LinkClient, error) {
	c := LinkOver(socket(path))
	return c, c.dial(context.Background())
}

// LinkOver is a client that gets its connections from dial, at its first Do and after each error.
func LinkOver(dial func(context.Context) (net.Conn, error)) *LinkClient {
	return &LinkClient{peer{connect: dial}}
}

// Do asks the guard and waits for its reply; ctx ends the wait.
func (c *LinkClient) Do(ctx context.Context, request LinkRequest) (LinkReply, error) {
	var reply LinkReply
	err := c.exchange(ctx, request, MaxJournalFrame, &reply)
	return reply, err
}

// peer is one end of a socket on which every request has one reply.
type peer struct {
	connect func(context.Context) (net.Conn, error)
	conn    net.Conn // nil before the first use and after an error
}

func socket(path string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "unix", path) }
}

// Close ends the connection; a later Do would dial again.
func (p *peer) Close() error {
	if p.conn == nil {
		return nil
	}
	err := p.conn.Close()
	p.conn = nil
	return err
}

func (p *peer) dial(ctx context.Context) error {
	conn, err := p.connect(ctx)
	if err != nil {
		return fmt.Errorf("door: the guard does not answer: %w", err)
	}
	p.conn = conn
	return nil
}

// exchange fills reply, a pointer, or leaves the peer without a connection.
func (p *peer) exchange(ctx context.Context, request any, limit int, reply any) (err error) {
	if p.conn == nil {
		if err := p.dial(ctx); err != nil {
			return err
		}
	}
	conn := p.conn
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer func() {
		if interrupted := !stop(); err == nil && !interrupted {
			return
		}
		_ = p.Close()
		if ctx.Err() != nil && err != nil {
			err = ctx.Err()
		}
	}()
	if err := Send(conn, MaxFrame, request); err != nil {
		return fmt.Errorf("door: %w", err)
	}
	if err := Receive(conn, limit, reply); err != nil {
		return fmt.Errorf("door: %w", err)
	}
	return nil
}
