package drill

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"lockstep/guard/door"
	"lockstep/guard/statement"
	"lockstep/internal/db"
)

// webRows: machines and pages of the servers.
var webRows = []Row{
	{ID: "W01", Attack: "merchant A's key over merchant B's ids, every route of the API's own document", Holds: of(holdsStaff), Expect: "as if they did not exist: 403 or 404, the same words, in the same time", Net: othersIDs, Parcels: 2, Alone: true},
	{ID: "W02", Attack: "a merchant's API key, stolen: every route of the document", Holds: of(holdsStaff), Expect: "no phone, no e-mail, no code, nothing of another merchant; on labels the names of its own recipients", Net: stolenKey, Parcels: 2},
	{ID: "W03", Attack: "only the link of a tracking page", Expect: "no code, no compartment, nobody's name; not to be guessed", Net: trackingLink, Parcels: 2},
	{ID: "W05", Attack: "control: a recipient's data erased on demand", Expect: "gone from the notifier's files; the journal verifies; the parcel is still to be had", Net: erasedOnDemand, Parcels: 2},
	{ID: "W06", Attack: "read access to all logs, metrics, crash dumps and the hub's database after a day with everything in it", Expect: "no code, no contact, no key", Net: everythingRead, Parcels: 2},
	{ID: "W07", Attack: "hub root asks the notifier for names, with its token and with others, of everybody and again and again", Holds: of(holdsHub),
		Expect: "names and four digits of parcels under way or in lockers; no number, no e-mail, nothing of what is over or was sealed by its merchant; so many an hour, counted, an alarm", Net: namesAsked, Parcels: 2},
}

// spec is the hub's OpenAPI document, as far as attacks are made of it.
type spec struct {
	Paths map[string]map[string]operation
}

type operation struct {
	ID   string `json:"operationId"`
	Body any    `json:"requestBody"`
}

// route is one operation with ids put into its path.
type route struct {
	method, template, path string
	body                   any
}

func (r route) String() string { return r.method + " " + r.template }

// reading says that nothing is changed by it.
func (r route) reading() bool { return r.method == "GET" }

// bodies are what the routes about one thing take that take anything.
var bodies = map[string]any{
	"/v1/parcels/{barcode}/extend": map[string]any{"dwell_hours": 100},
	"/v1/shipments/{id}/redirect":  map[string]any{"locker": "l1"},
	"/v1/webhooks/{id}/replay":     map[string]any{"since": "2026-01-01T00:00:00Z"},
}

// routes are all operations whose path has a parameter, or all that have none, over some ids, in a fixed order.
func (s spec) routes(parameter bool, ids map[string]string) (all []route) {
	for template, methods := range s.Paths {
		if strings.Contains(template, "{") != parameter || strings.HasPrefix(template, "/v1/lockers/") {
			continue // lockers are everybody's
		}
		for method, op := range methods {
			r := route{method: strings.ToUpper(method), template: template, path: template}
			for name, id := range ids {
				r.path = strings.Replace(r.path, name, id, 1)
			}
			r.path = strings.NewReplacer("{id}", "", "{barcode}", "").Replace(r.path)
			if op.Body != nil {
				r.body = bodies[template]
			}
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b route) int { return strings.Compare(a.String(), b.String()) })
	return all
}

// spec fetches it.
func (n *Net) spec(ctx context.Context) (s spec, err error) {
	if _, err = n.ask(ctx, "GET", "/v1/openapi.json", nil, &s); err == nil && len(s.Paths) < 10 {
		err = fmt.Errorf("the document has %d paths", len(s.Paths))
	}
	return s, err
}

var opening = regexp.MustCompile(`(?i)\b(open|unlock|pulse|release|actuate|door)`)

var verbs = []string{"open", "unlock", "pulse", "release", "openall", "actuate", "press"}

