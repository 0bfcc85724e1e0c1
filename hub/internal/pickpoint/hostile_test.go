package pickpoint_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/pickpoint"
	"lockstep/hub/migrations"
	"lockstep/internal/db"
	"lockstep/internal/db/dbtest"
)

// inARound is how many requests one database sees: what they leave there makes later ones slower.
const inARound = 2000

// TestHostileBodies: whatever stands in a request of whichever method, its answer is one that clients can read, tells nothing of another
// shop, and nothing of it is our defect; afterwards all that is stored is the fold of what happened. LOCKSTEP_TRIES requests, a round of
// them on PostgreSQL too, each round seeded by its number from LOCKSTEP_SEED on.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	tries, seed := env("LOCKSTEP_TRIES", inARound), env("LOCKSTEP_SEED", 1)
	counts := map[string][2]int{}
	dbtest.Each(t, migrations.Files, func(t *testing.T, database *db.DB) {
		newHostile(t, database).round(seed, min(tries, inARound), counts)
	})
	for done := inARound; done < tries && !t.Failed(); done += inARound {
		seed++
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { newHostile(t, sqlite(t)).round(seed, min(tries-done, inARound), counts) })
	}
	for _, method := range pickpoint.Methods() {
		if _, is := shapes[method]; !is {
			t.Errorf("%s has no shape", method)
		}
		t.Logf("%-24s %7d tries, %7d of them failures", method, counts[method][0], counts[method][1])
	}
}

