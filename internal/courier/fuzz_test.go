package courier_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"lockstep/internal/courier"
)

// knock brings a body to one of the page's doors.
func knock(page http.Handler, method, path string, header http.Header, body []byte) int {
	r := httptest.NewRequest(method, "http://c/", bytes.NewReader(body))
	r.URL.Path = path
	if header != nil {
		r.Header = header
	}
	w := httptest.NewRecorder()
	page.ServeHTTP(w, r)
	return w.Code
}

func body(fields map[string]any) []byte {
	data, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return data
}

// A name that a database would not even look for is its bearer's fault, on either engine.
func TestNamesThatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		page := courier.NewPage(courier.Page{Couriers: o.Couriers, Log: slog.New(slog.DiscardHandler)})
		for _, name := range []string{"", "\x00", "c\x00", string(make([]byte, 5000))} {
			renewal := body(map[string]any{"courier": name, "at": o.now.UnixMicro(), "proof": []byte{1}})
			if code := knock(page, http.MethodPost, "/courier/v1/renew", nil, renewal); code != http.StatusForbidden && code != http.StatusUnprocessableEntity {
				t.Errorf("%.8q renews: %d", name, code)
			}
			p := newPhone(t)
			enrolment := body(map[string]any{"token": name, "key": p.key.Public, "proof": p.sign(t, courier.EnrolmentMessage(name))})
			if code := knock(page, http.MethodPost, "/courier/v1/enrol", nil, enrolment); code != http.StatusForbidden && code != http.StatusUnprocessableEntity {
				t.Errorf("%.8q enrols: %d", name, code)
			}
		}
	})
}

// FuzzPage: whatever strangers post, and whatever proof they send, they are answered with a refusal, and nobody is certified.
func FuzzPage(f *testing.F) {
	o := newOffice(f, carrierTables(f))
	p, held := o.enrol(f, "c-17")
	token := o.expect(f, "c-18")
	at := o.now.UnixMicro()
	f.Add("enrol", body(map[string]any{"token": token, "key": p.key.Public, "proof": make([]byte, 64)}), "", at, []byte(nil))
	f.Add("enrol", body(map[string]any{"token": "no", "key": p.key.Public, "proof": p.sign(f, courier.EnrolmentMessage("no"))}), "", at, []byte(nil))
	f.Add("renew", body(map[string]any{"courier": "c-17", "at": at, "proof": p.sign(f, courier.EnrolmentMessage("no"))}), "", at, []byte(nil))
	f.Add("today", []byte(nil), "c-17", at, make([]byte, 64))
	f.Add("today", []byte(nil), "c-17", int64(-1<<63), []byte{1})
	f.Add("../v1/renew", []byte(`{"courier":"c-17","at":1e99}`), "", at, []byte(nil))
	o.audited = nil
	f.Fuzz(func(t *testing.T, path string, sent []byte, name string, at int64, proof []byte) {
		o.now = o.now.Add(time.Minute) // who fails often must wait
		page := courier.NewPage(courier.Page{Couriers: o.Couriers, Log: slog.New(slog.DiscardHandler)})
		header := http.Header{"Lockstep-Courier": {name}, "Lockstep-At": {strconv.FormatInt(at, 10)}, "Lockstep-Proof": {base64.StdEncoding.EncodeToString(proof)}}
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			if code := knock(page, method, "/courier/v1/"+path, header, sent); code >= http.StatusInternalServerError || code == http.StatusOK {
				t.Fatalf("%s %q %q: %d", method, path, sent, code)
			}
		}
		now, err := o.Courier(t.Context(), "c-17")
		if err != nil || !bytes.Equal(now.Certificate, held.Certificate) || len(o.audited) > 0 {
			t.Fatalf("somebody was certified: %q, %v", o.audited, err)
		}
	})
}