// openVerb asks every route for a verb that opens, with a merchant's key, with the notifier's token and without.
func openVerb(ctx context.Context, n *Net) (string, error) {
	b := n.Lockers[0]
	seen, err := noVerb(ctx, b)
	if err != nil {
		return "", err
	}
	s, err := n.spec(ctx)
	if err != nil {
		return "", err
	}
	var paths []string
	for path, methods := range s.Paths {
		for method, op := range methods {
			if opening.MatchString(path) || opening.MatchString(strings.Join(words(op.ID), " ")) {
				return "", breach("%s %s is called %s", method, path, op.ID)
			}
		}
		paths = append(paths, n.filled(path, n.Parcels[0]))
	}
	paths = append(paths, "/notifier/v1/lockers/"+b.Locker.ID, "/carrier/v1/lockers/"+b.Locker.ID, "/courier/v1/lockers/"+b.Locker.ID, "/admin", "/internal", "/rpc", "/debug/pprof", "/metrics", "/v1/lockers/"+b.Locker.ID+"/compartments/1")
	slices.Sort(paths)
	before, tried := n.pulses(), 0
	for _, path := range paths {
		for _, verb := range verbs {
			for _, at := range []string{path + "/" + verb, path + ":" + verb, path + "?action=" + verb, strings.TrimSuffix(path, "/") + "/" + verb + "/1"} {
				count, err := n.poke(ctx, at, verb, strings.Contains(at, "?"))
				if err != nil {
					return "", err
				}
				tried += count
			}
		}
	}
	if after := n.pulses(); after > before {
		return "", breach("%d pulses", after-before)
	}
	return fmt.Sprintf("%s; %d paths of the API, %d requests with a verb that opens: none known, 0 pulses", seen, len(paths), tried), nil
}

// poke sends a verb with every method and credential. No answer may be a success, but to a query that a real route does not know.
func (n *Net) poke(ctx context.Context, at, verb string, real bool) (tried int, err error) {
	body := map[string]any{"verb": verb, "action": verb, "compartment": 1, "compartments": []int{1, 2, 3}}
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		if real && method != "GET" && method != "POST" {
			continue // it would end an honest webhook
		}
		send := any(body)
		if method == "GET" {
			send = nil
		}
		a, err := call(ctx, method, n.Office.Hub+at, n.Office.APIKey, send)
		if err != nil {
			return tried, err
		}
		if a.Status < 400 && !strings.HasPrefix(at, "/courier") || a.Status >= 500 {
			return tried, breach("%s %s is answered with %d: %.200s", method, at, a.Status, a.Body)
		}
		tried++
	}
	return tried, nil
}

// words takes a camel-cased name apart.
func words(name string) []string {
	return strings.Fields(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(name, "$1 $2"))
}

// filled puts real ids into a path of the document.
func (n *Net) filled(path string, p *Parcel) string {
	return strings.NewReplacer("{barcode}", p.Barcode, "/shipments/{id}", "/shipments/"+p.Shipment, "/lockers/{id}", "/lockers/"+p.At.Locker.ID, "{id}", "none").Replace(path)
}

// idsOf are one merchant's, by where they stand in paths: longer places first.
func (n *Net) idsOf(ctx context.Context, p *Parcel) (map[string]string, error) {
	var hook struct{ ID, Secret string }
	a, err := n.ask(ctx, "POST", "/v1/webhooks", map[string]any{"url": "http://127.0.0.1:9/hook"}, &hook)
	if err != nil || hook.ID == "" {
		return nil, fmt.Errorf("no webhook: %d %s: %v", a.Status, a.Body, err)
	}
	var pickup struct{ Number string }
	a, err = n.ask(ctx, "POST", "/v1/pickups", map[string]any{"city": "Moskva", "address": "Tverskaya 1", "day": n.Office.Clock.Now().AddDate(0, 0, 2).UTC().Format(time.DateOnly), "places": 1,
		"contact": map[string]any{"name": "Olga", "phone": "+7 495 000-00-00"}}, &pickup)
	if err != nil || pickup.Number == "" {
		return nil, fmt.Errorf("no pickup: %d %s: %v", a.Status, a.Body, err)
	}
	return map[string]string{"/shipments/{id}": "/shipments/" + p.Shipment, "/parcels/{barcode}": "/parcels/" + p.Barcode, "/webhooks/{id}": "/webhooks/" + hook.ID,
		"/pickups/{id}": "/pickups/" + pickup.Number}, nil
}

// nowhere are ids of the same form that nobody has.
var nowhere = map[string]string{"/shipments/{id}": "/shipments/0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e4f", "/parcels/{barcode}": "/parcels/" + Barcode(777777), "/webhooks/{id}": "/webhooks/0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e4f", "/pickups/{id}": "/pickups/39999999"}

