package drill

import (
	"context"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"lockstep/cabinet"
	"lockstep/demo"
	"lockstep/guard/statement"
)

// Net is a whole network under attack: a real hub and a real notifier, and lockers, each a real guard and a real link on an emulated
// cabinet. What opened, the cabinets alone say.
type Net struct {
	*Yard
	*turned // the one clock that all of it reads
	Office  *demo.Network
	Lockers []*Bench
	Parcels []*Parcel // that lie in lockers: the first of each locker, the second of each, and so on

	dir      string
	lockers  sync.Mutex // while one is added: the office starts one thing at a time
	counting sync.Mutex // of what is below
	serial   int
	honestly map[*Bench]int // pulses while an honest person stood there for a door
	bag      mailbag
	secrets  map[string]string // what nobody else may read and somebody might guess, by what it is: not even a digest of it may be kept
	keys     map[string]string // what nobody can guess
	stop     func()
	drop     func() // the hub's database
}

// Parcel is one that was announced, and who waits for it.
type Parcel struct {
	demo.Announced
	Phone, Email, Name string
	At                 *Bench
}

// compartments is how many each locker of a network has.
const compartments = 24

// Net brings a network up, each of its lockers with some parcels inside.
func (y *Yard) Net(ctx context.Context, lockers, parcels int) (n *Net, err error) {
	y.mu.Lock()
	y.count++
	n = &Net{Yard: y, dir: filepath.Join(y.Dir, fmt.Sprintf("net-%d", y.count)), honestly: map[*Bench]int{}, secrets: map[string]string{}, keys: map[string]string{}, stop: func() {}, drop: func() {}}
	y.mu.Unlock()
	defer func() {
		if err != nil {
			n.Close()
		}
	}()
	database, drop, err := y.newDatabase(ctx, filepath.Base(n.dir))
	if err != nil {
		return n, err
	}
	n.drop = drop
	n.Office, err = demo.StartServers(ctx, demo.Options{Dir: n.dir, Bin: filepath.Dir(y.Guard), Keys: y.Network, Database: database})
	if err != nil {
		return n, err
	}
	n.turned = &turned{file: n.Office.Clock.File()}
	n.keepKeys()
	reading, stop := context.WithCancel(context.WithoutCancel(ctx))
	n.stop = stop
	go n.bag.read(reading, n.Office)
	if err := n.addLockers(ctx, lockers); err != nil {
		return n, err
	}
	return n, n.stock(ctx, parcels)
}

func (n *Net) addLockers(ctx context.Context, count int) error {
	n.Lockers = make([]*Bench, count)
	return n.each(ctx, func(ctx context.Context, i int) (err error) {
		n.Lockers[i], err = n.addLocker(ctx, fmt.Sprintf("net-%02d", i+1))
		return err
	})
}

// abreast is how many lockers are worked on at a time.
const abreast = 8

