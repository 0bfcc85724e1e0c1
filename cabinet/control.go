package cabinet

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// Request is one line of JSON on the control socket; Reply is the line that answers it. Requests of one connection are
// done in order; wait blocks only its own connection.
//
//	state                                          → State
//	stand   {person}                               who is before the cabinet from now on
//	press   {person, holdMs}                       a hand on the button
//	put     {person, compartment, parcel}          the door must be open
//	take    {person, compartment, barcode}         → Parcel; without a barcode any one
//	close   {person, compartment}
//	force   {person, compartment}                  with a crowbar
//	input   {input: "case"|"jumper", closed}
//	fault   {fault}     mend {fault}               break and mend, see Fault
//	scan    {text}                                 the scanner reads this
//	inject  {line, hex}                            bytes from somewhere else on the cable
//	log     {since}                                → Log, the entries after that number
//	wait    {until, timeoutMs}                     → State, when the Condition holds
type Request struct {
	Verb        string     `json:"verb"`
	Person      string     `json:"person,omitempty"`
	Compartment uint16     `json:"compartment,omitempty"`
	HoldMS      int        `json:"holdMs,omitempty"`
	Parcel      *Parcel    `json:"parcel,omitempty"`
	Barcode     string     `json:"barcode,omitempty"`
	Input       string     `json:"input,omitempty"`
	Closed      bool       `json:"closed,omitempty"`
	Fault       *Fault     `json:"fault,omitempty"`
	Text        string     `json:"text,omitempty"`
	Line        string     `json:"line,omitempty"`
	Hex         string     `json:"hex,omitempty"`
	Since       int        `json:"since,omitempty"`
	Until       *Condition `json:"until,omitempty"`
	TimeoutMS   int        `json:"timeoutMs,omitempty"`
}

// Reply answers a Request. Error is empty when it was done.
type Reply struct {
	Error  string  `json:"error,omitempty"`
	State  *State  `json:"state,omitempty"`
	Parcel *Parcel `json:"parcel,omitempty"`
	Log    []Entry `json:"log,omitempty"`
}

// maxRequest bounds one line.
const maxRequest = 64 << 10

var verbs = map[string]func(*Running, context.Context, Request, *Reply) error{
	"state": func(*Running, context.Context, Request, *Reply) error { return nil },
	"stand": func(r *Running, _ context.Context, q Request, _ *Reply) error { r.Cabinet.Stand(q.Person); return nil },
	"press": func(r *Running, _ context.Context, q Request, _ *Reply) error {
		r.Cabinet.Press(q.Person, time.Duration(q.HoldMS)*time.Millisecond)
		return nil
	},
	"put": func(r *Running, _ context.Context, q Request, _ *Reply) error {
		if q.Parcel == nil {
			return errors.New("cabinet: no parcel")
		}
		return r.Cabinet.Put(q.Person, q.Compartment, *q.Parcel)
	},
	"take": func(r *Running, _ context.Context, q Request, p *Reply) error {
		taken, err := r.Cabinet.Take(q.Person, q.Compartment, q.Barcode)
		if err == nil {
			p.Parcel = &taken
		}
		return err
	},
	"close": func(r *Running, _ context.Context, q Request, _ *Reply) error {
		return r.Cabinet.Close(q.Person, q.Compartment)
	},
	"force": func(r *Running, _ context.Context, q Request, _ *Reply) error {
		return r.Cabinet.Force(q.Person, q.Compartment)
	},
	"input": func(r *Running, _ context.Context, q Request, _ *Reply) error {
		return r.Cabinet.SetInput(q.Input, q.Closed)
	},
	"fault": func(r *Running, _ context.Context, q Request, _ *Reply) error {
		if q.Fault == nil {
			return errors.New("cabinet: no fault")
		}
		return r.Cabinet.SetFault(*q.Fault)
	},
	"mend": func(r *Running, _ context.Context, q Request, _ *Reply) error {
		if q.Fault == nil {
			return errors.New("cabinet: no fault")
		}
		r.Cabinet.ClearFault(*q.Fault)
		return nil
	},
	"scan": func(r *Running, _ context.Context, q Request, _ *Reply) error { return r.Scan(q.Text) },
	"inject": func(r *Running, _ context.Context, q Request, _ *Reply) error {
		bytes, err := hex.DecodeString(q.Hex)
		if err != nil {
			return fmt.Errorf("cabinet: %w", err)
		}
		return r.Inject(q.Line, bytes)
	},
	"log": func(r *Running, _ context.Context, q Request, p *Reply) error {
		p.Log = r.Cabinet.Log(q.Since)
		return nil
	},
	"wait": func(r *Running, ctx context.Context, q Request, _ *Reply) error {
		if q.Until == nil {
			return errors.New("cabinet: nothing to wait for")
		}
		ctx, cancel := context.WithTimeout(ctx, time.Duration(q.TimeoutMS)*time.Millisecond)
		defer cancel()
		return r.Cabinet.Wait(ctx, *q.Until)
	},
}

// do carries out one request.
func (r *Running) do(ctx context.Context, q Request) Reply {
	var p Reply
	verb, ok := verbs[q.Verb]
	if !ok {
		return Reply{Error: fmt.Sprintf("cabinet: no verb %q", q.Verb)}
	}
	if err := verb(r, ctx, q, &p); err != nil {
		p.Error = err.Error()
	}
	if q.Verb != "log" {
		state := r.Cabinet.State()
		p.State = &state
	}
	return p
}

// listenControl makes the socket, for its owner only. Its directory must keep others from racing for it.
func listenControl(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("cabinet: control socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("cabinet: control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (r *Running) serveControl(ctx context.Context, l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return // the listener was closed
		}
		r.wait.Go(func() {
			defer conn.Close()
			stop := context.AfterFunc(ctx, func() { conn.Close() })
			defer stop()
			r.converse(ctx, conn)
		})
	}
}

func (r *Running) converse(ctx context.Context, conn net.Conn) {
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, maxRequest)
	out := json.NewEncoder(conn)
	for lines.Scan() {
		var q Request
		reply := Reply{}
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			reply.Error = "cabinet: " + err.Error()
		} else {
			reply = r.do(ctx, q)
		}
		if out.Encode(reply) != nil {
			return // the peer has gone
		}
	}
}