// othersIDs has a new merchant ask for what is the first one's.
func othersIDs(ctx context.Context, n *Net) (string, error) {
	s, err := n.spec(ctx)
	if err != nil {
		return "", err
	}
	ids, err := n.idsOf(ctx, n.Parcels[0])
	if err != nil {
		return "", err
	}
	var thief struct{ Key string }
	if err := n.Office.HubCommand(&thief, "merchant", "add", "Thief shop"); err != nil {
		return "", err
	}
	n.key("the thief's API key", thief.Key)
	swept, worst := 0, time.Duration(0)
	for i, there := range s.routes(true, ids) {
		away := s.routes(true, nowhere)[i]
		if there.reading() { // control: it is there for its owner
			if a, err := call(ctx, there.method, n.Office.Hub+there.path, n.Office.APIKey, nil); err != nil || a.Status != 200 {
				return "", fmt.Errorf("%s: its own merchant gets %d: %v", there, a.Status, err)
			}
		}
		apart, err := n.alike(ctx, thief.Key, there, away)
		if err != nil {
			return "", err
		}
		worst = max(worst, apart)
		swept++
	}
	if swept < 12 {
		return "", fmt.Errorf("only %d routes", swept)
	}
	for _, r := range s.routes(false, nil) {
		if !r.reading() {
			continue
		}
		a, err := call(ctx, r.method, n.Office.Hub+r.path, thief.Key, nil)
		if err != nil {
			return "", err
		}
		for _, id := range ids {
			if strings.Contains(string(a.Body), id[strings.LastIndex(id, "/")+1:]) {
				return "", breach("%s lists what is another merchant's", r)
			}
		}
		swept++
	}
	for _, p := range n.Parcels {
		if err := n.Office.Until(ctx, p.Barcode, "stored"); err != nil {
			return "", breach("a stranger's request changed a parcel: %v", err)
		}
	}
	return fmt.Sprintf("%d routes: as if it did not exist; medians at most %s apart", swept, worst.Round(10*time.Microsecond)), nil
}

// alike holds the answers and the times of what is there and of what is not against each other. Times that look apart are taken again, four
// times as many: what other processes do to one series they do not do to the next, and what the hub gives away it gives away again.
func (n *Net) alike(ctx context.Context, key string, there, away route) (apart time.Duration, err error) {
	var one, other time.Duration
	for _, count := range []int{samples, 4 * samples} {
		if one, other, err = n.times(ctx, key, there, away, count); err != nil {
			return 0, err
		}
		if apart = max(one-other, other-one); apart <= max(2*time.Millisecond, other/2) {
			return apart, nil
		}
	}
	return apart, breach("%s takes %s for what is there and %s for what is not", there, one, other)
}

// times asks for what is there and for what is not, each as often before the other as after it; the answers must be the same, the times are
// medians.
func (n *Net) times(ctx context.Context, key string, there, away route, count int) (one, other time.Duration, err error) {
	var took [2][]time.Duration
	for turn := range count {
		var answers [2]answer
		for _, i := range []int{turn % 2, 1 - turn%2} {
			r, begun := [2]route{there, away}[i], time.Now()
			if answers[i], err = call(ctx, r.method, n.Office.Hub+r.path, key, r.body); err != nil {
				return 0, 0, err
			}
			took[i] = append(took[i], time.Since(begun))
			if status := answers[i].Status; status != 403 && status != 404 {
				return 0, 0, breach("%s is answered with %d: %.200s", r, status, answers[i].Body)
			}
		}
		if answers[0].Status != answers[1].Status || string(answers[0].Body) != string(answers[1].Body) {
			return 0, 0, breach("%s tells what is there: %s", there, answers[0].Body)
		}
	}
	return median(took[0]), median(took[1]), nil
}

// samples is how often each is asked at first.
const samples = 31

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

