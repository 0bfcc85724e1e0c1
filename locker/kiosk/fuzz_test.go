package kiosk

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"lockstep/guard/clock"
	"lockstep/guard/door"
	"lockstep/guard/statement"
	"lockstep/internal/base45"
)

// FuzzParseText: a text that a scanner sees is none of ours, or requests that say no more and no less than it does.
func FuzzParseText(f *testing.F) {
	f.Add("LSO:" + base45.Encode(bundle(f, anOverride)))
	f.Add("LSO:" + base45.Encode(bundle(f, aLift)))
	f.Add("LSC:" + base45.Encode(secrets(2)))
	f.Add("LSA:" + base45.Encode(statement.Encode(statement.Presentation{Answer: []byte{1}, Certificate: []byte{2}})))
	f.Add("LSQ:" + base45.Encode(secrets(1)))
	f.Add("]C1\x1d01046000000000")
	f.Fuzz(func(t *testing.T, text string) {
		requests, err := parseText(text)
		if err != nil {
			if !errors.Is(err, errUnreadable) || requests != nil {
				t.Fatalf("%v beside %v", requests, err)
			}
			return
		}
		var back []byte
		for _, r := range requests {
			back = append(back, append(r.Secret, r.Presentation...)...)
			if len(statement.Encode(r)) > door.MaxFrame || !r.Proper() || about(r) == "" {
				t.Fatalf("a request that the guard would not take: %v", r)
			}
		}
		if text[4:] != base45.Encode(back) {
			t.Fatalf("%q was taken as %v", text, requests)
		}
	})
}

// FuzzQueue: whatever the guard answers and shows, and whatever the person says, a QR code of several parcels counts each of them once at
// most, shows the guard no secret but its own, in its order, and keeps none when it is over.
func FuzzQueue(f *testing.F) {
	f.Add(byte(3), []byte{0, 10, 0, 10, 0, 10})
	f.Add(byte(4), []byte{1, 2, 0, 11, 20, 0, 12, 4, 21, 30})
	f.Add(byte(20), []byte{1, 1, 1, 3, 5, 6, 7, 8, 9, 13, 14, 22, 23, 255})
	reasons := []door.Reason{"", door.WrongCode, door.Slow, door.Budget, door.CloseDoor, door.Busy, door.LockedDown, door.OutOfOrder, reasonAway}
	outcomes := []string{"collected", "no press", "jam", "not taken", "left open", ""}
	f.Fuzz(func(t *testing.T, n byte, acts []byte) {
		all := parcelsOf(2 + int(n)%(maxSecrets-1))
		q, now, version := begin(all, 0), time.Duration(0), uint64(0)
		for _, act := range acts {
			now += time.Duration(act) * time.Second / 4
			version++
			kind, arg := act%8, int(act/8)
			switch ask, _ := q.due(now); {
			case kind == 0 && ask:
				r := door.KioskReply{Reason: reasons[arg%len(reasons)], Wait: int64(arg) * 1500, View: door.View{Version: version}}
				r.Accepted = r.Reason == ""
				q = q.answered(r, now)
			case kind == 1:
				q = q.saw(door.View{Version: version, Stage: door.Done, Errand: door.Collecting}, now)
			case kind == 2:
				q = q.saw(door.View{Version: version, Stage: door.Failed, Errand: door.Collecting, Outcome: outcomes[arg%len(outcomes)]}, now)
			case kind == 3:
				q = q.saw(door.View{Version: version, Stage: door.Idle}, now)
			case kind == 4:
				q = q.goOn(now)
			case kind == 5 && q.active():
				q = q.next(now)
			case kind == 6:
				q = q.saw(door.View{Version: version, Stage: door.Done, Errand: door.Depositing}, now)
			default:
				q = q.tick(now)
			}
			rest := len(q.waiting)
			if q.step == "" && (q.of > 0 || rest > 0) || q.step == over && rest > 0 || (q.step == looking || q.step == leading || q.step == waiting || q.step == held) && rest == 0 {
				t.Fatalf("%s with %d secrets", q.told(), rest)
			}
			if q.taken+q.passed+rest > q.of || rest > 0 && !bytes.Equal(q.waiting[0].Secret, all[len(all)-rest].Secret) {
				t.Fatalf("%s with %d secrets, out of order", q.told(), rest)
			}
		}
	})
}