// each does something at every locker.
func (n *Net) each(ctx context.Context, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(abreast)
	for i := range n.Lockers {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

// addLocker makes a locker as operators do: the hub is told of it, its guard provisioned on site, its link enrolled.
func (n *Net) addLocker(ctx context.Context, id string) (*Bench, error) {
	b, err := n.Yard.layOut(func(k statement.Key) statement.Locker { return Front(id, k, compartments) })
	if err != nil {
		return nil, err
	}
	b.turned = n.turned
	err = first(func() error { return onBusyBoards(b.provision) }, func() error { return b.Start(ctx) }, func() error { return b.SetTime(ctx) }, func() error { return n.link(id, b) })
	if err != nil {
		b.Close()
		return nil, err
	}
	return b, n.untilOnline(ctx, id)
}

// onBusyBoards does again what a board was too slow for.
func onBusyBoards(do func() error) (err error) {
	for range 5 {
		if err = do(); err == nil || !strings.Contains(err.Error(), "does not answer") {
			break
		}
	}
	return err
}

// link enrols a locker's link and starts it.
func (n *Net) link(id string, b *Bench) error {
	n.lockers.Lock()
	defer n.lockers.Unlock()
	var added struct{ Code string }
	if err := n.Office.HubCommand(&added, "locker", "add", id, "--name", "Locker "+id, "--address", "Drill street 1"); err != nil {
		return err
	}
	n.key("enrolment code of "+id, strings.Split(added.Code, ".")[1])
	return n.Office.RunLink(linkOf(id), added.Code, b.path("doors", "link"))
}

// linkOf is the name of a locker's link in the office.
func linkOf(id string) string { return "link-" + id }

func (n *Net) untilOnline(ctx context.Context, id string) error {
	return n.until(ctx, 30*time.Second, id+" at the hub", func() bool {
		l, err := n.atHub(ctx, id)
		return err == nil && l.State == "provisioned"
	})
}

// atHub is a locker as the hub shows it to merchants.
func (n *Net) atHub(ctx context.Context, id string) (l struct {
	State string
	Line  string
}, err error) {
	_, err = n.ask(ctx, "GET", "/v1/lockers/"+id, nil, &l)
	return l, err
}

// until polls what other processes do in their own time.
func (n *Net) until(ctx context.Context, patience time.Duration, what string, done func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !done() {
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s", what)
		}
	}
	return nil
}

// stock puts parcels into every locker, as couriers do, until their codes have come.
func (n *Net) stock(ctx context.Context, count int) error {
	all := make([][]*Parcel, len(n.Lockers))
	err := n.each(ctx, func(ctx context.Context, i int) (err error) {
		if all[i], err = n.bring(ctx, n.Lockers[i], count); err != nil {
			return fmt.Errorf("%s: %w", n.Lockers[i].Locker.ID, err)
		}
		return nil
	})
	for i := range count {
		for _, parcels := range all {
			if i < len(parcels) {
				n.Parcels = append(n.Parcels, parcels[i])
			}
		}
	}
	return err
}

// bring announces parcels, puts them in and waits for their codes.
func (n *Net) bring(ctx context.Context, b *Bench, count int) (parcels []*Parcel, err error) {
	for range count {
		p, err := n.announce(ctx, b)
		if err != nil {
			return nil, err
		}
		parcels = append(parcels, p)
	}
	if err := n.putIn(ctx, b, parcels...); err != nil {
		return nil, err
	}
	for _, p := range parcels {
		if _, err := n.code(ctx, p, ""); err != nil {
			return nil, err
		}
	}
	return parcels, nil
}

// announce is a merchant's: one parcel for a person whom nobody else has heard of.
func (n *Net) announce(ctx context.Context, b *Bench) (*Parcel, error) {
	p := n.person(b)
	var err error
	p.Announced, err = n.Office.Announce(ctx, demo.Announcement{Phone: p.Phone, Email: p.Email, Name: p.Name, Size: "S", DwellHours: 72, Locker: b.Locker.ID})
	return p, err
}

func (n *Net) person(b *Bench) *Parcel {
	n.counting.Lock()
	n.serial++
	serial := n.serial
	n.counting.Unlock()
	p := &Parcel{Phone: fmt.Sprintf("+7916%07d", 5550000+serial), Email: fmt.Sprintf("zoya.%04d@mail.example", serial), Name: fmt.Sprintf("Zoya Petrova-%04d", serial), At: b}
	for what, plain := range map[string]string{"phone": p.Phone, "e-mail": p.Email, "name": p.Name} {
		n.secret(fmt.Sprintf("%s of recipient %d", what, serial), plain)
	}
	return p
}

// putIn is a courier's visit: one session, a door for each parcel.
func (n *Net) putIn(ctx context.Context, b *Bench, parcels ...*Parcel) error {
	if len(parcels) == 0 {
		return nil
	}
	for _, p := range parcels {
		if err := n.Office.Until(ctx, p.Barcode, "dispatched"); err != nil {
			return err
		}
	}
	return n.visit(b, len(parcels), func() error {
		phone, err := b.courier()
		if err != nil {
			return err
		}
		if err := first(func() error { return b.leave(ctx) }, func() error { return phone.begin(ctx) }); err != nil {
			return err
		}
		for _, p := range parcels {
			if _, err := phone.deposit(ctx, p.Barcode); err != nil {
				return err
			}
		}
		return b.leave(ctx)
	})
}

// maxPulses is how often one door is pulsed at most: two further presses where it jams, as on a machine too busy to see it open.
const maxPulses = 3

// visit is an honest person's turn before a locker, for so many doors: the others wait. What pulses then is theirs.
func (n *Net) visit(b *Bench, doors int, do func() error) error {
	b.queue.Lock()
	defer b.queue.Unlock()
	before := b.pulses()
	err := do()
	n.counting.Lock()
	defer n.counting.Unlock()
	n.honestly[b] += min(b.pulses()-before, maxPulses*doors)
	return err
}

// code waits for a code of a parcel that is another than the one before.
func (n *Net) code(ctx context.Context, p *Parcel, before string) (code string, err error) {
	err = n.until(ctx, 30*time.Second, "the code of "+p.Barcode, func() bool {
		code = n.bag.code(p.Phone)
		return code != "" && code != before
	})
	n.secret("code of "+p.Barcode+" "+code, code)
	return code, err
}

// fetch is a recipient's visit, with the newest code they were sent.
func (n *Net) fetch(ctx context.Context, p *Parcel) error {
	return n.visit(p.At, 1, func() error {
		taken, err := p.At.collect(ctx, owner(p.Barcode), n.bag.code(p.Phone))
		if err == nil && taken.Barcode != p.Barcode {
			err = breach("the code of %s opened the door of %s", p.Barcode, taken.Barcode)
		}
		return err
	})
}

// serve is all of it: a parcel announced, put in, told of and collected.
func (n *Net) serve(ctx context.Context, b *Bench) error {
	parcels, err := n.bring(ctx, b, 1)
	if err != nil {
		return err
	}
	return n.fetch(ctx, parcels[0])
}

// Close ends everything.
func (n *Net) Close() {
	n.stop()
	for _, b := range n.Lockers {
		if b != nil {
			b.Close()
		}
	}
	if n.Office != nil {
		n.Office.Stop()
	}
	n.drop()
	os.RemoveAll(n.dir)
}

// judge holds O1 to O4 at every locker, and that no door moved but for honest people.
func (n *Net) judge(ctx context.Context, l Limits) error {
	for _, b := range n.Lockers {
		if err := b.judge(ctx, l); err != nil {
			return fmt.Errorf("%s: %w", b.Locker.ID, err)
		}
		if stray := n.stray(b); stray > 0 {
			return breach("%s: %d pulses while nobody stood there for a door", b.Locker.ID, stray)
		}
	}
	return nil
}

// stray are the pulses of a locker that neither an honest person nor a thief with a hand on it had.
func (n *Net) stray(b *Bench) int {
	stray := b.pulses() - n.honestly[b]
	for _, e := range b.Cabinet.Cabinet.Log(0) {
		if e.What == cabinet.PulseEnergised && e.Person == Thief {
			stray--
		}
	}
	return stray
}

// pulses of all lockers together.
func (n *Net) pulses() (sum int) {
	for _, b := range n.Lockers {
		sum += b.pulses()
	}
	return sum
}

// honest is O5 over the whole network.
func (n *Net) honest(ctx context.Context) error {
	begun := time.Now()
	if err := n.serve(ctx, n.Lockers[0]); err != nil {
		return breach("O5: an honest visit: %v", err)
	}
	if took := time.Since(begun); took > soon() {
		return breach("O5: an honest visit took %s", took.Round(time.Second))
	}
	return nil
}

// playNet plays one row on a network of its own.
func (y *Yard) playNet(ctx context.Context, r Row) Result {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute+y.Span)
	defer cancel()
	begun := time.Now()
	n, err := y.Net(ctx, max(1, r.Lockers), r.Parcels)
	if err != nil {
		return Result{Row: r, Took: time.Since(begun), Err: fmt.Errorf("the network: %w", err)}
	}
	defer n.Close()
	seen, err := r.Net(ctx, n)
	if !IsBreach(err) {
		err = errors.Join(n.judge(ctx, r.Limits), err)
	}
	doors, measured := 0, Measure{}
	for _, b := range n.Lockers {
		doors += b.opened(Thief)
		measured = measured.and(b.measure())
	}
	if err == nil && !r.Limits.Locked {
		err = n.honest(ctx)
	}
	if err == nil {
		err = n.leaks(ctx)
	}
	return Result{Row: r, Seen: seen, Doors: doors, Measure: measured, Took: time.Since(begun), Err: err}
}

