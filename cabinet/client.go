package cabinet

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"
)

// Client speaks to a cabinet's control socket. It is used by one goroutine at a time. After an error the next request dials again.
type Client struct {
	path string
	conn net.Conn // nil after an error
	in   *bufio.Reader
}

// Dial connects to the control socket.
func Dial(path string) (*Client, error) {
	c := &Client{path: path}
	return c, c.dial()
}

func (c *Client) dial() error {
	conn, err := net.Dial("unix", c.path)
	if err != nil {
		return fmt.Errorf("cabinet: %w", err)
	}
	c.conn, c.in = conn, bufio.NewReader(conn)
	return nil
}

// Close ends the connection.
func (c *Client) Close() error {
	if c.conn == nil {
		return nil
	}
	err := c.conn.Close()
	c.conn = nil
	return err
}

// Do sends one request and returns its reply; a refusal is an error. After any other error, such as a context that ended, nobody
// knows whether the request was done.
func (c *Client) Do(ctx context.Context, q Request) (Reply, error) {
	if c.conn == nil {
		if err := c.dial(); err != nil {
			return Reply{}, err
		}
	}
	reply, err := c.exchange(ctx, q)
	if err != nil {
		c.Close()
		return reply, fmt.Errorf("cabinet: %s: %w", q.Verb, err)
	}
	if reply.Error != "" {
		return reply, errors.New(reply.Error)
	}
	return reply, nil
}

func (c *Client) exchange(ctx context.Context, q Request) (reply Reply, err error) {
	conn := c.conn
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer func() {
		if !stop() && err == nil {
			err = ctx.Err()
		}
	}()
	if err := json.NewEncoder(conn).Encode(q); err != nil {
		return reply, err
	}
	line, err := c.in.ReadBytes('\n')
	if err != nil {
		return reply, err
	}
	return reply, json.Unmarshal(line, &reply)
}

// Press presses the button for a quarter of a second.
func (c *Client) Press(ctx context.Context, person string) error {
	_, err := c.Do(ctx, Request{Verb: "press", Person: person, HoldMS: 250})
	return err
}

// Put lays a parcel behind an open door.
func (c *Client) Put(ctx context.Context, person string, compartment uint16, p Parcel) error {
	_, err := c.Do(ctx, Request{Verb: "put", Person: person, Compartment: compartment, Parcel: &p})
	return err
}

// Take takes a parcel out; any one without a barcode.
func (c *Client) Take(ctx context.Context, person string, compartment uint16, barcode string) (Parcel, error) {
	reply, err := c.Do(ctx, Request{Verb: "take", Person: person, Compartment: compartment, Barcode: barcode})
	if err != nil {
		return Parcel{}, err
	}
	return *reply.Parcel, nil
}

// CloseDoor shuts a door by hand.
func (c *Client) CloseDoor(ctx context.Context, person string, compartment uint16) error {
	_, err := c.Do(ctx, Request{Verb: "close", Person: person, Compartment: compartment})
	return err
}

// SetInput closes or opens the contact of the case or the jumper.
func (c *Client) SetInput(ctx context.Context, input string, closed bool) error {
	_, err := c.Do(ctx, Request{Verb: "input", Input: input, Closed: closed})
	return err
}

// Scan shows text to the scanner.
func (c *Client) Scan(ctx context.Context, text string) error {
	_, err := c.Do(ctx, Request{Verb: "scan", Text: text})
	return err
}

// Fault breaks something, Mend mends it.
func (c *Client) Fault(ctx context.Context, f Fault) error {
	_, err := c.Do(ctx, Request{Verb: "fault", Fault: &f})
	return err
}

// Mend mends what Fault broke.
func (c *Client) Mend(ctx context.Context, f Fault) error {
	_, err := c.Do(ctx, Request{Verb: "mend", Fault: &f})
	return err
}

// State is the cabinet now.
func (c *Client) State(ctx context.Context) (State, error) {
	reply, err := c.Do(ctx, Request{Verb: "state"})
	if err != nil {
		return State{}, err
	}
	return *reply.State, nil
}

// Log is every entry after the given number.
func (c *Client) Log(ctx context.Context, since int) ([]Entry, error) {
	reply, err := c.Do(ctx, Request{Verb: "log", Since: since})
	return reply.Log, err
}

// Wait returns the state in which a condition holds, or an error when it did not within the time.
func (c *Client) Wait(ctx context.Context, until Condition, timeout time.Duration) (State, error) {
	reply, err := c.Do(ctx, Request{Verb: "wait", Until: &until, TimeoutMS: int(timeout.Milliseconds())})
	if err != nil {
		return State{}, err
	}
	return *reply.State, nil
}