func env(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// sqlite is a database of its own.
func sqlite(t testing.TB) *db.DB {
	d, err := db.Open(t.Context(), filepath.Join(t.TempDir(), "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Migrate(t.Context(), migrations.Files); err != nil {
		t.Fatal(err)
	}
	return d
}

// hostile is a desk with two shops, each of which has sendings in every state.
type hostile struct {
	*desk
	shops [2]*known
}

func newHostile(t testing.TB, database *db.DB) *hostile {
	h := &hostile{desk: newDesk(t, database)}
	h.priced()
	h.shops[0] = h.stock("apitest", "9990003041", "7701-301")
	h.asAnother()
	h.shops[1] = h.stock("other", "9990000002", "7701-302")
	return h
}

// stock announces sendings for the shop that is signed in and leads each into another state, at a locker of its own and at the first.
func (h *hostile) stock(login, contract, locker string) *known {
	h.Helper()
	k := &known{session: h.session, login: login, contract: contract, locker: locker, seen: &known{}}
	g := h.another(locker)
	n := 0
	one := func(changes ...string) (number, barcode string) {
		n++
		reference, box := fmt.Sprintf("of-%s-%d.", login, n), fmt.Sprintf("box-of-%s-%d.", login, n)
		number, barcode = h.one(invoice(append([]string{`"order-1"`, quoted(reference), `7701-015`, locker, `box-1`, box, `9990003041`, contract,
			`"Width":20,"Height":30,"Depth":15.5`, `"Width":5,"Height":5,"Depth":5`}, changes...)...))
		k.numbers, k.barcodes, k.references, k.never = append(k.numbers, number), append(k.barcodes, barcode), append(k.references, reference), append(k.never, box)
		if n%2 == 0 {
			k.seen.references, k.never = append(k.seen.references, reference), append(k.never, number)
		} else {
			k.seen.numbers, k.seen.barcodes, k.never = append(k.seen.numbers, number), append(k.seen.barcodes, barcode), append(k.never, reference)
		}
		return number, barcode
	}
	collected := func() string {
		number, barcode := one()
		g.Deposit(1, barcode)
		g.Collect(1, barcode)
		h.bring(g)
		return number
	}
	collected()
	for _, back := range h.createReturn2(contract, collected()) {
		k.numbers, k.barcodes = append(k.numbers, back.InvoiceNumber), append(k.barcodes, back.Places[0].Barcode)
	}
	_, late := one()
	g.Deposit(1, late)
	for _, r := range []journal.Record{{Kind: journal.Overdue}, {Kind: journal.WithdrawIntent, Carrier: "house", Courier: "anna"}, {Kind: journal.Withdrawn, Carrier: "house", Courier: "anna"}} {
		r.Compartment, r.Parcel = 1, late
		g.Write(r)
	}
	h.bring(g)
	k.document = append(k.document, h.handBack(late))
	cancelled, _ := one()
	h.post("/api/cancelInvoice", h.with(`"InvoiceNumber":`+cancelled))

	_, paid := one(`"Sum":0`, `"Sum":990`)
	h.pay(locker, paid, 99000)
	act, err := h.handovers.Settle(h.Context(), h.sender(login), "PP-"+login, "RUB", "operator")
	if err != nil {
		h.Fatal(err)
	}
	k.document = append(k.document, fmt.Sprint(act.Number))
	g.Deposit(2, paid)
	g.Collect(2, paid)
	_, due := one(`"Sum":0`, `"Sum":100`)
	g.Deposit(3, due)
	h.bring(g)
	for _, way := range []string{`102`, `"103"`} {
		listed, _ := one(`102`, way)
		made := h.post("/api/makereestrnumber", h.with(`"Invoices":[`+listed+`]`))
		k.document = append(k.document, fmt.Sprint(made["Numbers"].([]any)[0]))
		h.post("/api/couriercancel", h.with(`"OrderNumber":`+h.call(courierCall(`9990003041`, contract))))
	}
	k.seen.session, k.seen.login, k.seen.contract, k.seen.locker, k.seen.document = k.session, login, contract, locker, k.document
	return k
}

// sender is the merchant that signs in with a login.
func (d *desk) sender(login string) string {
	d.Helper()
	l, err := d.accounts.CheckLogin(d.Context(), login, login)
	if err != nil {
		d.Fatal(err)
	}
	return l.Merchant
}

// pay is what the payment service does.
func (d *desk) pay(locker, barcode string, amount int64) {
	d.Helper()
	word, err := statement.Sign(d.network.Payment, statement.Paid{Locker: locker, Barcode: barcode, Amount: amount, Currency: "RUB", At: d.now.UnixMicro(), Reference: "p-" + barcode})
	if err == nil {
		_, err = d.custody.Pay(d.Context(), [][]byte{word})
	}
	if err != nil {
		d.Fatal(err)
	}
}

// round is so many requests, of both shops.
func (h *hostile) round(seed, tries int, counts map[string][2]int) {
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	methods, seen := append(pickpoint.Methods(), "opendoor"), map[string]bool{}
	for i := range tries {
		us := random.IntN(2)
		g := &grammar{Rand: random, own: h.shops[us], other: h.shops[1-us], now: h.now}
		method := pick(g, methods...)
		path, body := g.request(method)
		verb := pick(g, "POST", "POST", "POST", "POST", "GET", "PUT")
		answer, failed, wrong := h.try(us, verb, path, body)
		if wrong != "" && !seen[wrong] && len(seen) < 20 {
			seen[wrong] = true
			h.Errorf("seed %d, request %d: %s\n%s %s\n%.3000q\n%.2000s", seed, i, wrong, verb, path, body, answer)
		}
		if h.learn(us, body, answer); i%40 == 0 {
			h.makeRoom()
		}
		count := counts[method]
		count[0]++
		if failed {
			count[1]++
		}
		counts[method] = count
	}
	h.settled()
}

var newNumber = regexp.MustCompile(`"(InvoiceNumber|OrderNumber)":"([0-9]{8,11})"`)

// learn remembers what a request has made, so that later ones ask for it.
func (h *hostile) learn(us int, body string, answer []byte) {
	if strings.Contains(body, h.shops[1-us].session) || !bytes.Contains(answer, []byte(`"CreatedSendings":[{`)) && !bytes.Contains(answer, []byte(`"CourierRequestRegistred":true`)) {
		return
	}
	for _, made := range newNumber.FindAllSubmatch(answer, -1) {
		h.shops[us].fresh = append(h.shops[us].fresh, string(made[2]))
	}
}

// makeRoom gives up what requests have made.
func (h *hostile) makeRoom() {
	for _, k := range h.shops {
		for _, number := range k.fresh {
			h.post("/api/rejectInvoice", `{"SessionId":"`+k.session+`","InvoiceNumber":`+number+`}`)
		}
		k.fresh = nil
	}
}

// settled holds what is stored against what it was made from.
func (h *hostile) settled() {
	h.Helper()
	if err := h.custody.Publish(h.Context()); err != nil {
		h.Error(err)
	}
	if differences, err := h.custody.VerifyFold(h.Context()); err != nil || len(differences) > 0 {
		h.Errorf("%q, %v", differences, err)
	}
	for next, more := "", true; more; more = next != "" {
		list, after, err := h.custody.Shipments(h.Context(), "", custody.Filter{After: next, Limit: 200})
		if err != nil {
			h.Fatal(err)
		}
		for _, s := range list {
			if len(s.Parcels) == 0 {
				h.Errorf("shipment %s has no parcel", s.ID)
			}
		}
		next = after
	}
}

// try sends a request of one of the shops. It says whether it failed, and what is wrong with how it was answered.
func (h *hostile) try(us int, verb, path, body string) (answer []byte, failed bool, wrong string) {
	w := httptest.NewRecorder()
	q, err := http.NewRequest(verb, "http://hub.example"+path, strings.NewReader(body))
	if err != nil {
		return nil, true, ""
	}
	h.door.ServeHTTP(w, q)
	defer h.stay()
	if h.failures.Len() > 0 {
		defer h.failures.Reset()
		return w.Body.Bytes(), true, h.failures.String()
	}
	failed, wrong = readable(w.Code, w.Header().Get("Content-Type"), w.Body.Bytes())
	if them := h.shops[1-us]; wrong == "" && !strings.Contains(body, them.session) && !strings.Contains(path, them.session) {
		for _, secret := range them.never {
			if strings.Contains(w.Body.String(), secret) && !strings.Contains(body, secret) {
				wrong = "it tells " + secret + " of another shop"
			}
		}
	}
	return w.Body.Bytes(), failed, wrong
}

// stay signs shops in again that have logged out.
func (h *hostile) stay() {
	for _, k := range h.shops {
		if _, _, err := h.accounts.Session(context.Background(), k.session); err != nil {
			session, _, err := h.accounts.SignIn(context.Background(), k.login, k.login)
			if err != nil {
				panic(err)
			}
			k.session, k.seen.session = session.Reveal(), session.Reveal()
		}
	}
}

// readable says whether an answer tells of a failure, and what clients would stumble over in it.
func readable(status int, kind string, answer []byte) (failed bool, wrong string) {
	switch {
	case status != http.StatusOK && status != http.StatusNotFound:
		return true, fmt.Sprint("status ", status)
	case bytes.Contains(answer, []byte("Непредвиденная")) || bytes.Contains(answer, []byte("went wrong on our side")):
		return true, "an internal error"
	case kind == "application/pdf":
		if !bytes.HasPrefix(answer, []byte("%PDF-")) || bytes.Contains(answer, []byte("Error")) {
			return false, "no PDF"
		}
		return false, ""
	case strings.HasPrefix(kind, "text/plain"):
		if !bytes.HasPrefix(answer, []byte("Error: ")) || !cyrillic(string(answer)) {
			return true, "a text that is no failure"
		}
		return true, ""
	case kind != "application/json; charset=utf-8":
		return true, "content type " + kind
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(answer))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil || d.More() {
		return true, "no JSON"
	}
	failed, wrong = stumbled(tree)
	if status == http.StatusNotFound && !failed {
		wrong = "not found, and no failure"
	}
	return failed, wrong
}

var integer = regexp.MustCompile(`^-?[0-9]+$`)

// stumbled looks at all that is within an answer.
func stumbled(tree any) (failed bool, wrong string) {
	switch v := tree.(type) {
	case []any:
		for _, inner := range v {
			f, w := stumbled(inner)
			failed, wrong = failed || f, wrong+w
		}
	case map[string]any:
		for _, inner := range v {
			f, w := stumbled(inner)
			failed, wrong = failed || f, wrong+w
		}
		code, coded := v["ErrorCode"]
		if number, _ := code.(json.Number); coded && !integer.MatchString(string(number)) {
			return true, fmt.Sprintf("ErrorCode is %v", code)
		}
		if !coded || code == json.Number("0") {
			return failed, wrong
		}
		said, _ := v["ErrorMessage"].(string)
		if !cyrillic(said) {
			wrong += fmt.Sprintf("code %v says %q to people who read Russian", code, said)
		}
		if other, both := v["Error"]; both && other != said {
			wrong += fmt.Sprintf("two texts: %q and %q", other, said)
		}
		return true, wrong
	}
	return failed, wrong
}

func cyrillic(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) })
}