// and is both, at lockers of their own.
func (m Measure) and(o Measure) Measure {
	return Measure{m.Exposed + o.Exposed, max(m.Hour, o.Hour), m.Presses + o.Presses, m.Unpressed + o.Unpressed}
}

// alarm waits for one at the hub, for as long as O6 gives it. An empty locker or reason fits all.
func (n *Net) alarm(ctx context.Context, locker, kind, reason string) error {
	return n.shown(ctx, "hub", locker, kind, reason, func() (list []alarm, err error) { return list, n.Office.HubCommand(&list, "alarms") })
}

// warned waits for an alarm of the notifier's about a parcel.
func (n *Net) warned(ctx context.Context, barcode, kind string) error {
	return n.shown(ctx, "notifier", "", kind, "", func() ([]alarm, error) {
		var list struct{ Alarms []alarm }
		err := n.Office.NotifierCommand(&list, "alarms", "--limit", "1000")
		var of []alarm
		for _, a := range list.Alarms {
			if a.Barcode == barcode {
				of = append(of, a)
			}
		}
		return of, err
	})
}

type alarm struct {
	Locker, Kind, Reason, Barcode string
	Evidence                      bool
}

func (n *Net) shown(ctx context.Context, by, locker, kind, reason string, ask func() ([]alarm, error)) error {
	var seen []alarm
	var failed error
	err := n.until(ctx, time.Minute, "an alarm", func() bool {
		if seen, failed = ask(); failed != nil {
			return false
		}
		for _, a := range seen {
			if a.Kind == kind && (locker == "" || a.Locker == locker) && (reason == "" || a.Reason == reason) {
				return true
			}
		}
		return false
	})
	if failed != nil {
		return failed
	}
	if err != nil && ctx.Err() == nil {
		return breach("O6: no alarm %q %q of %s at the %s within 60 s; there are %v", kind, reason, locker, by, seen)
	}
	return err
}

