package notifier_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/notifier/internal/chaintest"
	"lockstep/notifier/internal/ledger"
)

// post asks something of the code page's own server, as the page does.
func post(t *testing.T, url, body string) (status int, answer string) {
	t.Helper()
	response, err := http.Post(url, "application/json", strings.NewReader(body))
	must(t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	must(t, err)
	return response.StatusCode, string(data)
}

func wishOf(code statement.SealedCode) string {
	wish := ledger.WishOf(code.Secret)
	return hex.EncodeToString(wish[:])
}

// Whoever has a code may ask about its parcel, whatever the page; nobody else learns anything, not even that there is something to learn.
func TestHolders(t *testing.T) {
	n := newNetwork(t)
	n.hub.place = `{"latitude":56.83,"longitude":60.6,"way":"behind the bakery","hours":[],"busy":null}`
	inboxURL, pages, _ := n.run()
	n.announce(1, anna, "s1")
	code := n.guard.Store(chaintest.Barcode(1), 1, 72)
	n.guard.Add(journal.Record{Kind: journal.CollectIntent, Compartment: 1, Parcel: chaintest.Barcode(1), Credential: "qr"})
	n.guard.Does(chaintest.Barcode(1), 1, journal.Opened, journal.Collected)
	n.upload()
	n.until(inboxURL, count(1))
	wish, stranger := wishOf(code), strings.Repeat("ab", 32)
	for range 2 { // the place is asked of the hub once
		status, answer := post(t, pages+"/c/about", fmt.Sprintf(`{"wishes":["%s","%s","x",""]}`, wish, stranger))
		var told struct {
			Parcels []*struct {
				Barcode, Ended string
				Openings       []struct {
					What, Credential, End string
					First, Last           int
				}
			}
			Place struct{ Way string }
		}
		if err := json.Unmarshal([]byte(answer), &told); err != nil || status != 200 || len(told.Parcels) != 4 || told.Parcels[0] == nil || told.Parcels[1] != nil || told.Parcels[2] != nil || told.Parcels[3] != nil {
			t.Fatalf("%d %s, %v", status, answer, err)
		}
		p := told.Parcels[0]
		if p.Barcode != chaintest.Barcode(1) || p.Ended != "collected" || len(p.Openings) != 2 || p.Openings[0].What != "stored" || told.Place.Way != "behind the bakery" ||
			p.Openings[1].Credential != "qr" || p.Openings[1].End != "done" || p.Openings[1].First != 4 || p.Openings[1].Last != 6 {
			t.Errorf("%s", answer)
		}
	}
	if n.hub.asked != 1 {
		t.Errorf("the hub was asked %d times for a place", n.hub.asked)
	}
	refusals := map[string]bool{}
	for _, no := range []string{stranger, "", "x", hex.EncodeToString(code.Secret[:]), chaintest.Barcode(1)} {
		for path, rest := range map[string]string{"more": "", "refuse": "", "wrong": `,"what":"empty","note":""`} {
			status, answer := post(t, pages+"/c/"+path, fmt.Sprintf(`{"wish":"%s"%s}`, no, rest))
			refusals[fmt.Sprint(status, answer)] = true
		}
	}
	if len(refusals) != 1 || !strings.HasPrefix(first(refusals), "404") {
		t.Errorf("who has no code is answered in different ways: %v", refusals)
	}
	for body, want := range map[string]int{
		`{"wish":"` + wish + `"}`: 409, // it is collected
		`{"wish":"` + wish + `","barcode":"` + chaintest.Barcode(1) + `"}`: 422, `{}`: 404, `[]`: 422, ``: 422,
	} {
		if status, answer := post(t, pages+"/c/refuse", body); status != want {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
	if status, answer := post(t, pages+"/c/about", `{"wishes":[`+strings.Repeat(`"",`, 16)+`""]}`); status != 422 {
		t.Errorf("too many: %d %s", status, answer)
	}
	r, err := http.NewRequest("POST", pages+"/c/refuse", strings.NewReader(`{"wish":"`+wish+`"}`))
	must(t, err)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	response, err := http.DefaultClient.Do(r)
	must(t, err)
	response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("from another site's page: %d", response.StatusCode)
	}
	if len(n.hub.refused) > 0 {
		t.Errorf("refused: %v", n.hub.refused)
	}
}

func first(set map[string]bool) string {
	for one := range set {
		return one
	}
	return ""
}

// What somebody writes who says that something is wrong goes to the hub without their contacts, once; and nobody asks without end.
func TestReports(t *testing.T) {
	n := newNetwork(t)
	inboxURL, pages, _ := n.run()
	n.announce(1, anna, "s1")
	code := n.guard.Store(chaintest.Barcode(1), 1, 72)
	n.upload()
	n.until(inboxURL, count(1))
	say := func(what, note string) int {
		t.Helper()
		body, err := json.Marshal(map[string]string{"wish": wishOf(code), "what": what, "note": note})
		must(t, err)
		status, _ := post(t, pages+"/c/wrong", string(body))
		return status
	}
	for _, tt := range []struct {
		what, note string
		want       int
	}{
		{"late", "", 422}, {"empty", strings.Repeat("я", 301), 422},
		{"empty", "Door 12 was empty at 18:30.\nCall me: +7 (916) 123-45-67 or anna.k@example.org", 202}, {"damaged", "", 409},
	} {
		if got := say(tt.what, tt.note); got != tt.want {
			t.Errorf("%s %q: %d", tt.what, tt.note, got)
		}
	}
	want := report{chaintest.Barcode(1), "empty", "Door 12 was empty at 18:30. Call me: … or …"}
	if len(n.hub.reports) != 1 || n.hub.reports[0] != want {
		t.Errorf("%+v, want %+v", n.hub.reports, want)
	}
	last := 0
	for range 10 {
		last = say("empty", "")
	}
	if last != 503 {
		t.Errorf("after ten more: %d", last)
	}
	status := 0
	for range 100 {
		status, _ = post(t, pages+"/c/about", `{"wishes":[]}`)
	}
	if status != 503 {
		t.Errorf("an address that asks a hundred times: %d", status)
	}
}
