package outbox

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lockstep/hub/internal/outbox/store"
)

// line is a merchant's end of a connection, which counts what was taken of it.
type line struct {
	net.Conn
	taken atomic.Int64
}

func (l *line) Write(data []byte) (int, error) {
	n, err := l.Conn.Write(data)
	l.taken.Add(int64(n))
	return n, err
}

// say answers with a text and goes on with more of it, every so often, for as long as anybody listens.
func say(text, more string, every time.Duration) func(*line) {
	return func(l *line) {
		for said := text; ; said = more {
			if _, err := io.WriteString(l, said); err != nil || more == "" {
				return
			}
			time.Sleep(every)
		}
	}
}

// Whatever a merchant's server answers, an attempt ends in time, takes little of it, goes nowhere else, and keeps no word of it: what is
// kept, and shown on pages, are a number and a sentence of ours.
func TestHostileReplies(t *testing.T) {
	const ok, chunked = "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	evil := "<script>alert(1)</script>\xff\xfe\u202e" + strings.Repeat("W", 1000)
	rows := []struct {
		name    string
		reply   func(*line)
		status  int
		failure string
		within  time.Duration
	}{
		{"an endless body", say(ok, strings.Repeat("x", 4096), 0), 200, "", restTime},
		{"an endless body, chunked", say(chunked, "1000\r\n"+strings.Repeat("x", 4096)+"\r\n", 0), 200, "", restTime},
		{"an endless chunk's name", say(chunked+"1;", strings.Repeat("x", 4096), 0), 200, "", restTime},
		{"a body that drips", say(ok, "x", 100*time.Millisecond), 200, "", restTime},
		{"a body that never comes", say("HTTP/1.1 500 x\r\nContent-Length: 9\r\n\r\n", " ", time.Hour), 500, "answered 500", restTime},
		{"a body shorter than it says", say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx", "", 0), 200, "", restTime},
		{"a bomb", say("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff", strings.Repeat("\xec\xc1\x01\x01", 1000), 0), 200, "", restTime},
		{"one endless header", say("HTTP/1.1 200 OK\r\nX: ", strings.Repeat("x", 4096), 0), 0, "no valid answer", time.Second},
		{"endless headers", say("HTTP/1.1 200 OK\r\n", strings.Repeat("X: x\r\n", 1000), 0), 0, "no valid answer", time.Second},
		{"headers that drip", say("HTTP/1.1 200 OK\r\n", "X: x\r\n", time.Second), 0, "no answer in time", attemptTimeout},
		{"hints without an end", say("", "HTTP/1.1 103 Early Hints\r\nX: "+strings.Repeat("x", 1000)+"\r\n\r\n", 0), 0, "no valid answer", time.Second},
		{"hints that drip", say("", "HTTP/1.1 103 Early Hints\r\n\r\n", time.Second), 0, "no answer in time", attemptTimeout},
		{"nothing", say("", " ", time.Hour), 0, "no answer in time", attemptTimeout},
		{"the end", say("", "", 0), 0, "no valid answer", time.Second},
		{"another protocol", say(evil, "", 0), 0, "no valid answer", time.Second},
		{"a status in words", say("HTTP/1.1 "+evil+" OK\r\n\r\n", "", 0), 0, "no valid answer", time.Second},
		{"a status of many digits", say("HTTP/1.1 20000000000000000000 OK\r\n\r\n", "", 0), 0, "no valid answer", time.Second},
		{"a status below nothing", say("HTTP/1.1 -20 OK\r\n\r\n", "", 0), 0, "no valid answer", time.Second},
		{"markup for a reason", say("HTTP/1.1 503 "+evil+"\r\nContent-Length: 0\r\n\r\n", "", 0), 503, "answered 503", time.Second},
		{"markup in headers and body", say("HTTP/1.1 400 Bad\r\nServer: "+strings.ReplaceAll(evil, "\xff\xfe", "")+"\r\nContent-Type: text/html\r\n\r\n"+evil, "", 0), 400, "answered 400", time.Second},
		{"the way inside", say("HTTP/1.1 307 See\r\nLocation: http://169.254.169.254/latest/meta-data\r\nContent-Length: 0\r\n\r\n", "", 0), 307, "answered 307", time.Second},
		{"a way that is none", say("HTTP/1.1 302 See\r\nLocation: \x7f://\r\nContent-Length: 0\r\n\r\n", "", 0), 0, "no valid answer", time.Second},
		{"another protocol's way", say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", strings.Repeat("x", 4096), 0), 101, "answered 101", restTime},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &Outbox{Config: Config{Now: time.Now}, http: client(true)}
				dials, merchant, server := 0, &line{}, sync.WaitGroup{}
				o.http.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
					dials++
					ours, theirs := net.Pipe()
					merchant.Conn = theirs
					server.Go(func() {
						defer theirs.Close()
						if _, err := http.ReadRequest(bufio.NewReader(theirs)); err == nil {
							go io.Copy(io.Discard, theirs) // the rest of the request
							row.reply(merchant)
						}
					})
					return ours, nil
				}
				began := time.Now()
				a := o.attempt(t.Context(), store.WebhookDelivery{Message: "m", Body: []byte("{}")}, store.WebhookEndpoint{Url: "http://merchant.example/", Secret: newSecret().text})
				took := time.Since(began)
				o.http.CloseIdleConnections()
				server.Wait()
				if a.Status != row.status || a.Failure != row.failure {
					t.Errorf("it says %d %q, want %d %q", a.Status, a.Failure, row.status, row.failure)
				}
				if strings.Trim(a.Failure, "abcdefghijklmnopqrstuvwxyz 0123456789") != "" {
					t.Errorf("what is kept is not ours: %q", a.Failure)
				}
				if took > row.within || merchant.taken.Load() > 128<<10 || dials != 1 {
					t.Errorf("it took %v and %d bytes, %d connections", took, merchant.taken.Load(), dials)
				}
			})
		})
	}
}