// mailbag is every message that recipients were sent, read from the notifier's inbox while it is there.
type mailbag struct {
	mu   sync.Mutex
	have map[string]bool
	all  []demo.Message // oldest first
}

func (m *mailbag) read(ctx context.Context, office *demo.Network) {
	for ctx.Err() == nil {
		if list, err := office.Messages(ctx); err == nil {
			m.take(list)
		}
		select {
		case <-time.After(150 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// take adds those of a list, newest first, that are new.
func (m *mailbag) take(list []demo.Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.have == nil {
		m.have = map[string]bool{}
	}
	for i := len(list) - 1; i >= 0; i-- {
		if !m.have[list[i].ID] {
			m.have[list[i].ID] = true
			m.all = append(m.all, list[i])
		}
	}
}

// to is what an address was sent.
func (m *mailbag) to(address string) (sent []demo.Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range m.all {
		if one.To == address {
			sent = append(sent, one)
		}
	}
	return sent
}

// code is the newest that an address was sent.
func (m *mailbag) code(address string) (code string) {
	for _, one := range m.to(address) {
		if len(one.Codes) > 0 {
			code = one.Codes[0]
		}
	}
	return code
}

// keepKeys notes every private key and token of the network as a secret.
func (n *Net) keepKeys() {
	files, _ := filepath.Glob(n.Office.Path("ceremony", "*.se*"))
	more, _ := filepath.Glob(n.Office.Path("*", "keys", "*"))
	for _, file := range append(files, more...) {
		switch filepath.Ext(file) {
		case ".seed", ".seal", ".hmac", ".key":
			data, err := os.ReadFile(file)
			if block, _ := pem.Decode(data); block != nil {
				data = []byte(hex.EncodeToString(block.Bytes))
			}
			if err == nil {
				n.key("key "+filepath.Base(file), string(data))
			}
		}
	}
	n.key("API key", n.Office.APIKey)
	if token, err := os.ReadFile(n.Office.Path("notifier", "token")); err == nil {
		n.key("the notifier's token", string(token))
	}
	if token, err := os.ReadFile(n.Office.Path("hub", "notifier-token")); err == nil {
		n.key("the hub's token for names", string(token))
	}
}

func (n *Net) secret(what, plain string) {
	n.counting.Lock()
	defer n.counting.Unlock()
	n.secrets[what] = strings.TrimSpace(plain)
}

func (n *Net) key(what, plain string) {
	n.counting.Lock()
	defer n.counting.Unlock()
	n.keys[what] = strings.TrimSpace(plain)
}

// Later is Pass for a whole network: time goes by for all of it, and every guard has looked at its boards since.
func (n *Net) Later(ctx context.Context, d time.Duration) error {
	if err := n.advance(d); err != nil {
		return err
	}
	return n.each(ctx, func(ctx context.Context, i int) error { return n.Lockers[i].Pass(ctx, 0) })
}
