package guard

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lockstep/guard/door"
	"lockstep/guard/statement"
)

// running is a guard without wires behind real sockets.
func running(t *testing.T) (kiosk, link string) {
	t.Helper()
	g, dir := onDisk(t, &fullDisk{})
	kiosk, link = filepath.Join(dir, "k"), filepath.Join(dir, "l")
	k, l, err := openSockets(Socket{kiosk, os.Getuid(), -1}, Socket{link, os.Getuid(), -1})
	check(t, err)
	go g.accept(k, os.Getuid(), g.serveKiosk)
	go g.accept(l, os.Getuid(), g.serveLink)
	ctx, cancel := context.WithCancel(t.Context())
	go g.run(ctx)
	t.Cleanup(func() { cancel(); k.Close(); l.Close(); <-g.done })
	return kiosk, link
}

func dialUnix(t *testing.T, path string) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", path)
	check(t, err)
	t.Cleanup(func() { conn.Close() })
	check(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	return conn
}

// answers says whether a connection is served.
func answers(conn net.Conn) error {
	if err := door.Send(conn, door.MaxFrame, door.LinkRequest{Verb: door.Hello}); err != nil {
		return err
	}
	var reply door.LinkReply
	return door.Receive(conn, door.MaxJournalFrame, &reply)
}

func TestSocketFilesAreForOneGroup(t *testing.T) {
	kiosk, link := running(t)
	for _, path := range []string{kiosk, link} {
		info, err := os.Stat(path)
		check(t, err)
		if info.Mode().Perm() != 0o660 {
			t.Errorf("%s has mode %o", filepath.Base(path), info.Mode().Perm())
		}
	}
}

func TestMalformedFramesEndTheConnection(t *testing.T) {
	kiosk, link := running(t)
	frame := func(payload ...byte) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), payload...)
	}
	for name, sent := range map[string][]byte{
		"no length":         frame(),
		"a length of 4 GiB": {0xff, 0xff, 0xff, 0xff},
		"one too long":      binary.BigEndian.AppendUint32(nil, door.MaxFrame+1),
		"not CBOR":          frame(0xff),
		"indefinite":        frame(0xbf, 0x01, 0x61, 'x', 0xff),
		"an unknown key":    frame(statement.Encode(map[int]string{1: "hello", 99: "open"})...),
		"a trailing byte":   frame(append(statement.Encode(door.LinkRequest{Verb: door.Hello}), 0)...),
		"no map":            frame(0x01),
	} {
		for _, path := range []string{kiosk, link} {
			conn := dialUnix(t, path)
			if _, err := conn.Write(sent); err != nil {
				t.Fatal(err)
			}
			if _, err := door.ReadFrame(conn, door.MaxFrame); err != nil {
				t.Errorf("%s: no answer: %v", name, err)
			}
			if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Errorf("%s: the connection goes on: %v", name, err)
			}
		}
	}
	check(t, answers(dialUnix(t, link)))
}

// TestNeitherSocketKnowsTheOthersVerbs: C07.
func TestNeitherSocketKnowsTheOthersVerbs(t *testing.T) {
	kiosk, link := running(t)
	conn := dialUnix(t, link)
	for _, verb := range []door.LinkVerb{"code", "secret", "courier", "present", "cancel", "watch", "open", ""} {
		check(t, door.Send(conn, door.MaxFrame, door.LinkRequest{Verb: verb}))
		var reply door.LinkReply
		check(t, door.Receive(conn, door.MaxJournalFrame, &reply))
		if reply.Accepted || reply.Reason != "verb" {
			t.Errorf("the link's socket took %q: %+v", verb, reply)
		}
	}
	conn = dialUnix(t, kiosk)
	for _, verb := range []door.KioskVerb{"hello", "records", "head", "down", "receipt", "open", ""} {
		check(t, door.Send(conn, door.MaxFrame, door.KioskRequest{Verb: verb}))
		var reply door.KioskReply
		check(t, door.Receive(conn, door.MaxFrame, &reply))
		if reply.Accepted || reply.Reason != door.Malformed {
			t.Errorf("the kiosk's socket took %q: %+v", verb, reply)
		}
	}
}

func TestASlowFrameIsCutAndOthersAreServed(t *testing.T) {
	_, link := running(t)
	slow := dialUnix(t, link)
	if _, err := slow.Write([]byte{0, 0}); err != nil {
		t.Fatal(err)
	}
	check(t, answers(dialUnix(t, link)))
	begun := time.Now()
	_, _ = io.Copy(io.Discard, slow) // until the guard hangs up
	if took := time.Since(begun); took > 2*restOfFrame {
		t.Errorf("half a frame was waited for for %s", took)
	}
}

func TestTooManyConnections(t *testing.T) {
	_, link := running(t)
	var open []net.Conn
	for range maxPeers {
		conn := dialUnix(t, link)
		check(t, answers(conn))
		open = append(open, conn)
	}
	for range 20 {
		if answers(dialUnix(t, link)) == nil {
			t.Fatal("one connection too many is served")
		}
	}
	check(t, answers(open[0]))
	open[1].Close()
	for deadline := time.Now().Add(5 * time.Second); answers(dialUnix(t, link)) != nil; {
		if time.Now().After(deadline) {
			t.Fatal("a place that became free was given to nobody")
		}
	}
}

// TestAStrangersConnectionIsClosed: only the peer's user is answered. Another user is taken on where the test may.
func TestAStrangersConnectionIsClosed(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	_, link := running(t)
	check(t, os.Chmod(filepath.Dir(link), 0o777))
	check(t, os.Chmod(filepath.Dir(filepath.Dir(link)), 0o777))
	check(t, os.Chmod(link, 0o777))
	served := make(chan error, 1)
	go func() { // the thread keeps its other user and ends with the goroutine
		runtime.LockOSThread()
		const nobody = 65534
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody); errno != 0 {
			served <- errno
			return
		}
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err == nil {
			err = unix.Connect(fd, &unix.SockaddrUnix{Name: link})
		}
		if err != nil {
			served <- err
			return
		}
		_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 2})
		n, _ := unix.Read(fd, make([]byte, 1))
		served <- map[bool]error{true: nil, false: errors.New("it is served")}[n == 0]
	}()
	check(t, <-served)
	check(t, answers(dialUnix(t, link)))
}

// TestRecordsBeyondTheEndAreRefusedAtOnce: only who has all there is waits for news.
func TestRecordsBeyondTheEndAreRefusedAtOnce(t *testing.T) {
	_, link := running(t)
	conn := dialUnix(t, link) // for less time than news are waited for
	check(t, door.Send(conn, door.MaxFrame, door.LinkRequest{Verb: door.Records, After: 1 << 40}))
	var reply door.LinkReply
	check(t, door.Receive(conn, door.MaxJournalFrame, &reply))
	if reply.Accepted || reply.Reason != "position" {
		t.Errorf("got %+v", reply)
	}
}
