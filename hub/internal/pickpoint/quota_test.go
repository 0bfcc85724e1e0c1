package pickpoint_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lockstep/hub/internal/pickpoint"
	"lockstep/internal/quota"
)

// A contract has a quota, by however many sessions. Past it a shop is told to come later, in the way that its software understands.
func TestQuota(t *testing.T) {
	each(t, func(d *desk) {
		d.config.Quota = quota.New(0.001, 4)
		d.door = pickpoint.New(d.config)
		again := d.post("/api/login", `{"Login":"apitest","Password":"apitest"}`).text("SessionId")
		for i, body := range []string{d.with(`"Invoices":[]`), d.with(`"Invoices":[]`), `{"SessionId":"` + again + `"}`, `{"SessionId":"` + again + `","Invoices":7}`} {
			if r := d.post("/api/tracksendings", body); r.code() != 0 {
				d.Errorf("%d: %v", i, r)
			}
		}
		if r := d.post("/api/CreateShipment", d.with(`"Sendings":[`+invoice()+`]`)); r.code() != 100 || !strings.Contains(r.text("ErrorMessage"), "повторите позже") {
			d.Errorf("%v", r)
		}
		if _, text := d.paper("makelabel", d.with(`"Invoices":[1]`)); !strings.HasPrefix(text, "Error: Слишком много") {
			d.Error(text)
		}
		w := httptest.NewRecorder()
		d.door.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://hub.example/api/tracksendings", strings.NewReader(d.with(`"x":1`))))
		if w.Code != 200 || w.Header().Get("RateLimit-Remaining") != "0" || w.Header().Get("Retry-After") == "" {
			d.Errorf("%d %v", w.Code, w.Header())
		}
		if r := d.post("/api/tracksendings", `{"SessionId":"nobody's"}`); r.code() != -2014 {
			d.Errorf("a session that is none: %v", r)
		}
		list := func(address string) (refused bool) {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, "http://hub.example/api/postamatlist", nil)
			r.RemoteAddr = address + ":9"
			d.door.ServeHTTP(w, r)
			if w.Header().Get("RateLimit-Remaining") == "" {
				d.Errorf("%v", w.Header())
			}
			return strings.Contains(w.Body.String(), "повторите позже")
		}
		for i := range 6 { // without a session
			if refused := list("198.51.100.6"); refused != (i >= 4) {
				d.Errorf("list no. %d from one address: refused %v", i+1, refused)
			}
		}
		if list("198.51.100.7") {
			d.Error("another address")
		}
		d.asAnother()
		if r := d.post("/api/tracksendings", d.with(`"Invoices":[]`)); r.code() != 0 {
			d.Errorf("another shop: %v", r)
		}
	})
}

// signIn is how a sign-in from an address ends.
func (d *desk) signIn(address, login, password string) int {
	d.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "http://hub.example/api/login", strings.NewReader(`{"Login":"`+login+`","Password":"`+password+`"}`))
	r.RemoteAddr = "127.0.0.1:9"
	r.Header.Set("X-Forwarded-For", "203.0.113.1, "+address)
	d.door.ServeHTTP(w, r)
	var answer reply
	d.into(w.Body.Bytes(), &answer)
	return answer.code()
}

// Whoever guesses passwords from one address, of one login or of many, keeps no shop out.
func TestGuesses(t *testing.T) {
	each(t, func(d *desk) {
		for i := range 150 { // some software signs in before every call
			if code := d.signIn("198.51.100.6", "apitest", "apitest"); code != 0 {
				d.Fatalf("the right password for the %d. time: %d", i+1, code)
			}
		}
		d.now = d.now.Add(time.Minute)
		refused := 0
		for i := range 500 {
			login := "apitest"
			if i%2 == 0 {
				login = fmt.Sprint("nobody-", i)
			}
			switch code := d.signIn("198.51.100.7", login, "x"); code {
			case 100:
				refused++
			case 10:
			default:
				d.Fatalf("%d", code)
			}
		}
		if refused < 450 {
			d.Errorf("%d of 500 guesses were refused", refused)
		}
		if code := d.signIn("198.51.100.8", "apitest", "apitest"); code != 0 {
			d.Errorf("the shop from its own address: %d", code)
		}
		for i := range 90 { // of one login, from many addresses
			d.signIn(fmt.Sprint("192.0.2.", i), "apitest", "x")
		}
		if code := d.signIn("198.51.100.8", "apitest", "apitest"); code != 100 {
			d.Errorf("guessed at from everywhere: %d", code)
		}
		d.asAnother()
		if code := d.signIn("198.51.100.9", "other", "other"); code != 0 {
			d.Errorf("another shop: %d", code)
		}
		d.now = d.now.Add(time.Minute)
		if code := d.signIn("198.51.100.7", "apitest", "apitest"); code != 0 {
			d.Errorf("a minute later: %d", code)
		}
		if r := d.post("/api/authentication", `{"Login":"apitest","Password":"apitest","Ikn":"9990003041"}`); r.code() != 0 {
			d.Errorf("%v", r)
		}
	})
}