// stolenKey asks for everything that the first merchant may ask for, while another merchant has parcels, too.
func stolenKey(ctx context.Context, n *Net) (string, error) {
	s, err := n.spec(ctx)
	if err != nil {
		return "", err
	}
	stolen := n.Office.APIKey
	if err := n.unseal(ctx); err != nil { // the other merchant's key is the office's now
		return "", err
	}
	other, err := n.bring(ctx, n.Lockers[0], 1)
	if err != nil {
		return "", err
	}
	n.Office.APIKey, stolen = stolen, n.Office.APIKey
	ids, err := n.idsOf(ctx, n.Parcels[0])
	if err != nil {
		return "", err
	}
	look, err := n.needles(ctx)
	if err != nil {
		return "", err
	}
	read, size := 0, 0
	all := append(s.routes(true, ids), s.routes(false, nil)...)
	slices.SortStableFunc(all, func(a, b route) int { return strings.Compare(b.method, a.method) }) // what ends things comes last
	for _, r := range all {
		if r.method == "DELETE" {
			continue
		}
		a, err := call(ctx, r.method, n.Office.Hub+r.path, n.Office.APIKey, r.body)
		if err != nil {
			return "", err
		}
		if what, found := look.in(a.Body); found && !onLabel(r, what) {
			return "", breach("%s shows %s", r, what)
		}
		for _, id := range []string{other[0].Barcode, other[0].Shipment} {
			if strings.Contains(string(a.Body), id) {
				return "", breach("%s shows another merchant's", r)
			}
		}
		if a.Status < 300 {
			read++
		}
		size += len(a.Body)
	}
	if read < 12 {
		return "", fmt.Errorf("only %d routes have answered", read)
	}
	return fmt.Sprintf("%d routes answered, %d bytes: no name but on a label, no phone, no e-mail, no code, nothing of the other merchant", read, size), n.fetch(ctx, other[0])
}

// onLabel says whether something is a name on a label: that much of its own parcels' recipients a merchant may see.
func onLabel(r route, what string) bool {
	return strings.Contains(r.template, "/label.") && strings.HasPrefix(what, "name of recipient")
}

// inside is how a page would speak of a door.
var inside = regexp.MustCompile(`(?i)(compartment|door|cell|locker no|ячейк|дверц|отделени)[^<.]{0,24}[0-9]`)

func trackingLink(ctx context.Context, n *Net) (string, error) {
	look, err := n.needles(ctx)
	if err != nil {
		return "", err
	}
	for _, p := range n.Parcels {
		for _, language := range []string{"?lang=en", "?lang=ru"} {
			a, err := call(ctx, "GET", p.Tracking+language, "", nil)
			if err != nil || a.Status != 200 || !strings.Contains(string(a.Body), p.Barcode[len(p.Barcode)-4:]) {
				return "", fmt.Errorf("the page is not there: %d: %v", a.Status, err)
			}
			if what, found := look.in(a.Body); found {
				return "", breach("the page shows %s", what)
			}
			if door := inside.Find(a.Body); door != nil {
				return "", breach("the page names a door: %s", door)
			}
		}
	}
	base, token := n.Parcels[0].Tracking[:strings.LastIndex(n.Parcels[0].Tracking, "/")+1], n.Parcels[0].Tracking[strings.LastIndex(n.Parcels[0].Tracking, "/")+1:]
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < 16 {
		return "", breach("the token has %d bytes: %v", len(raw), err)
	}
	tried := 0
	for i := range token {
		for _, other := range "AQgw059z" {
			near := token[:i] + string(other) + token[i+1:]
			a, err := call(ctx, "GET", base+near, "", nil)
			if err != nil || near != token && a.Status != 404 {
				return "", breach("a neighbour of the token is answered with %d: %v", a.Status, err)
			}
			tried++
		}
	}
	return fmt.Sprintf("no code, no door, no name in two languages; %d bits; %d neighbours of the token: none", len(raw)*8, tried), nil
}

