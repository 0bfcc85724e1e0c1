//go:build e2e

package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"lockstep/demo"
	"lockstep/internal/base45"
)

// TestSeveralParcelsOfOnePerson: three parcels of one shipment come with one message, and one scan of its QR leads through three doors.
// What comes later is told with all that still waits; a QR that is shown again goes on where it was left.
func TestSeveralParcelsOfOnePerson(t *testing.T) {
	ctx, n := start(t)
	stage, err := n.Open(ctx)
	must(t, err)
	r := &recipient{T: t, Stage: stage, phone: "+79167770001"}
	must(t, r.BeginSession(ctx))

	three := r.announced(ctx, 3)
	r.deposited(ctx, three...)
	message := r.message(ctx, 1)
	if len(message.Codes) != 3 {
		t.Fatalf("the message has %d codes: %s", len(message.Codes), message.Text)
	}
	r.scans(ctx, qr(t, message))
	r.takes(ctx, 1, three...)
	r.takes(ctx, 2, three...)
	r.takes(ctx, 3, three...)
	r.sees(ctx, demo.Several{Step: "over", At: 3, Of: 3, Taken: 3})

	one := r.announced(ctx, 1)
	r.deposited(ctx, one...)
	if message = r.message(ctx, 2); len(message.Codes) != 1 {
		t.Fatalf("the message has %d codes: %s", len(message.Codes), message.Text)
	}
	two := r.announced(ctx, 1)
	r.deposited(ctx, two...)
	if message = r.message(ctx, 3); len(message.Codes) != 2 {
		t.Fatalf("the later message has %d codes: %s", len(message.Codes), message.Text)
	}
	text := qr(t, message)
	r.scans(ctx, text)
	r.takes(ctx, 1, two...) // what is told of now comes first
	_, err = r.Screen.Wait(ctx, "the next prompt", func(v demo.ScreenState) bool { return v.Stage == "press" })
	must(t, err)
	must(t, r.Screen.Stop(ctx))
	r.sees(ctx, demo.Several{Step: "over", At: 2, Of: 2, Taken: 1})
	must(t, r.LetPass(ctx, 5*time.Second)) // the scanner takes a text that it goes on seeing once
	r.scans(ctx, text)
	r.takes(ctx, 2, one...)
	r.sees(ctx, demo.Several{Step: "over", At: 2, Of: 2, Taken: 1, Passed: 1})

	for _, p := range append(three, append(one, two...)...) {
		must(t, n.Until(ctx, p.Barcode, "collected"))
	}
	if state, err := n.Front.State(ctx); err != nil || state.Verdict.Exposed+state.Verdict.Unpressed+state.Verdict.TwoOpen > 0 {
		t.Errorf("the cabinet's verdict: %+v, %v", state.Verdict, err)
	}
}

// TestARecipientAsksForMoreTime: the page's wish goes to the notifier, the hub, and down to the guard; the recipient hears of the new date.
func TestARecipientAsksForMoreTime(t *testing.T) {
	ctx, n := start(t)
	stage, err := n.Open(ctx)
	must(t, err)
	var merchants []struct{ ID string }
	must(t, n.HubCommand(&merchants, "merchant", "list"))
	must(t, n.HubCommand(nil, "merchant", "extension", merchants[0].ID, "120"))
	r := &recipient{T: t, Stage: stage, phone: "+79167770002"}
	must(t, r.BeginSession(ctx))
	parcels := r.announced(ctx, 1)
	r.deposited(ctx, parcels...)
	link := r.message(ctx, 1).Links[0]
	page, _, _ := strings.Cut(link, "#")
	secrets, err := base45.Decode(strings.TrimPrefix(qr(t, r.message(ctx, 1)), "LSC:"))
	must(t, err)
	ask := func(secret []byte) int {
		wish := sha256.Sum256(append([]byte("lockstep wish\n"), secret...))
		body := fmt.Sprintf(`{"wish":"%x"}`, wish)
		answer, err := http.Post(page+"more", "application/json", strings.NewReader(body))
		must(t, err)
		defer answer.Body.Close()
		return answer.StatusCode
	}
	if got := ask(make([]byte, 16)); got != http.StatusNotFound {
		t.Errorf("a stranger's wish: %d", got)
	}
	if got := ask(secrets); got != http.StatusAccepted {
		t.Fatalf("a recipient's wish: %d", got)
	}
	r.told(ctx, "now waits")
}

