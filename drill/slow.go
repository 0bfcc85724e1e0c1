package drill

import (
	"net"
	"sync"
	"time"
)

// slow are connections on which half a frame was sent, and then nothing.
type slow struct {
	mu    sync.Mutex
	conns []net.Conn
}

func (s *slow) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
	s.conns = nil
}

// openSlowly opens connections on the kiosk's socket as its user; refused are those that the guard closed at once.
func (b *Bench) openSlowly(count int) (open *slow, refused int) {
	open = &slow{}
	for range count {
		var conn net.Conn
		if err := as(kioskUser, func() (err error) {
			conn, err = net.DialTimeout("unix", b.path("doors", "kiosk"), time.Second)
			return err
		}); err != nil {
			refused++
			continue
		}
		conn.Write([]byte{0, 0})
		conn.SetReadDeadline(time.Now().Add(2 * time.Millisecond))
		if _, err := conn.Read(make([]byte, 1)); err != nil && !isTimeout(err) {
			refused++
			conn.Close()
			continue
		}
		open.conns = append(open.conns, conn)
	}
	return open, refused
}

func isTimeout(err error) bool {
	e, ok := err.(net.Error)
	return ok && e.Timeout()
}