func erasedOnDemand(ctx context.Context, n *Net) (string, error) {
	p := n.Parcels[0]
	contact, code, err := n.keptOf(ctx, p.Barcode)
	if err != nil || len(contact) < window || len(code) < window {
		return "", fmt.Errorf("the notifier keeps %d and %d bytes: %v", len(contact), len(code), err)
	}
	held := &haystack{at: map[[window]byte][]needle{}}
	held.add("the sealed contact", string(contact[len(contact)/2:])) // a page may be torn in its middle
	held.add("the sealed code", string(code[len(code)/2:]))
	if _, err := held.files(n.Office.Path("notifier")); err == nil {
		return "", fmt.Errorf("the search does not find what is there")
	}
	if err := n.Office.NotifierCommand(nil, "forget", "--barcode", p.Barcode); err != nil {
		return "", err
	}
	if contact, code, err := n.keptOf(ctx, p.Barcode); err != nil || contact != nil || code != nil {
		return "", breach("the notifier still keeps %d and %d bytes: %v", len(contact), len(code), err)
	}
	if _, err := held.files(n.Office.Path("notifier")); err != nil {
		return "", err
	}
	if err := n.Office.NotifierCommand(nil, "resend", "--barcode", p.Barcode); err == nil {
		return "", breach("the notifier sends an erased code again")
	}
	if err := n.offerContact(ctx, p.Barcode); err != nil {
		return "", err
	}
	if err := n.warned(ctx, p.Barcode, "contact after erasure"); err != nil {
		return "", err
	}
	if _, err := n.Lockers[0].Records(ctx); err != nil {
		return "", breach("the journal does not verify: %v", err)
	}
	if found, err := n.differences(); err != nil || len(found) > 0 {
		return "", breach("the hub's check finds %v: %v", found, err)
	}
	return "contact and code gone from table and file; a later contact refused; journal and check hold; the code still opens", n.fetch(ctx, p)
}

// keptOf is what the notifier keeps of a parcel's recipient: the sealed contact and the sealed code.
func (n *Net) keptOf(ctx context.Context, barcode string) (contact, code []byte, err error) {
	d, err := db.Open(ctx, n.Office.Path("notifier", "notifier.db"))
	if err != nil {
		return nil, nil, err
	}
	defer d.Close()
	err = d.Reads().QueryRowContext(ctx, `SELECT p.contact, d.sealed FROM parcel p JOIN deposit d ON d.barcode = p.barcode WHERE p.barcode = $1`, barcode).Scan(&contact, &code)
	return contact, code, err
}

// everythingRead lets much go wrong first: wrong codes, requests with secrets in the wrong places, crashes.
func everythingRead(ctx context.Context, n *Net) (string, error) {
	b, p := n.Lockers[0], n.Parcels[0]
	code := n.bag.code(p.Phone)
	wrong := map[string]any{"locker": b.Locker.ID, "recipient": map[string]any{"phone": p.Phone + "x", "email": p.Email + "@", "name": p.Name, "language": "xx", p.Phone: code}, "parcels": code}
	for _, path := range []string{"/v1/shipments", "/v1/" + code, "/v1/parcels/" + code + "/extend?phone=" + p.Phone[1:], "/t/" + code, "/courier/v1/enrol", "/notifier/v1/" + p.Email} {
		for _, token := range []string{n.Office.APIKey, code, ""} {
			if _, err := call(ctx, "POST", n.Office.Hub+path, token, wrong); err != nil {
				return "", err
			}
		}
	}
	for _, typed := range []string{code[:8] + "x", statement.CompleteCode("12345678"), p.Phone, p.Name} {
		if _, err := b.Kiosk(ctx, door.KioskRequest{Verb: door.Code, Code: typed}); err != nil {
			return "", err
		}
	}
	for _, server := range []string{n.Office.Hub, n.Office.Codes} {
		for _, path := range []string{"/metrics", "/debug/vars", "/debug/pprof/", "/debug/pprof/heap"} {
			if a, err := call(ctx, "GET", server+path, "", nil); err != nil || a.Status != 404 {
				return "", breach("%s is answered with %d: %v", path, a.Status, err)
			}
		}
	}
	if err := n.crash(ctx); err != nil {
		return "", err
	}
	look, err := n.needles(ctx)
	if err != nil {
		return "", err
	}
	logs, err := look.files(n.Office.Path("logs"))
	if err != nil {
		return "", err
	}
	stored, err := n.searchDatabase(ctx, look)
	if err != nil {
		return "", err
	}
	if _, found := look.in([]byte("a log with " + code + " in it")); !found {
		return "", fmt.Errorf("the search finds nothing")
	}
	return fmt.Sprintf("%d forms of secrets in %d bytes of logs and crash dumps and %d of the database: none", look.count, logs, stored), n.fetch(ctx, p)
}

