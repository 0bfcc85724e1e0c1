package guard

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"lockstep/guard/door"
	"lockstep/guard/rules"
)

// Socket is one of the guard's two doors for other processes.
type Socket struct {
	Path string
	UID  int // the only user, beside the guard's own, whose processes are answered
	GID  int // group of the socket's file; -1 leaves it
}

const (
	maxPeers    = 4                // connections per socket
	perSecond   = 100              // requests per connection
	watchTime   = 20 * time.Second // how long watch and records wait for news
	replyTime   = 10 * time.Second // for a peer to take its reply
	restOfFrame = 2 * time.Second
)

// openSockets opens both, and nobody is answered yet.
func openSockets(kiosk, link Socket) (k, l *net.UnixListener, err error) {
	if k, err = kiosk.open(); err != nil {
		return nil, nil, err
	}
	if l, err = link.open(); err != nil {
		k.Close()
	}
	return k, l, err
}

func (s Socket) open() (*net.UnixListener, error) {
	if err := isOurs(filepath.Dir(s.Path)); err != nil {
		return nil, fmt.Errorf("guard: socket: %w", err)
	}
	if err := os.Remove(s.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("guard: socket: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: s.Path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("guard: socket: %w", err)
	}
	if err := errors.Join(os.Chown(s.Path, -1, s.GID), os.Chmod(s.Path, 0o660)); err != nil {
		l.Close()
		return nil, fmt.Errorf("guard: socket: %w", err)
	}
	return l, nil
}

// isOurs refuses a directory in which somebody else could put a socket in the place of ours.
func isOurs(dir string) error {
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	if int(st.Uid) != os.Getuid() || st.Mode&0o022 != 0 {
		return fmt.Errorf("%s must belong to the guard and be writable by nobody else", dir)
	}
	return nil
}

// accept serves a socket. A peer of another user, or one too many, is closed without a word.
func (g *loop) accept(l *net.UnixListener, uid int, serve func(*net.UnixConn)) {
	slots := make(chan struct{}, maxPeers)
	for {
		conn, err := l.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(tick) // out of descriptors: wait for one
			continue
		}
		if peer, err := peerOf(conn); err != nil || peer != uid && peer != os.Getuid() {
			g.slog.Warn("a stranger on a socket", "socket", l.Addr().String(), "uid", peer)
			g.offer(rules.Refused{What: "a stranger on a socket"})
			conn.Close()
			continue
		}
		select {
		case slots <- struct{}{}:
			go func() {
				defer func() { conn.Close(); <-slots }()
				serve(conn)
			}()
		default:
			conn.Close()
		}
	}
}

func peerOf(conn *net.UnixConn) (uid int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, err
	}
	uid = -1
	control := raw.Control(func(fd uintptr) {
		var cred *unix.Ucred
		if cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			uid = int(cred.Uid)
		}
	})
	return uid, errors.Join(control, err)
}

// pacer keeps one peer to a bounded number of requests a second.
type pacer struct {
	mu     sync.Mutex
	second int64
	count  int
}

func (p *pacer) wait() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now().Unix()
	if now != p.second {
		p.second, p.count = now, 0
	}
	if p.count++; p.count > perSecond {
		time.Sleep(time.Until(time.Unix(now+1, 0)))
	}
}

func (g *loop) serveKiosk(conn *net.UnixConn) {
	var pace pacer
	for {
		pace.wait()
		var q door.KioskRequest
		if err := receive(conn, &q); err != nil {
			if !errors.Is(err, io.EOF) {
				g.offer(rules.Refused{What: "kiosk: frame"})
				_ = send(conn, door.MaxFrame, door.KioskReply{Reason: door.Malformed, View: g.view.Load().view})
			}
			return
		}
		var reply door.KioskReply
		if q.Verb == door.Watch && q.Proper() {
			reply = g.watch(q.After)
		} else {
			to := make(chan door.KioskReply, 1)
			if !g.tell(rules.Asked{To: to, Request: q}) {
				return
			}
			select {
			case reply = <-to:
			case <-g.done:
				return
			}
			reply.View.Version = g.view.Load().view.Version
		}
		if err := send(conn, door.MaxFrame, reply); err != nil {
			return
		}
	}
}

// watch waits for a view other than the one the kiosk has.
func (g *loop) watch(after uint64) door.KioskReply {
	timeout := time.After(watchTime)
	for {
		p := g.view.Load()
		if p.view.Version != after {
			return door.KioskReply{Accepted: true, View: p.view}
		}
		select {
		case <-p.next:
		case <-timeout:
			return door.KioskReply{Accepted: true, View: p.view}
		}
	}
}

func (g *loop) serveLink(conn *net.UnixConn) {
	var pace pacer
	for {
		pace.wait()
		var q door.LinkRequest
		if err := receive(conn, &q); err != nil {
			if !errors.Is(err, io.EOF) {
				g.offer(rules.Refused{What: "link: frame"})
				_ = send(conn, door.MaxFrame, door.LinkReply{Reason: "frame"})
			}
			return
		}
		if q.Verb == door.Records {
			g.waitForRecords(q.After)
		}
		to := make(chan door.LinkReply, 1)
		if !g.tell(linkRequest{q, to}) {
			return
		}
		var reply door.LinkReply
		select {
		case reply = <-to:
		case <-g.done:
			return
		}
		if err := send(conn, door.MaxJournalFrame, reply); err != nil {
			return
		}
	}
}

// waitForRecords waits for a record that follows after, where after is the last there is.
func (g *loop) waitForRecords(after uint64) {
	timeout := time.After(watchTime)
	for {
		w := g.records.Load()
		if w.end != after {
			return
		}
		select {
		case <-w.next:
		case <-timeout:
			return
		}
	}
}

// receive reads one frame. A peer may be silent for as long as it likes, but a frame that has begun must end soon.
func receive(conn *net.UnixConn, v any) error {
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	return door.Receive(&patient{conn: conn}, door.MaxFrame, v)
}

type patient struct {
	conn  *net.UnixConn
	begun bool
}

func (p *patient) Read(b []byte) (int, error) {
	n, err := p.conn.Read(b)
	if !p.begun && n > 0 {
		p.begun = true
		_ = p.conn.SetReadDeadline(time.Now().Add(restOfFrame))
	}
	return n, err
}

func send(conn *net.UnixConn, limit int, v any) error {
	if err := conn.SetWriteDeadline(time.Now().Add(replyTime)); err != nil {
		return err
	}
	return door.Send(conn, limit, v)
}
