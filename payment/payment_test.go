package payment

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"lockstep/ceremony"
	"lockstep/guard/statement"
	"lockstep/internal/secret"
)

const (
	token = "lsp_test"
	whsec = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
)

var now = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// desk is a service with a network, beside a hub that knows one shipment.
type desk struct {
	*testing.T
	*provider
	network *ceremony.Development
	charge  string // what the hub says is due
	status  int    // what it answers to a payment
	problem string
	moved   string // what it says was misaddressed
	posted  [][]byte
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	network, err := ceremony.NewDevelopment("test")
	if err != nil {
		t.Fatal(err)
	}
	keys := t.TempDir()
	if err := network.Save(keys); err != nil {
		t.Fatal(err)
	}
	d := &desk{T: t, network: network, status: http.StatusOK, moved: `{"misaddressed":[]}`,
		charge: `{"shipment":"s1","amount":129000,"currency":"RUB","paid":0,"parcels":[{"barcode":"200010000018","locker":"l1"},{"barcode":"200010000025","locker":"l2"}]}`}
	hub := httptest.NewServer(http.HandlerFunc(d.hub))
	t.Cleanup(hub.Close)
	service, err := Open(Config{Keys: keys, Hub: hub.URL, Token: secret.Known(token), Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	hook, err := standardwebhooks.NewWebhook(whsec)
	if err != nil {
		t.Fatal(err)
	}
	d.provider = &provider{service, hook}
	return d
}

func (d *desk) hub(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch r.Method + " " + r.URL.Path {
	case "GET /payment/v1/charges/200010000018":
		io.WriteString(w, d.charge)
	case "GET /payment/v1/misaddressed":
		io.WriteString(w, d.moved)
	case "POST /payment/v1/payments":
		var body struct{ Envelopes [][]byte }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			d.Error(err)
		}
		w.WriteHeader(d.status)
		if d.status != http.StatusOK {
			io.WriteString(w, d.problem)
			return
		}
		d.posted = append(d.posted, body.Envelopes...)
		io.WriteString(w, d.charge)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// call is a provider's, signed at a time.
func (d *desk) call(body string, at time.Time, change ...func(http.Header)) int {
	d.Helper()
	signature, err := d.hook.Sign("msg_1", at, []byte(body))
	if err != nil {
		d.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/webhook", strings.NewReader(body))
	r.Header.Set(standardwebhooks.HeaderWebhookID, "msg_1")
	r.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	r.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	for _, f := range change {
		f(r.Header)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Code
}

const succeeded = `{"type":"payment.succeeded","timestamp":"2026-03-01T08:59:30Z","data":{"barcode":"200010000018","amount":129000,"currency":"rub","reference":"psp-7"}}`

// signed reads what the hub was handed, in its order.
func (d *desk) signed() (list []statement.Paid) {
	d.Helper()
	for _, envelope := range d.posted {
		p, _, err := statement.Verify[statement.Paid](envelope, d.network.Charter.Payments.Lookup)
		if err != nil {
			d.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

func TestPaid(t *testing.T) {
	d := newDesk(t)
	if code := d.call(succeeded, now); code != http.StatusNoContent {
		t.Fatal(code)
	}
	at := now.Add(-30 * time.Second).UnixMicro()
	want := []statement.Paid{{Locker: "l1", Barcode: "200010000018", Amount: 129000, Currency: "RUB", At: at, Reference: "psp-7"},
		{Locker: "l2", Barcode: "200010000025", Amount: 129000, Currency: "RUB", At: at, Reference: "psp-7"}}
	if is := d.signed(); !slices.Equal(is, want) {
		t.Errorf("%+v", is)
	}
}

// What may succeed later is answered so that the provider repeats it; what never will is not.
func TestProvidersAnswers(t *testing.T) {
	for what, c := range map[string]struct {
		body   string
		do     func(*desk)
		header func(http.Header)
		code   int
	}{
		"another event":      {body: `{"type":"payment.created","data":{}}`, code: 204},
		"no JSON":            {body: `paid!`, code: 422},
		"no barcode":         {body: strings.Replace(succeeded, "200010000018", "", 1), code: 422},
		"a wrong check":      {body: strings.Replace(succeeded, "200010000018", "200010000019", 1), code: 422},
		"half a kopeck":      {body: strings.Replace(succeeded, "129000", "129000.5", 1), code: 422},
		"nothing":            {body: strings.Replace(succeeded, "129000", "0", 1), code: 422},
		"no reference":       {body: strings.Replace(succeeded, "psp-7", "", 1), code: 422},
		"another amount":     {body: strings.Replace(succeeded, "129000", "128999", 1), code: 409},
		"another currency":   {body: strings.Replace(succeeded, "rub", "kzt", 1), code: 409},
		"nobody's parcel":    {body: strings.Replace(succeeded, "200010000018", "400000000015", 1), code: 409},
		"paid by another":    {body: succeeded, do: func(d *desk) { d.status, d.problem = 409, `{"code":"paid_already"}` }, code: 409},
		"just moved":         {body: succeeded, do: func(d *desk) { d.status, d.problem = 409, `{"code":"moved"}` }, code: 503},
		"a hub that is ill":  {body: succeeded, do: func(d *desk) { d.status = 500 }, code: 503},
		"a hub that lies":    {body: succeeded, do: func(d *desk) { d.charge = strings.Replace(d.charge, "l1", "L 1", 1) }, code: 503},
		"not signed":         {body: succeeded, header: func(h http.Header) { h.Del(standardwebhooks.HeaderWebhookSignature) }, code: 401},
		"signed otherwise":   {body: succeeded, header: func(h http.Header) { h.Set(standardwebhooks.HeaderWebhookSignature, "v1,AAAA") }, code: 401},
		"another message":    {body: succeeded, header: func(h http.Header) { h.Set(standardwebhooks.HeaderWebhookID, "msg_2") }, code: 401},
		"a time of its own":  {body: succeeded, header: func(h http.Header) { h.Set(standardwebhooks.HeaderWebhookTimestamp, "soon") }, code: 401},
		"too large a body":   {body: `{"type":"` + strings.Repeat("x", maxBody) + `"}`, code: 413},
		"a hub without road": {body: succeeded, do: func(d *desk) { d.charge = "" }, code: 503},
	} {
		t.Run(what, func(t *testing.T) {
			d := newDesk(t)
			if c.do != nil {
				c.do(d)
			}
			header := c.header
			if header == nil {
				header = func(http.Header) {}
			}
			if code := d.call(c.body, now, header); code != c.code || d.posted != nil {
				t.Errorf("%d, and %d statements were taken", code, len(d.posted))
			}
		})
	}
	d := newDesk(t)
	for _, at := range []time.Time{now.Add(-tolerance - time.Second), now.Add(tolerance + time.Second)} {
		if code := d.call(succeeded, at); code != http.StatusUnauthorized {
			t.Errorf("signed at %v: %d", at, code)
		}
	}
}

// A parcel that went elsewhere gets its payment signed anew, with all that was paid as it was; what this key never signed does not.
func TestReaddress(t *testing.T) {
	d := newDesk(t)
	was := statement.Paid{Locker: "l1", Barcode: "200010000018", Amount: 129000, Currency: "RUB", At: 5, Reference: "psp-7"}
	list := func(barcode string, by *statement.Signer) {
		t.Helper()
		envelope, err := statement.Sign(by, was)
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(map[string]any{"misaddressed": []any{map[string]any{"barcode": barcode, "locker": "l9", "envelope": envelope}}})
		if err != nil {
			t.Fatal(err)
		}
		d.moved = string(data)
	}
	list(was.Barcode, d.network.Payment)
	if err := d.Readdress(t.Context()); err != nil {
		t.Fatal(err)
	}
	is := was
	is.Locker = "l9"
	if got := d.signed(); !slices.Equal(got, []statement.Paid{is}) {
		t.Fatalf("%+v", got)
	}
	for what, forge := range map[string]func(){
		"dispatch's":       func() { list(was.Barcode, d.network.Dispatch) },
		"another parcel's": func() { list("200010000025", d.network.Payment) },
	} {
		forge()
		if err := d.Readdress(t.Context()); err == nil || len(d.posted) != 1 {
			t.Errorf("%s was signed anew: %v", what, err)
		}
	}
}

// A key that the charter does not name for payments signs none.
func TestOpen(t *testing.T) {
	network, err := ceremony.NewDevelopment("test")
	if err != nil {
		t.Fatal(err)
	}
	keys := t.TempDir()
	if err := network.Save(keys); err != nil {
		t.Fatal(err)
	}
	good := Config{Keys: keys, Hub: "http://127.0.0.1:1", Token: secret.Known(token), Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	if _, err := Open(good); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*Config){
		"no token":         func(c *Config) { c.Token = secret.Text{} },
		"the open network": func(c *Config) { c.Hub = "http://hub.example" },
		"no charter":       func(c *Config) { c.Keys = t.TempDir(); Init(c.Keys) },
		"another key": func(c *Config) {
			os.Remove(filepath.Join(keys, "payment.seed"))
			if _, err := Init(keys); err != nil {
				t.Fatal(err)
			}
		},
	} {
		c := good
		change(&c)
		if _, err := Open(c); err == nil {
			t.Errorf("%s: it opens", what)
		}
	}
}