// FuzzLines: what a scanner sends are the same lines, however it is cut into reads; none is empty, none is longer than any QR code,
// and none was not sent.
func FuzzLines(f *testing.F) {
	f.Add([]byte("LSC:ABC\r\nLSC:DEF\n\n\rrest"))
	f.Add(append(bytes.Repeat([]byte("x"), maxText+1), "\ny\r"...))
	f.Add([]byte{0, 0xff, '\n', 0x1d, '\r'})
	f.Fuzz(func(t *testing.T, sent []byte) {
		lines := func(r io.Reader) (all []string) {
			if err := readLines(r, func(line string) { all = append(all, line) }); err != io.EOF {
				t.Fatal(err)
			}
			return all
		}
		whole := lines(bytes.NewReader(sent))
		if slow := lines(iotest.OneByteReader(bytes.NewReader(sent))); strings.Join(whole, "\n") != strings.Join(slow, "\n") {
			t.Fatalf("%q in one, %q byte by byte", whole, slow)
		}
		var want []string
		for line := range strings.FieldsFuncSeq(string(sent[:1+bytes.LastIndexAny(sent, "\r\n")]), func(r rune) bool { return r == '\r' || r == '\n' }) {
			if len(line) <= maxText {
				want = append(want, line)
			}
		}
		if strings.Join(whole, "\n") != strings.Join(want, "\n") {
			t.Fatalf("%q was read as %q", sent, whole)
		}
	})
}

// FuzzBodies: whatever the page posts is answered, and the guard is asked only what fits its frame, is proper, and where it was typed
// has a right check digit.
func FuzzBodies(f *testing.F) {
	f.Add("code", []byte(`{"code":"123456782"}`))
	f.Add("code", []byte(`{"code":"`+statement.CompleteCode("12345678")+`"}`))
	f.Add("return", []byte(`{"code":"`+statement.CompleteCode("123456789")+`"}`))
	f.Add("scan", []byte(`{"text":"LSC:`+base45.Encode(secrets(2))+`"}`))
	f.Add("courier", []byte(`{}`))
	f.Add("cancel", []byte(`{}{}`))
	f.Add("larger", []byte(`{"verb":"open"}`))
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		var asked []door.KioskRequest
		d := newDesk(newClock(t), slog.New(slog.DiscardHandler))
		d.guard = door.KioskOver(func(context.Context) (net.Conn, error) {
			ours, guards := net.Pipe()
			go func() {
				defer guards.Close()
				for {
					var q door.KioskRequest
					if door.Receive(guards, door.MaxFrame, &q) != nil {
						return
					}
					asked = append(asked, q)
					if door.Send(guards, door.MaxFrame, door.KioskReply{Reason: door.NotNow}) != nil {
						return
					}
				}
			}()
			return ours, nil
		})
		defer d.guard.Close()
		r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1/"+path, bytes.NewReader(body))
		if err != nil {
			return
		}
		w := httptest.NewRecorder()
		newHandler(d, "").ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		for _, q := range asked {
			if !q.Proper() || q.Verb == door.Code && !statement.CheckCode(q.Code) || q.Verb == door.Return && !statement.CheckPermitCode(q.Code) {
				t.Fatalf("the guard was asked %+v", q)
			}
		}
		if len(asked) > 1 {
			t.Fatalf("one post, %d requests", len(asked))
		}
	})
}

func newClock(t testing.TB) *clock.Clock {
	t.Helper()
	c, err := clock.New("")
	if err != nil {
		t.Fatal(err)
	}
	return c
}
