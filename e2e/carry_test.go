//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"lockstep/demo"
	"lockstep/internal/line"
	"lockstep/internal/scantest"
)

// TestACutOffLocker: a parcel is announced while the locker has no line. A courier's phone brings its manifest, the parcel is put in, and the
// phone takes the records of that to the hub: neither stream went by the line.
func TestACutOffLocker(t *testing.T) {
	ctx, n := start(t)
	stage, err := n.Open(ctx)
	must(t, err)
	r := &recipient{T: t, Stage: stage, phone: "+79167770009"}
	must(t, n.End("link"))
	announced, err := r.AnnounceSeveral(ctx, demo.Announcement{Phone: r.phone, Size: "S", DwellHours: 72}, 1)
	must(t, err)
	p := demo.Parcel{Announced: announced[0], Owner: r.phone, Phone: r.phone, Bearers: []string{demo.Courier}}
	after, load := r.fetches(ctx)
	must(t, n.End("hub"))
	must(t, n.Relaunch("link")) // it is there, and dials in vain

	must(t, r.BeginSession(ctx))
	if answer, err := r.Wish(ctx, 1, p.Barcode, 0); err != nil || answer.Accepted {
		t.Fatalf("the locker knows the parcel already: %+v, %v", answer, err)
	}
	r.brings(ctx, after, load)
	_, err = r.Deposit(ctx, p)
	must(t, err)
	r.brings(ctx, after, load)
	stretch := r.takesAway(ctx)

	must(t, n.End("link"))
	must(t, n.Again(ctx, "hub"))
	for range 2 { // sent again: the first answer was lost
		must(t, r.AskCarrier(ctx, http.MethodPost, "/courier/v1/lockers/"+n.Locker+"/up", map[string]any{"stretch": stretch}, nil))
	}
	must(t, n.Until(ctx, p.Barcode, "stored"))
	if message := r.message(ctx, 1); len(message.Codes) != 1 {
		t.Errorf("the message has %d codes: %s", len(message.Codes), message.Text)
	}
	must(t, n.Relaunch("link")) // with its line back, nothing comes twice
	must(t, r.EndSession(ctx))
	r.waits("the locker's line", func() bool {
		at, err := n.LockerAtHub()
		return err == nil && at.Line == "online" && at.Position == at.Head
	})
	must(t, n.HubCommand(nil, "check"))
	if state, err := n.Front.State(ctx); err != nil || state.Verdict.Exposed+state.Verdict.Unpressed+state.Verdict.TwoOpen > 0 {
		t.Errorf("the cabinet's verdict: %+v, %v", state.Verdict, err)
	}
}

// fetches asks what waits for the locker, until that is more than receipts.
func (r *recipient) fetches(ctx context.Context) (after uint64, load []byte) {
	r.Helper()
	r.waits("a manifest", func() bool {
		var cargo struct {
			After uint64
			Load  []byte
		}
		if err := r.AskCarrier(ctx, http.MethodGet, "/courier/v1/lockers/"+r.Locker+"/down", nil, &cargo); err != nil {
			return false
		}
		read, err := line.ReadLoad(cargo.Load)
		must(r.T, err)
		after, load = cargo.After, cargo.Load
		for _, item := range read.Items {
			if item.Kind == line.Down {
				return true
			}
		}
		return false
	})
	return after, load
}

// brings shows a load to the scanner, and waits until the locker's screen says what came of it.
func (r *recipient) brings(ctx context.Context, after uint64, load []byte) {
	r.Helper()
	_, err := http.Post(r.Kiosk+"/carried", "application/json", bytes.NewReader([]byte("{}")))
	must(r.T, err)
	for _, text := range line.Parts(line.PrefixDown, line.Cargo(after, load), 500) {
		must(r.T, r.Front.Scan(ctx, text))
	}
	_, err = r.Screen.Wait(ctx, "what came of it", func(v demo.ScreenState) bool {
		return v.Carried != nil && (v.Carried.Step == "giving" || v.Carried.Step == "over")
	})
	must(r.T, err)
}

// takesAway reads the pictures off the screen, as a phone's camera would.
func (r *recipient) takesAway(ctx context.Context) []byte {
	r.Helper()
	shown, err := r.Screen.Wait(ctx, "the journal", func(v demo.ScreenState) bool { return v.Carried != nil && v.Carried.Step == "giving" })
	must(r.T, err)
	var g line.Gathering
	for i := range shown.Carried.Of {
		response, err := http.Get(fmt.Sprintf("%s/carried/%d", r.Kiosk, i))
		must(r.T, err)
		svg, err := io.ReadAll(response.Body)
		response.Body.Close()
		must(r.T, err)
		cargo, err := g.Add(line.PrefixUp, scantest.Codes(r.T, "qrcode", pictureOf(r.T, string(svg)))[0])
		must(r.T, err)
		if cargo != nil {
			_, stretch, err := line.Unpack(cargo)
			must(r.T, err)
			r.Logf("%d bytes of journal in %d pictures", len(stretch), shown.Carried.Of)
			return stretch
		}
	}
	r.Fatalf("%d of %d parts", g.Have, g.Of())
	return nil
}

var (
	side = regexp.MustCompile(`viewBox="0 0 (\d+) `)
	bar  = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1`)
)

// pictureOf draws one of the kiosk's QR codes in PNG, four pixels a module.
func pictureOf(t *testing.T, svg string) []byte {
	t.Helper()
	number := func(text string) int { n, _ := strconv.Atoi(text); return n }
	const scale = 4
	n := number(side.FindStringSubmatch(svg)[1]) * scale
	paper := image.NewGray(image.Rect(0, 0, n, n))
	for i := range paper.Pix {
		paper.Pix[i] = 255
	}
	for _, m := range bar.FindAllStringSubmatch(svg, -1) {
		for x := number(m[1]) * scale; x < (number(m[1])+number(m[3]))*scale; x++ {
			for y := number(m[2]) * scale; y < (number(m[2])+1)*scale; y++ {
				paper.SetGray(x, y, color.Gray{})
			}
		}
	}
	var out bytes.Buffer
	must(t, png.Encode(&out, paper))
	return out.Bytes()
}

// waits polls for something.
func (r *recipient) waits(what string, is func() bool) {
	r.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			r.Fatalf("waiting for %s", what)
		}
	}
}
