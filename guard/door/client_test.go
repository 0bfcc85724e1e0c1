package door_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"path/filepath"
	"testing"

	"lockstep/guard/door"
	"lockstep/guard/statement"
)

func TestFrameBounds(t *testing.T) {
	frame := func(length uint32, payload int) []byte {
		return append(binary.BigEndian.AppendUint32(nil, length), make([]byte, payload)...)
	}
	for _, c := range []struct {
		name string
		in   []byte
		want error
	}{
		{"nothing", nil, io.EOF},
		{"half a length", []byte{0, 0}, io.ErrUnexpectedEOF},
		{"no payload yet", frame(4, 0), io.ErrUnexpectedEOF},
		{"half a payload", frame(4, 2), io.ErrUnexpectedEOF},
		{"empty", frame(0, 0), door.ErrFrame},
		{"one too long", frame(door.MaxFrame+1, door.MaxFrame+1), door.ErrFrame},
		{"as long as can be said", frame(1<<32-1, 0), door.ErrFrame},
		{"longest", frame(door.MaxFrame, door.MaxFrame), nil},
	} {
		_, err := door.ReadFrame(bytes.NewReader(c.in), door.MaxFrame)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	for _, n := range []int{0, door.MaxFrame + 1} {
		if err := door.WriteFrame(io.Discard, make([]byte, n), door.MaxFrame); !errors.Is(err, door.ErrFrame) {
			t.Errorf("%d bytes were written: %v", n, err)
		}
	}
}

// listen answers each connection with serve, as a guard would.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serve(conn)
			conn.Close()
		}
	}()
	return path
}

func TestClientDialsAgainAfterAnError(t *testing.T) {
	connections := uint64(0)
	path := listen(t, func(conn net.Conn) {
		connections++
		var request door.LinkRequest
		if err := door.Receive(conn, door.MaxFrame, &request); err != nil {
			return
		}
		_ = door.Send(conn, door.MaxJournalFrame, door.LinkReply{Accepted: true, Position: connections})
	})
	client, err := door.DialLink(path)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for want := uint64(1); want <= 2; want++ {
		reply, err := client.Do(t.Context(), door.LinkRequest{Verb: door.Hello})
		if err != nil || reply.Position != want {
			t.Fatalf("got %+v, %v, want connection %d", reply, err, want)
		}
		if _, err := client.Do(t.Context(), door.LinkRequest{Verb: door.Hello}); err == nil {
			t.Fatal("a request on a closed connection was answered")
		}
	}
}

func TestClientStopsWaiting(t *testing.T) {
	asked := make(chan struct{}, 1)
	path := listen(t, func(conn net.Conn) {
		_, _ = door.ReadFrame(conn, door.MaxFrame)
		asked <- struct{}{}
		_, _ = door.ReadFrame(conn, door.MaxFrame) // until the client goes
	})
	client, err := door.DialKiosk(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := client.Do(ctx, door.KioskRequest{Verb: door.Watch}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestClientRefusesALooseReply(t *testing.T) {
	path := listen(t, func(conn net.Conn) {
		if _, err := door.ReadFrame(conn, door.MaxFrame); err == nil {
			_ = door.WriteFrame(conn, []byte{0xbf, 0x01, 0xf5, 0xff}, door.MaxFrame) // a map of indefinite length
		}
	})
	client, err := door.DialKiosk(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Do(t.Context(), door.KioskRequest{Verb: door.Courier}); statement.Reason(err) != "parse" {
		t.Errorf("got %v, want a parse refusal", err)
	}
	if _, err := door.DialKiosk(path + ".none"); err == nil {
		t.Error("a socket that is not there was dialled")
	}
}
