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

// Client speaks to a cabinet's control socket. It is used by one goroutine at a time.
type Client struct {
	conn net.Conn
	in   *bufio.Reader
}

// Dial connects to the control socket.
func Dial(path string) (*Client, error) {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return nil, fmt.Errorf("cabinet: %w", err)
	}
	return &Client{conn, bufio.NewReader(conn)}, nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }

// Do sends one request and returns its reply; a refusal is an error. A context that ends leaves the client unusable.
func (c *Client) Do(ctx context.Context, q Request) (Reply, error) {
	stop := context.AfterFunc(ctx, func() { c.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var reply Reply
	if err := json.NewEncoder(c.conn).Encode(q); err != nil {
		return reply, fmt.Errorf("cabinet: %s: %w", q.Verb, err)
	}
	line, err := c.in.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &reply)
	}
	if err != nil {
		return reply, fmt.Errorf("cabinet: %s: %w", q.Verb, err)
	}
	if reply.Error != "" {
		return reply, errors.New(reply.Error)
	}
	return reply, nil
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

// WaitOpened waits until some door has been opened after the given entry of the log, and says which.
func (c *Client) WaitOpened(ctx context.Context, since int, timeout time.Duration) (uint16, error) {
	if _, err := c.Wait(ctx, Condition{What: DoorOpened, Since: since}, timeout); err != nil {
		return 0, err
	}
	log, err := c.Log(ctx, since)
	for _, e := range log {
		if e.What == DoorOpened {
			return e.Compartment, nil
		}
	}
	return 0, err
}