// crash has every server and a guard die with all their stacks printed, and starts them again.
func (n *Net) crash(ctx context.Context) error {
	b := n.Lockers[0]
	for _, name := range []string{"hub", "notifier", linkOf(b.Locker.ID)} {
		if err := syscall.Kill(n.Office.PID(name), syscall.SIGQUIT); err != nil {
			return err
		}
		<-n.Office.Ended(name)
		if log, err := os.ReadFile(n.Office.Log(name)); err != nil || !strings.Contains(string(log), "SIGQUIT") {
			return fmt.Errorf("%s has left no dump: %v", name, err)
		}
		if err := n.Office.Again(ctx, name); err != nil {
			return err
		}
	}
	if err := b.guard.Process.Signal(syscall.SIGQUIT); err != nil {
		return err
	}
	<-b.ended
	if !strings.Contains(b.output.String(), "SIGQUIT") {
		return fmt.Errorf("the guard has left no dump")
	}
	return first(b.Kill, func() error { return b.Start(ctx) })
}

// namesAsked asks what the hub may ask, as whoever holds it would.
func namesAsked(ctx context.Context, n *Net) (string, error) {
	live, over := n.Parcels[0], n.Parcels[1]
	sealed, err := n.sealedElsewhere(ctx)
	if err != nil {
		return "", err
	}
	token, err := os.ReadFile(n.Office.Path("hub", "notifier-token"))
	if err != nil {
		return "", err
	}
	feed, err := os.ReadFile(n.Office.Path("notifier", "token"))
	if err != nil {
		return "", err
	}
	if err := n.fetch(ctx, over); err != nil {
		return "", err
	}
	ask := func(token string, barcodes ...string) (answer, error) {
		return call(ctx, "POST", n.Office.Codes+"/hub/v1/recipients", strings.TrimSpace(token), map[string]any{"barcodes": barcodes})
	}
	for _, wrong := range []string{"", "x", n.Office.APIKey, string(feed), string(token[1:])} {
		if a, err := ask(wrong, live.Barcode); err != nil || a.Status != 403 || strings.Contains(string(a.Body), live.Name) {
			return "", breach("without the token: %d %s: %v", a.Status, a.Body, err)
		}
	}
	var told answer
	err = n.until(ctx, 30*time.Second, "a collection to be known", func() bool {
		told, err = ask(string(token), live.Barcode, over.Barcode, sealed.Barcode, Barcode(777777))
		return err == nil && !strings.Contains(string(told.Body), over.Barcode)
	})
	if err != nil {
		return "", breach("what is over is told of: %s: %v", told.Body, err)
	}
	want := fmt.Sprintf(`{"recipients":[{"barcode":%q,"name":%q,"last_digits":%q}]}`, live.Barcode, live.Name, live.Phone[len(live.Phone)-4:])
	if got := strings.TrimSpace(string(told.Body)); told.Status != 200 || got != want {
		return "", breach("told is %d %s, and not %s", told.Status, got, want)
	}
	asked := 0
	for ; asked < 5000; asked += 100 {
		a, err := ask(string(token), slices.Repeat([]string{live.Barcode}, 100)...)
		if err != nil || a.Status != 200 && a.Status != 503 {
			return "", fmt.Errorf("%d %s: %v", a.Status, a.Body, err)
		}
		if a.Status == 503 {
			break
		}
	}
	if asked == 5000 {
		return "", breach("%d names are told at once", asked)
	}
	if err := n.warned(ctx, "", "asked too often"); err != nil {
		return "", err
	}
	if a, err := call(ctx, "GET", n.Office.Hub+"/v1/parcels/"+live.Barcode+"/label.zpl", n.Office.APIKey, nil); err != nil || a.Status != 200 || !strings.Contains(string(a.Body), live.Barcode) {
		return "", breach("no label without a name: %d: %v", a.Status, err)
	}
	return fmt.Sprintf("one name of four parcels, four digits of its number; %d names at once, then an alarm; labels go on without", asked), first(
		func() error { return n.fetch(ctx, live) }, func() error { return n.fetch(ctx, sealed) })
}

// sealedElsewhere puts in a parcel of another merchant, whose software seals.
func (n *Net) sealedElsewhere(ctx context.Context) (*Parcel, error) {
	own := n.Office.APIKey
	defer func() { n.Office.APIKey = own }()
	if err := n.unseal(ctx); err != nil {
		return nil, err
	}
	s, err := n.sealing(ctx)
	if err != nil {
		return nil, err
	}
	p, err := n.announceSealed(ctx, s, n.Lockers[0])
	if err != nil {
		return nil, err
	}
	return p, first(func() error { return n.putIn(ctx, n.Lockers[0], p) }, func() error { _, err := n.code(ctx, p, ""); return err })
}
