package drill

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"lockstep/guard/statement"
	"lockstep/internal/line"
)

// hostile is the hub's edge in an attacker's hands. It has the hub's certificate authority, so that every link takes it for its hub.
type hostile struct {
	listener net.Listener
	tape     func(*rand.Rand, line.FromLocker) []byte // the next frame for a locker, whole or not
	sent     atomic.Int64
	met      sync.Map     // by locker: it has been spoken to
	taken    atomic.Int64 // statements that a guard has taken or believed
	refused  atomic.Int64 // that links said were refused
	work     sync.WaitGroup
}

// edgeOfOurOwn puts a hostile edge in the place of the hub's, which must have ended.
func (n *Net) edgeOfOurOwn(tape func(*rand.Rand, line.FromLocker) []byte) (*hostile, error) {
	served, err := stolenCertificate(n.Office.Path("hub", "keys", "ca.crt"), n.Office.Path("hub", "keys", "ca.key"))
	if err != nil {
		return nil, err
	}
	l, err := tls.Listen("tcp", n.Office.Edge(), &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}, Certificates: []tls.Certificate{served}, ClientAuth: tls.RequestClientCert})
	if err != nil {
		return nil, err
	}
	h := &hostile{listener: l, tape: tape}
	h.work.Go(h.accept)
	return h, nil
}

func (h *hostile) accept() {
	for {
		conn, err := h.listener.Accept()
		if err != nil {
			return
		}
		h.work.Go(func() {
			defer conn.Close()
			h.converse(conn)
		})
	}
}

// end hangs up on everybody.
func (h *hostile) end() {
	h.listener.Close()
	h.work.Wait()
}

// lockers counts those that it has spoken to.
func (h *hostile) lockers() (count int) {
	h.met.Range(func(any, any) bool { count++; return true })
	return count
}

// converse greets a link as its hub would, and says then what is on the tape for as long as the link listens.
func (h *hostile) converse(conn net.Conn) {
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	reader := bufio.NewReader(conn)
	request, err := http.ReadRequest(reader)
	if err != nil || request.Header.Get("Upgrade") != line.Protocol {
		return
	}
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", line.Protocol)
	hello, err := line.ReadFromLocker(reader)
	if err != nil {
		return
	}
	v := &victim{h: h, conn: conn, hello: hello, turn: make(chan struct{}, 1)}
	if v.write(statement.Encode(line.FromHub{Kind: line.Welcome, Position: hello.Position})) != nil {
		return
	}
	h.met.Store(hello.Locker, true)
	h.work.Go(func() { defer conn.Close(); v.answer(reader) })
	v.flood()
}

// victim is a link that takes a hostile edge for its hub.
type victim struct {
	h       *hostile
	conn    net.Conn
	hello   line.FromLocker
	writing sync.Mutex
	turn    chan struct{} // one numbered statement is under way
}

func (v *victim) write(payload []byte) error {
	v.writing.Lock()
	defer v.writing.Unlock()
	v.conn.SetDeadline(time.Now().Add(20 * time.Second))
	_, err := v.conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), payload...))
	return err
}

// answer swallows what the link uploads, and counts what it says of statements.
func (v *victim) answer(reader *bufio.Reader) {
	for {
		f, err := line.ReadFromLocker(reader)
		if err != nil {
			return
		}
		switch f.Kind {
		case line.Upload, line.Beat:
			if v.write(statement.Encode(line.FromHub{Kind: line.Uploaded, Position: v.hello.Position})) != nil {
				return
			}
			continue
		case line.Taken:
			<-v.turn
		}
		if f.Reason == "" {
			v.h.taken.Add(1)
		} else {
			v.h.refused.Add(1)
		}
	}
}

func (v *victim) flood() {
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for {
		payload := v.h.tape(random, v.hello)
		if frame, err := line.DecodeFromHub(payload); err == nil && frame.Kind == line.Down {
			select {
			case v.turn <- struct{}{}:
			default:
				continue // the link would hang up; another frame instead
			}
		}
		if v.write(payload) != nil {
			return
		}
		v.h.sent.Add(1)
	}
}

// stolenCertificate is a server certificate for this machine that a stolen authority has signed.
func stolenCertificate(certificateFile, keyFile string) (served tls.Certificate, err error) {
	authority, err := x509FromFile(certificateFile, x509.ParseCertificate)
	if err != nil {
		return served, err
	}
	key, err := x509FromFile(keyFile, x509.ParsePKCS8PrivateKey)
	if err != nil {
		return served, err
	}
	own, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		return served, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "not the hub"}, NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(crand.Reader, template, authority, own.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der, authority.Raw}, PrivateKey: own}, err
}

func x509FromFile[T any](path string, parse func([]byte) (T, error)) (parsed T, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return parsed, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return parsed, fmt.Errorf("%s is not PEM", path)
	}
	return parse(block.Bytes)
}

// users are recipients who come to the lockers one after the other, as evenly as the time allows.
type users struct {
	served atomic.Int64
	slow   atomic.Int64 // times that a board or the hand was too slow on a busy machine, and somebody tried again
	failed chan error
	done   chan struct{}
}

// usersFor has every parcel collected within a span, by several people at a time. Where one is turned away, that is a breach.
func (n *Net) usersFor(ctx context.Context, parcels []*Parcel, span time.Duration) *users {
	u := &users{failed: make(chan error, len(parcels)), done: make(chan struct{})}
	const people = 3
	queue := make(chan *Parcel)
	go func() {
		defer close(queue)
		pace := time.NewTicker(max(time.Millisecond, span/time.Duration(len(parcels)+1)))
		defer pace.Stop()
		for _, p := range parcels {
			select {
			case <-pace.C:
				queue <- p
			case <-ctx.Done():
				return
			}
		}
	}()
	var work sync.WaitGroup
	for range people {
		work.Go(func() {
			for p := range queue {
				err := n.fetch(ctx, p)
				for tries := 0; errors.Is(err, errSilent) && tries < 10; tries++ {
					u.slow.Add(1)
					err = n.fetch(ctx, p)
				}
				if err != nil {
					u.failed <- breach("an honest recipient at %s was not served: %v", p.At.Locker.ID, err)
					continue
				}
				u.served.Add(1)
			}
		})
	}
	go func() { work.Wait(); close(u.done) }()
	return u
}

// wait is until the last has gone. It gives the first failure.
func (u *users) wait() error {
	<-u.done
	select {
	case err := <-u.failed:
		return err
	default:
		return nil
	}
}