// TestARecipientDoesNotWantTheParcel: said at the screen it is the guard's record, the hub's hold and a message; and the code opens still.
func TestARecipientDoesNotWantTheParcel(t *testing.T) {
	ctx, n := start(t)
	stage, err := n.Open(ctx)
	must(t, err)
	r := &recipient{T: t, Stage: stage, phone: "+79167770003"}
	must(t, r.BeginSession(ctx))
	p := r.announced(ctx, 1)[0]
	r.deposited(ctx, p)
	code := r.message(ctx, 1).Codes[0]
	atTheDoor := func() {
		t.Helper()
		answer, err := r.Screen.Type(ctx, code)
		if err != nil || !answer.Accepted {
			t.Fatalf("%+v, %v", answer, err)
		}
	}
	atTheDoor()
	if answer, err := r.Screen.Decline(ctx); err != nil || !answer.Accepted {
		t.Fatalf("%+v, %v", answer, err)
	}
	r.told(ctx, "do not want your parcel")
	var shown struct {
		State, Hold string
		Events      []struct{ What, By string }
	}
	must(t, n.HubCommand(&shown, "parcel", "show", p.Barcode))
	if last := shown.Events[len(shown.Events)-1]; shown.State != "stored" || shown.Hold != "declined" || last.What != "declined" {
		t.Errorf("%+v", shown)
	}
	atTheDoor()
	at, err := r.PressAndOpen(ctx, r.phone)
	must(t, err)
	_, err = r.Front.Take(ctx, r.phone, at, p.Barcode)
	must(t, err)
	must(t, r.Front.CloseDoor(ctx, r.phone, at))
	must(t, n.Until(ctx, p.Barcode, "collected"))
	must(t, n.HubCommand(nil, "check"))
}

// told waits for a message to the recipient that says something.
func (r *recipient) told(ctx context.Context, what string) {
	r.Helper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		all, err := r.Messages(ctx)
		must(r.T, err)
		for _, m := range all {
			if m.To == r.phone && strings.Contains(m.Text, what) {
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			r.Fatalf("nobody said %q: %+v", what, all)
		}
	}
}

// recipient is somebody to whom several parcels come.
type recipient struct {
	*testing.T
	*demo.Stage
	phone string
}

func (r *recipient) announced(ctx context.Context, count int) (parcels []demo.Parcel) {
	r.Helper()
	all, err := r.AnnounceSeveral(ctx, demo.Announcement{Phone: r.phone, Size: "S", DwellHours: 72}, count)
	must(r.T, err)
	for _, a := range all {
		must(r.T, r.Until(ctx, a.Barcode, "dispatched"))
		parcels = append(parcels, demo.Parcel{Announced: a, Owner: r.phone, Phone: r.phone, Bearers: []string{demo.Courier}})
	}
	return parcels
}

func (r *recipient) deposited(ctx context.Context, parcels ...demo.Parcel) {
	r.Helper()
	for _, p := range parcels {
		_, err := r.Deposit(ctx, p)
		must(r.T, err)
	}
}

// message waits for the nth message that brings codes; there must be no more of them.
func (r *recipient) message(ctx context.Context, nth int) demo.Message {
	r.Helper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		all, err := r.Messages(ctx)
		must(r.T, err)
		var codes []demo.Message
		for _, m := range all {
			if m.To == r.phone && len(m.Codes) > 0 {
				codes = append(codes, m)
			}
		}
		if len(codes) == nth {
			return codes[0] // newest first
		}
		if len(codes) > nth {
			r.Fatalf("%d messages with codes, want %d: %+v", len(codes), nth, codes)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			r.Fatalf("%d messages with codes, want %d", len(codes), nth)
		}
	}
}

// qr is what the page behind a message's link shows to the scanner; the fragment's layout is the code page's.
func qr(t *testing.T, m demo.Message) string {
	t.Helper()
	_, fragment, _ := strings.Cut(m.Links[0], "#")
	ticket, err := base64.RawURLEncoding.DecodeString(fragment)
	must(t, err)
	wide, known := map[byte]int{1: 20, 2: 25}[ticket[0]] // codepage.Ticket
	if !known || int(ticket[2]) != len(m.Codes) {
		t.Fatalf("a ticket of version %d with %d codes", ticket[0], ticket[2])
	}
	var secrets []byte
	for at := 3; at < 3+wide*len(m.Codes); at += wide {
		secrets = append(secrets, ticket[at+4:at+20]...)
	}
	return "LSC:" + base45.Encode(secrets)
}

func (r *recipient) scans(ctx context.Context, text string) {
	r.Helper()
	must(r.T, r.Front.Scan(ctx, text))
}

// takes presses for the nth parcel of the QR, takes one of these out and shuts the door.
func (r *recipient) takes(ctx context.Context, nth int, these ...demo.Parcel) {
	r.Helper()
	_, err := r.Screen.Wait(ctx, fmt.Sprintf("parcel %d", nth), func(v demo.ScreenState) bool {
		return v.Stage == "press" && v.Several != nil && v.Several.Step == "leading" && v.Several.At == nth
	})
	must(r.T, err)
	at, err := r.PressAndOpen(ctx, r.phone)
	must(r.T, err)
	taken, err := r.Front.Take(ctx, r.phone, at, "")
	must(r.T, err)
	found := false
	for _, p := range these {
		found = found || p.Barcode == taken.Barcode
	}
	if !found {
		r.Errorf("parcel %d is %s", nth, taken.Barcode)
	}
	must(r.T, r.Front.CloseDoor(ctx, r.phone, at))
}

func (r *recipient) sees(ctx context.Context, want demo.Several) {
	r.Helper()
	_, err := r.Screen.Wait(ctx, fmt.Sprintf("%+v", want), func(v demo.ScreenState) bool { return v.Several != nil && *v.Several == want })
	must(r.T, err)
}