// createReturn2 registers returns of sendings of the shop that is signed in.
func (d *desk) createReturn2(contract string, numbers ...string) []struct {
	EDTN, SenderCode, ReturnCode, InvoiceNumber string
	Places                                      []struct{ GCBarCode, Barcode, ReturnCode string }
} {
	d.Helper()
	var answer createdReturns
	var sendings []string
	for _, number := range numbers {
		sendings = append(sendings, `{"IKN":"`+contract+`","Invoice":{"InvoiceNumber":`+number+`}}`)
	}
	said := d.raw(http.MethodPost, "/api/createreturn", d.with(`"Sendings":[`+strings.Join(sendings, ",")+`]`))
	d.into(said, &answer)
	if len(answer.CreatedSendings) != len(numbers) {
		d.Fatalf("%s", said)
	}
	return answer.CreatedSendings
}

// FuzzCalls: as TestHostileBodies, of any body at all. SESSION and OTHER stand for the sessions of two shops, whose numbers are always the
// same: from 20001000000 on, and from 20002000000 on.
func FuzzCalls(f *testing.F) {
	h := newHostile(f, sqlite(f))
	for _, method := range pickpoint.Methods() {
		g := &grammar{Rand: rand.New(rand.NewPCG(1, 1)), own: h.shops[0], other: h.shops[1], now: h.now}
		f.Add(method, []byte(strings.NewReplacer(h.shops[0].session, "SESSION", h.shops[1].session, "OTHER").Replace(g.object(method))))
	}
	f.Fuzz(func(t *testing.T, method string, body []byte) {
		text := strings.NewReplacer("SESSION", h.shops[0].session, "OTHER", h.shops[1].session).Replace(string(body))
		if answer, _, wrong := h.try(0, http.MethodPost, "/api/"+url.PathEscape(method), text); wrong != "" {
			t.Fatalf("%s %q: %s\n%.2000s", method, body, wrong, answer)
		}
	})
}
