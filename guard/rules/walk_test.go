package rules_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// walker plays honest people and bad luck at random, and knows where every parcel really is.
type walker struct {
	*phone
	random   *rand.Rand
	physical map[uint16]string // what is behind each door
	hands    string            // barcode the courier is holding
	next     int               // serial of the next parcel
	steps    []string

	phones    []*phone          // of two couriers of one carrier and one of another
	owner     map[string]string // carrier by barcode
	stored    map[string]int64  // real time by barcode
	presented string            // barcode whose code or QR the recipient showed

	owed     map[string]bool        // by barcode: not paid yet
	dwell    map[string]int64       // µs by barcode; 0 for what a customer sends
	old      []statement.SealedCode // codes that a re-issue killed
	permits  map[string]string      // codes by barcode of what customers still have in hand
	bringing string                 // barcode of the customer in front
	over     statement.Override     // the last one signed
	believed statement.Override     // the last one believed
	revoked  map[*phone]bool
	linked   map[string]int // verdicts on random events from the link
}

// TestWalks takes random walks through deposits, collections, refusals, jams, power cuts at any moment, forced doors and
// broken disks, withdrawals by two carriers, days that pass, lying time keys and checkpoints; through restrictions, permits,
// overrides, lockdowns and lifts, technicians and charters. After every step: no pulse without a press, in a pause, or beside an
// open door; no pulse that shows anybody a parcel that is not theirs, not due, or not what the operators were told; none that
// could show any in a lockdown; and the real time between the bounds. At the end an audit finds the journal sound.
func TestWalks(t *testing.T) {
	walks, length := 130, 200
	if testing.Short() {
		walks = 20
	}
	seen, linked := map[journal.Kind]int{}, map[string]int{}
	for seed := range uint64(walks) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			for _, e := range walk(t, seed, length, linked) {
				seen[e.Record.Kind]++
			}
		})
	}
	t.Log(seen)
	t.Log("from the link:", linked)
	for _, kind := range journal.Kinds {
		if seen[kind] == 0 && !testing.Short() {
			t.Errorf("no walk came to %q: the walks are blind there", kind)
		}
	}
}

func walk(t *testing.T, seed uint64, length int, linked map[string]int) []journal.Entry {
	w := &walker{phone: stocked(t, 6, 1), random: rand.New(rand.NewPCG(seed, 1)), physical: map[uint16]string{}, next: 2,
		owner: map[string]string{parcel(1).Barcode: ceremony.HouseCarrier}, stored: map[string]int64{},
		owed: map[string]bool{}, dwell: map[string]int64{}, permits: map[string]string{}, revoked: map[*phone]bool{}, linked: linked}
	w.hands, w.dwell[parcel(1).Barcode] = parcel(1).Barcode, 24*rules.Hour
	w.enrol()
	defer func() {
		if t.Failed() {
			t.Logf("steps: %v", w.steps)
			for _, e := range w.entries {
				t.Logf("%4d %6.1f s  %-16s %d %s %s", e.Record.Number, float64(e.Record.Powered)/1e6, e.Record.Kind, e.Record.Compartment, e.Record.Parcel, e.Record.Reason)
			}
		}
	}()
	actions := []struct {
		name string
		odds int
		do   func()
	}{
		{"deposit", 8, w.tryDeposit}, {"code", 8, w.tryCode}, {"press", 14, w.tryPress}, {"hands", 16, w.useHands},
		{"say", 4, w.saySomething}, {"reopen", 3, w.tryReopen}, {"reboot", 2, w.powerCut}, {"time", 4, w.wait}, {"wrong", 2, w.guess},
		{"force", 1, w.force}, {"jam", 2, w.jam}, {"disk", 1, w.disk}, {"cancel", 1, w.cancel}, {"silence", 1, w.silence},
		{"qr", 3, w.tryQR}, {"withdraw", 10, w.tryWithdraw}, {"day", 2, w.day}, {"receipt", 1, w.endSession}, {"liar", 2, w.lyingTimeKey},
		{"checkpoint", 2, w.checkpoint}, {"intruder", 2, w.intruder}, {"re-expect", 2, w.expectAgain},
		{"restrict", 5, w.restricted}, {"old code", 1, w.tryOldCode}, {"revoke", 1, w.revoke}, {"permit", 2, w.permit}, {"customer", 6, w.tryPermit},
		{"override", 4, w.tryOverride}, {"override again", 1, w.overrideAgain}, {"technician says", 3, w.saysTechnician}, {"lift", 5, w.tryLift},
		{"foreign", 1, w.foreign}, {"case", 1, w.openCase}, {"technician", 2, w.visitTechnician}, {"charter", 1, w.charter}, {"pay", 2, w.pay},
	}
	total := 0
	for _, a := range actions {
		total += a.odds
	}
	for range length {
		pick := w.random.IntN(total)
		for _, a := range actions {
			if pick -= a.odds; pick < 0 {
				w.steps = append(w.steps, a.name)
				a.do()
				if w.view().Stage == door.Press && w.random.IntN(3) > 0 {
					w.tryPress()
				}
				break
			}
		}
		w.judgeTime()
		w.judgePure()
		w.judgeLink()
		if t.Failed() {
			return w.entries
		}
	}
	w.noDisk = false
	if w.state.StorageBroken {
		w.do(rules.StorageRetry{})
	}
	if !reflect.DeepEqual(w.refold(), w.state.Facts) {
		t.Fatal("the journal does not tell the facts")
	}
	w.checkpoint()
	if restored, err := (rules.Facts{}).Fold(w.entries[len(w.entries)-1]); err != nil || !reflect.DeepEqual(restored, w.state.Facts) {
		t.Fatalf("the last checkpoint does not tell the facts: %v", err)
	}
	w.sound()
	return w.entries
}

// enrol gives the couriers phones, with certificates that hold for some days from now.
func (w *walker) enrol() {
	w.phones = []*phone{w.rig.phone(), w.rig.phone(func(c *statement.Courier) { c.ID = "c2" }),
		w.rig.phone(func(c *statement.Courier) { c.Carrier, c.ID = otherCarrier, "c3" })}
	w.phone = w.phones[0]
}

// behind is what is behind each door, door by door.
func (w *walker) behind() (barcodes []string) {
	for n := range uint16(6) {
		barcodes = append(barcodes, w.physical[n+1])
	}
	return barcodes
}

// judgeTime holds the bounds to the real time.
func (w *walker) judgeTime() {
	if low := w.state.Head(w.now).Low; low > w.wall {
		w.Errorf("the lower bound is %d s ahead of the time", (low-w.wall)/rules.Second)
	}
	passed := w.now - w.state.Powered
	if high := w.state.High; high > 0 && high+passed+passed/5000+1 < w.wall {
		w.Errorf("the upper bound is %d s behind the time", (w.wall-high-passed)/rules.Second)
	}
}

// judgeCourier holds an opening by a courier to what is really behind the door.
func (w *walker) judgeCourier(at uint16, withdrawal bool) {
	inside := w.physical[at]
	if inside == "" {
		return
	}
	if w.owner[inside] != w.phone.carrier {
		w.Errorf("a courier of %s opened door %d with parcel %s of %s behind it", w.phone.carrier, at, inside, w.owner[inside])
	}
	if withdrawal && w.wall-w.stored[inside] < w.dwell[inside] {
		w.Errorf("parcel %s was taken back after %d h", inside, (w.wall-w.stored[inside])/rules.Hour)
	}
}

// pressed does a press and judges the pulse that follows, if one does.
func (w *walker) tryPress() {
	before, pulses := w.view(), len(w.pulses)
	open := len(before.OpenDoors)
	w.press()
	if len(w.pulses) == pulses {
		return
	}
	at := w.pulses[pulses]
	defer func() {
		if w.stuck[at] && w.random.IntN(2) == 0 {
			w.pass(3 * rules.Second)
			w.tryPress()
		}
	}()
	if open > 0 {
		w.Errorf("door %d was pulsed beside an open door", at)
	}
	if before.PausedFor > 0 {
		w.Errorf("door %d was pulsed in a pause", at)
	}
	inside := w.physical[at]
	switch before.Errand {
	case door.Depositing, door.Returning, door.Testing:
		if inside != "" {
			w.Errorf("errand %s opened door %d with parcel %s behind it", before.Errand, at, inside)
		}
	default:
		if before.LockedDown > 0 {
			w.Errorf("errand %s opened door %d in a lockdown", before.Errand, at)
		}
	}
	switch before.Errand {
	case door.Depositing:
		if w.revoked[w.phone] {
			w.Errorf("a revoked courier opened door %d", at)
		}
	case door.Overriding:
		if o := w.believed; inside != "" && o.Parcel != "" && inside != o.Parcel || at != o.Compartment {
			w.Errorf("an override of %q at %d opened door %d with parcel %s behind it", o.Parcel, o.Compartment, at, inside)
		}
	case door.Collecting:
		if w.owed[inside] {
			w.Errorf("a code opened door %d with parcel %s behind it, which is not paid", at, inside)
		}
		if inside != "" && inside != w.presented {
			w.Errorf("the code of %s opened door %d with parcel %s behind it", w.presented, at, inside)
		}
	case door.Withdrawing, door.Reopening:
		w.judgeCourier(at, before.Errand == door.Withdrawing)
		if w.random.IntN(5) == 0 {
			w.powerCut()
		}
	}
	w.pass(rules.Second)
}

func (w *walker) fresh() {
	if w.session() == nil || w.session().Receipt != nil {
		w.setTimeIfPossible()
		w.phone = w.phones[w.random.IntN(len(w.phones))]
		if w.ask(door.KioskRequest{Verb: door.Courier}) == "" {
			c, _, err := statement.Verify[statement.Challenge](w.view().Session.Challenge, func(statement.KeyID) (statement.Key, bool) {
				return w.guard.Key(), true
			})
			check(w.T, err)
			w.challenge, w.number = c, 0
		}
	}
	if s := w.session(); s != nil {
		w.number = s.Number
	}
}

func (w *walker) session() *door.Session { return w.view().Session }

func (w *walker) setTimeIfPossible() {
	if !w.noDisk && !w.state.StorageBroken {
		w.setTime()
	}
}

func (w *walker) tryDeposit() {
	if w.hands == "" {
		if w.noDisk || w.state.StorageBroken {
			return
		}
		x := parcel(w.next)
		x.Size = uint8(w.random.IntN(3) + 1)
		if w.owed[x.Barcode] = w.random.IntN(4) == 0; w.owed[x.Barcode] {
			x.Policy = statement.CodeAndPaid
		}
		w.dwell[x.Barcode] = 24 * rules.Hour
		carrier := []string{ceremony.HouseCarrier, otherCarrier}[w.random.IntN(2)]
		if !w.expectFor(carrier, x).Accepted {
			return
		}
		w.next++
		w.hands, w.owner[x.Barcode] = x.Barcode, carrier
	}
	w.fresh()
	reason := w.wish(statement.WantDeposit, w.hands, 0)
	if reason == "" && w.owner[w.hands] != w.phone.carrier {
		w.Errorf("a courier of %s may put in a parcel of %s", w.phone.carrier, w.owner[w.hands])
	}
	if reason == door.NotExpected && w.random.IntN(3) == 0 {
		w.hands = "" // taken back to the depot
	}
}

func (w *walker) tryCode() {
	for _, barcode := range w.behind() {
		if barcode != "" && w.random.IntN(2) == 0 {
			if w.typeCode(barcode) == "" {
				w.presented = barcode
			}
			return
		}
	}
}

// pay has a payment key, or dispatch, say that what is due for a parcel that is inside has been paid.
func (w *walker) pay() {
	if w.broken() {
		return
	}
	for _, barcode := range w.behind() {
		if barcode == "" || w.random.IntN(2) == 0 {
			continue
		}
		forged := w.random.IntN(3) == 0
		if v := w.paid(barcode, forged); v.Accepted {
			if forged || !w.owed[barcode] {
				w.Errorf("a payment for %s was accepted, forged %v", barcode, forged)
			}
			w.owed[barcode] = false
		}
		return
	}
}

func (w *walker) tryQR() {
	for serial := range w.next { // also of parcels long gone
		barcode := parcel(serial).Barcode
		code, born := w.codes[barcode]
		if born && w.random.IntN(3) == 0 {
			if w.ask(door.KioskRequest{Verb: door.Secret, Secret: code.Secret[:]}) == "" {
				w.presented = barcode
			}
			return
		}
	}
}

func (w *walker) tryWithdraw() {
	w.fresh()
	for _, barcode := range w.behind() {
		if barcode != "" && w.random.IntN(2) == 0 {
			if w.wish(statement.WantWithdraw, barcode, 0) == "" && w.owner[barcode] != w.phone.carrier {
				w.Errorf("a courier of %s may take back a parcel of %s", w.phone.carrier, w.owner[barcode])
			}
			return
		}
	}
}

// day is half a day to two, with the time told in between.
func (w *walker) day() {
	w.mend()
	w.pass(int64(w.random.IntN(36)+12) * rules.Hour)
	w.setTimeIfPossible()
	w.enrolAgain()
}

// enrolAgain renews the certificates as the days pass. A session goes on with the certificate it began with.
func (w *walker) enrolAgain() {
	if s := w.session(); s == nil || s.Receipt != nil {
		w.enrol()
	}
}

func (w *walker) endSession() {
	if w.session() != nil {
		w.fresh()
		w.wish(statement.WantReceipt, "", 0)
	}
}

// lyingTimeKey is one time key in wrong hands, years ahead or behind.
func (w *walker) lyingTimeKey() {
	if w.noDisk || w.state.StorageBroken {
		return
	}
	head := w.state.Head(w.now)
	w.heard = w.heard.Signed(head)
	utc := w.wall + []int64{-3650 * rules.Day, -rules.Hour, rules.Minute, rules.Hour, 3650 * rules.Day}[w.random.IntN(5)]
	envelope, err := statement.Sign(w.network.Time[2], statement.ReceiptFor(head, utc))
	check(w.T, err)
	w.link(0, envelope)
}

func (g *rig) checkpoint() {
	if !g.noDisk && !g.state.StorageBroken {
		g.do(rules.Housekeeping{})
	}
}

// intruder is another courier's phone that answers in the session in front.
func (w *walker) intruder() {
	s := w.session()
	if s == nil || s.Courier == "" || w.hands == "" {
		return
	}
	thief := w.rig.phone(func(c *statement.Courier) { c.ID = "thief" })
	thief.challenge, thief.number = w.challenge, s.Number
	if reason := thief.wish(statement.WantDeposit, w.hands, 0); reason != door.NotBelieved {
		w.Errorf("another phone was heard in a session: %q", reason)
	}
}

// expectAgain is dispatch in wrong hands: a parcel that is inside, for the other carrier.
func (w *walker) expectAgain() {
	if w.noDisk || w.state.StorageBroken {
		return
	}
	for _, barcode := range w.behind() {
		if barcode != "" {
			x := statement.Expected{Barcode: barcode, Size: 1, DwellHours: 24}
			w.expectFor([]string{ceremony.HouseCarrier, otherCarrier, "nobody"}[w.random.IntN(3)], x)
			return
		}
	}
}

// useHands does what the person at an open door would: put in, take out, close.
func (w *walker) useHands() {
	v := w.view()
	for _, number := range v.OpenDoors {
		// Who closes a door on the parcel they came for leaves it to the next courier's "not empty": not tried here.
		takes := v.Errand == door.Collecting || v.Errand == door.Withdrawing
		if v.Stage == door.Open && v.Compartment == number && (takes || w.random.IntN(8) > 0) {
			w.handle(v, number)
		}
		w.closeDoor(number)
	}
}

func (w *walker) handle(v door.View, number uint16) {
	switch v.Errand {
	case door.Depositing:
		if w.physical[number] != "" && w.hands != "" {
			w.fresh()
			w.wish(statement.WantNotEmpty, w.hands, 0)
		} else if w.hands != "" && v.Session != nil && v.Session.Parcel == w.hands && w.random.IntN(5) > 0 {
			w.physical[number], w.stored[w.hands], w.hands = w.hands, w.wall, ""
		} else if w.hands != "" {
			w.fresh()
			w.wish(statement.WantCancel, w.hands, 0)
		}
	case door.Collecting, door.Withdrawing:
		w.physical[number] = ""
	case door.Returning:
		w.handIn(number)
	case door.Overriding:
		if w.random.IntN(3) > 0 {
			w.physical[number] = ""
		}
		w.saysTechnician()
	case door.Reopening:
		w.fresh()
		if c := w.compartment(number); w.physical[number] != "" && w.physical[number] == c.Parcel {
			w.wish(statement.WantDeposit, c.Parcel, 0)
		} else if w.wish(statement.WantTakenOut, c.Parcel, 0) == "" {
			w.physical[number] = ""
		}
	}
}

func (w *walker) saySomething() {
	if w.session() == nil {
		return
	}
	w.fresh()
	if v := w.view(); v.Stage == door.Open && v.Errand == door.Depositing && w.physical[v.Compartment] == "" && w.hands != "" {
		w.wish([]statement.Want{statement.WantLarger, statement.WantCancel}[w.random.IntN(2)], w.hands, 0)
	}
}

func (w *walker) tryReopen() {
	w.fresh()
	if s := w.session(); s != nil && len(s.Uncertain) > 0 {
		w.wish(statement.WantReopen, s.Uncertain[w.random.IntN(len(s.Uncertain))], 0)
	}
}

func (w *walker) powerCut() {
	w.noDisk = false
	w.reboot()
	w.wall += int64(w.random.IntN(10)) * rules.Hour
	if w.random.IntN(3) > 0 {
		w.setTime()
	}
}

func (w *walker) wait() {
	w.pass([]int64{rules.Second, 5 * rules.Second, rules.Minute, 4 * rules.Minute}[w.random.IntN(4)])
	w.mend()
}

// mend ends bad luck.
func (w *walker) mend() {
	w.shut = rules.Closed
	w.silent, w.stuck = map[uint8]bool{}, map[uint16]bool{}
	if w.noDisk {
		w.disk()
	}
}

func (w *walker) guess() {
	w.ask(door.KioskRequest{Verb: door.Code, Code: statement.CompleteCode(fmt.Sprintf("%08d", w.random.IntN(1e8)))})
}

func (w *walker) force() { w.doors[uint16(w.random.IntN(6)+1)] = rules.Open }
func (w *walker) jam() {
	n := uint16(w.random.IntN(6) + 1)
	w.stuck[n] = !w.stuck[n]
}

func (w *walker) disk() {
	if w.noDisk = !w.noDisk; !w.noDisk && w.state.StorageBroken {
		w.do(rules.StorageRetry{})
	}
}

func (w *walker) cancel() { w.ask(door.KioskRequest{Verb: door.Cancel}) }

func (w *walker) silence() { w.silent[0] = !w.silent[0] }

// judgePure decides one tick twice: the second time from the state that the first was to leave alone.
func (w *walker) judgePure() {
	if w.random.IntN(8) > 0 {
		return
	}
	e := rules.Event{At: w.now + 20*rules.Second, What: rules.Tick{}}
	one, effects := w.rules.Decide(w.state, e)
	two, again := w.rules.Decide(w.state, e)
	if !reflect.DeepEqual(one, two) || !reflect.DeepEqual(effects, again) {
		w.Error("a decision changed the state it was given")
	}
}

// fromLink is what records may follow from the link, whatever it brings.
var fromLink = []journal.Kind{journal.TimeSet, journal.Took, journal.Refused, journal.Paused, journal.Blocked, journal.Unblocked, journal.Extended,
	journal.Reissued, journal.Paid, journal.Revoked, journal.Permitted, journal.Chartered, journal.Lifted}

// judgeLink holds random events from the link to the wall: they change nothing by themselves, and what they have written folds.
func (w *walker) judgeLink() {
	if w.random.IntN(6) > 0 {
		return
	}
	envelopes := w.anything()
	if w.random.IntN(3) == 0 {
		bent := slices.Clone(envelopes[0])
		bent[w.random.IntN(len(bent))] ^= 1 << w.random.IntN(8)
		envelopes = append([][]byte{bent}, envelopes[1:]...)
	}
	before := w.state.Picture()
	e := rules.FromLink{At: w.now, Number: w.state.Down + uint64(w.random.IntN(3)), Envelopes: envelopes}
	codes := maps.Clone(w.codes)
	_, entries, verdict := w.rules.FromLink(w.state, w.heard, e)
	w.codes = codes // what was drawn here is never written
	if w.state.Picture() != before {
		w.Error("an event from the link changed the state it was given")
	}
	facts := w.state.Facts
	for _, entry := range entries {
		var err error
		if facts, err = facts.Fold(entry); err != nil {
			w.Errorf("an event from the link writes what does not fold: %v", err)
		}
		if !slices.Contains(fromLink, entry.Record.Kind) || !verdict.Accepted && entry.Record.Kind != journal.Refused {
			w.Errorf("an event from the link writes %q, accepted: %v", entry.Record.Kind, verdict.Accepted)
		}
	}
	for i, c := range facts.Compartments {
		if is := w.state.Compartments[i]; c.Occupancy != is.Occupancy || c.Parcel != is.Parcel || c.Due < is.Due || c.DuePowered < is.DuePowered || c.Overdue && !is.Overdue {
			w.Errorf("an event from the link made compartment %d %s of %q, due %d", c.Number, c.Occupancy, c.Parcel, c.Due)
		}
	}
	w.linked[string(verdict.Reason)]++
}

// anything is one statement of any type, mostly well signed.
func (w *walker) anything() [][]byte {
	number, x := w.state.Down+uint64(w.random.IntN(3)), parcel(1+w.random.IntN(w.next))
	id := w.phones[0].key.Key().ID()
	next := w.state.Network
	next.Epoch += uint64(w.random.IntN(2))
	statements := []statement.Statement{
		statement.Manifest{Locker: "l1", Number: number, Carrier: otherCarrier, From: w.wall, Until: w.wall + rules.Hour, Parcels: []statement.Expected{x}},
		statement.Restriction{Locker: "l1", Number: number, Kind: statement.Pause, Minutes: 240},
		statement.Restriction{Locker: "l1", Number: number, Kind: statement.Block, Compartments: []uint16{1, 4}},
		statement.Restriction{Locker: "l1", Number: number, Kind: statement.Unblock, Compartments: []uint16{1, 4}},
		statement.Restriction{Locker: "l1", Number: number, Kind: statement.Extend, Barcode: x.Barcode, DwellHours: 24 + uint16(w.random.IntN(200))},
		statement.Restriction{Locker: "l1", Number: number, Kind: statement.Reissue, Barcode: x.Barcode},
		statement.Restriction{Locker: "l1", Number: number, Kind: statement.Revoke, Carrier: ceremony.HouseCarrier, Courier: &id, At: w.wall},
		statement.Permit{Locker: "l1", Number: number, Barcode: x.Barcode, Size: 1, Carrier: otherCarrier, Code: statement.CompleteCode("123456789"),
			From: w.wall, Until: w.wall + rules.Day},
		statement.Paid{Locker: "l1", Barcode: x.Barcode, Amount: 1, Currency: "RUB", At: w.wall, Reference: "p"},
		statement.Lift{Locker: "l1", Record: max(1, w.state.Lockdown.Record), Hash: w.state.Lockdown.Hash},
		next, w.state.Locker, w.state.Head(w.now), statement.ReceiptFor(w.state.Head(w.now), w.wall),
		statement.Service{Locker: "l1", Nonce: w.challenge.Nonce, Number: 1, Task: statement.TaskWalk},
		statement.Answer{Locker: "l1", Nonce: w.challenge.Nonce, Number: 1, Want: statement.WantDeposit, Barcode: x.Barcode},
		statement.Override{Locker: "l1", Counter: 1, Compartment: 1, Reason: "because I can"},
	}
	said := statements[w.random.IntN(len(statements))]
	signers := []*statement.Signer{w.network.Dispatch}
	switch said.Type() {
	case statement.TypeLift:
		signers = w.network.Operators[:2]
	case statement.TypeCharter:
		signers = w.network.Roots[:2]
	case statement.TypePaid:
		signers[0] = w.network.Payment
	case statement.TypeReceipt:
		signers = w.network.Time[:1]
	case statement.TypeOverride:
		signers = w.crew()
	}
	return w.cosign(said, signers...)
}

func (w *walker) broken() bool { return w.noDisk || w.state.StorageBroken }

// restricted is dispatch at its worst, within what it may sign.
func (w *walker) restricted() {
	if w.broken() {
		return
	}
	r := statement.Restriction{Kind: []statement.Restrict{statement.Pause, statement.Pause, statement.Block, statement.Unblock, statement.Unblock,
		statement.Extend, statement.Reissue}[w.random.IntN(7)]}
	barcode := ""
	for _, b := range w.behind() {
		if b != "" && w.random.IntN(2) == 0 {
			barcode = b
		}
	}
	switch r.Kind {
	case statement.Pause:
		r.Minutes = []uint16{0, 0, 1, 5, 240}[w.random.IntN(5)]
	case statement.Block, statement.Unblock:
		r.Compartments = []uint16{uint16(w.random.IntN(6) + 1), uint16(w.random.IntN(6) + 1)}
	case statement.Extend:
		r.Barcode, r.DwellHours = barcode, uint16(w.random.IntN(80)+24)
	case statement.Reissue:
		r.Barcode = barcode
	}
	if r.Kind != statement.Pause && r.Compartments == nil && barcode == "" {
		return
	}
	before := w.codes[barcode]
	if !w.restrict(r).Accepted {
		return
	}
	switch r.Kind {
	case statement.Extend:
		w.dwell[barcode] = int64(r.DwellHours) * rules.Hour
	case statement.Reissue:
		w.old = append(w.old, before)
	}
}

func (w *walker) tryOldCode() {
	if len(w.old) > 0 && w.ask(door.KioskRequest{Verb: door.Code, Code: w.old[w.random.IntN(len(w.old))].Code}) == "" {
		w.Error("a code that was re-issued is still believed")
	}
}

// revoke takes a phone from its courier, who gets another.
func (w *walker) revoke() {
	if w.broken() {
		return
	}
	i := w.random.IntN(len(w.phones))
	lost := w.phones[i]
	id := lost.key.Key().ID()
	if !w.restrict(statement.Restriction{Kind: statement.Revoke, Carrier: lost.carrier, Courier: &id, At: w.wall}).Accepted {
		return
	}
	w.revoked[lost] = true
	if w.phone == lost && w.session() != nil && w.hands != "" {
		if w.fresh(); w.phone == lost && w.wish(statement.WantDeposit, w.hands, 0) == "" {
			w.Error("a revoked courier is believed")
		}
	}
	w.phones[i] = w.rig.phone(func(c *statement.Courier) { c.Carrier, c.ID = lost.carrier, "again" })
}

// permit lets a customer send something.
func (w *walker) permit() {
	if w.broken() || w.state.Low == 0 {
		return
	}
	x := parcel(w.next)
	carrier := []string{ceremony.HouseCarrier, otherCarrier}[w.random.IntN(2)]
	code := statement.CompleteCode(fmt.Sprintf("%09d", w.random.IntN(1e9)))
	p := statement.Permit{Locker: "l1", Number: w.state.Down + 1, Barcode: x.Barcode, Size: uint8(w.random.IntN(3) + 1), Carrier: carrier, Code: code,
		From: w.wall, Until: w.wall + rules.Day}
	if w.dispatch(p).Accepted {
		w.next++
		w.permits[x.Barcode], w.owner[x.Barcode] = code, carrier
	}
}

func (w *walker) tryPermit() {
	if len(w.permits) == 0 {
		w.permit()
	}
	for serial := range w.next {
		barcode := parcel(serial).Barcode
		if code := w.permits[barcode]; code != "" && w.random.IntN(2) == 0 {
			if w.ask(door.KioskRequest{Verb: door.Return, Code: code}) == "" {
				w.bringing = barcode
			}
			return
		}
	}
}

// handIn is the customer at the open door.
func (w *walker) handIn(number uint16) {
	switch {
	case w.physical[number] != "" || w.random.IntN(4) == 0:
		w.ask(door.KioskRequest{Verb: []door.KioskVerb{door.Cancel, door.Larger}[w.random.IntN(2)]})
	case w.permits[w.bringing] != "":
		w.physical[number], w.stored[w.bringing] = w.bringing, w.wall
		delete(w.permits, w.bringing)
	}
}

// tryOverride is two operators and a technician who open what they were told of.
func (w *walker) tryOverride() {
	if w.broken() || w.busy() {
		return
	}
	for i, c := range w.state.Compartments {
		if c.Occupancy != rules.Empty && w.random.IntN(2) == 0 && w.ask(door.KioskRequest{Verb: door.Override}) == "" {
			w.over = w.overrideOf(uint16(i + 1))
			w.signed = w.cosign(w.over, w.crew()...)
			if w.overrideAgain(); w.random.IntN(2) == 0 {
				w.tryPress()
			}
			return
		}
	}
}

func (w *walker) busy() bool {
	v := w.view()
	return v.Stage == door.Open || v.Stage == door.Pulsed || v.Stage == door.Say || v.Stage == door.ByKey || v.Stage == door.Jammed
}

func (w *walker) overrideAgain() {
	if w.signed != nil && w.showCosigned(w.signed) == "" {
		w.believed = w.over
	}
}

// saysTechnician tells the truth about the override in front, if there is one.
func (w *walker) saysTechnician() {
	if v := w.view(); v.Errand == door.Overriding && w.random.IntN(4) > 0 {
		task := statement.TaskNotEmpty
		if w.physical[v.Compartment] == "" {
			task = statement.TaskEmpty
		}
		w.rig.technician().about(w.believed, task)
	}
}

// tryLift mends the cause and lifts, or lifts at once and is refused.
func (w *walker) tryLift() {
	if w.broken() || w.view().LockedDown == 0 {
		return
	}
	if w.random.IntN(2) == 0 {
		w.mend()
		w.useHands()
		for n := range w.doors {
			w.doors[n] = rules.Closed
		}
		w.pass(12 * rules.Minute)
	}
	operators := w.network.Operators[:2]
	if w.random.IntN(2) == 0 {
		w.lift(w.liftOf(), operators...)
	} else {
		w.showCosigned(w.cosign(w.liftOf(), operators...))
	}
}

func (w *walker) foreign() {
	if w.random.IntN(4) == 0 {
		w.do(rules.Foreign{Board: 9})
	}
}

func (w *walker) openCase() {
	if w.random.IntN(4) == 0 {
		w.shut = rules.Open
		w.look()
	}
}

// visitTechnician is a technician who tries every door and, now and then, has exchanged the board before.
func (w *walker) visitTechnician() {
	s := w.rig.technician()
	if w.broken() || s.scan() != "" || s.say(statement.TaskWalk) != "" {
		return
	}
	if w.random.IntN(4) == 0 {
		w.ask(door.KioskRequest{Verb: door.Cancel})
		w.jumper = rules.Closed
		w.look()
		s.commission(0, w.swapped(0, func(b *statement.Board) { b.Address = uint8(w.random.IntN(9)) }))
		w.jumper = rules.Open
		w.look()
		s.say(statement.TaskWalk)
	}
	for range 60 {
		v := w.view()
		switch {
		case v.Service == nil || !v.Service.Walking:
			s.say(statement.TaskEnd)
			return
		case v.Stage == door.Press && w.random.IntN(8) > 0:
			w.tryPress()
		case v.Stage == door.ByKey:
			w.doors[v.Compartment] = rules.Open
		case v.Stage == door.Open:
			w.doors[v.Compartment] = rules.Closed
		}
		w.pass(rules.Second)
	}
}

// charter is one that follows, and may set the clock back to what is true.
func (w *walker) charter() {
	if !w.broken() {
		w.recharter(func(c *statement.Charter) { c.SetBack = []int64{0, w.wall - rules.Hour}[w.random.IntN(2)] })
	}
}

// TestOnlyFinishedVisitsEmpty reads the table of moves: EMPTY is reached by three records, by a deposit that a sensor says did
// not happen, and by an override whose technician says so.
func TestOnlyFinishedVisitsEmpty(t *testing.T) {
	always := map[journal.Kind]bool{journal.Collected: true, journal.Withdrawn: true, journal.TakenOut: true}
	said := map[journal.Kind]bool{journal.Collected: true, journal.Withdrawn: true, journal.TakenOut: true, journal.DepositFailed: true, journal.Overridden: true}
	for _, from := range []rules.Occupancy{rules.Intent, rules.Occupied, rules.Collecting, rules.Quarantine} {
		for _, kind := range journal.Kinds {
			if to, ok := rules.Next(from, kind, ""); ok && to == rules.Empty && !always[kind] {
				t.Errorf("%s becomes EMPTY by %q", from, kind)
			}
			if _, ok := rules.Next(from, kind, string(rules.Empty)); ok && !said[kind] {
				t.Errorf("%s may become EMPTY by %q", from, kind)
			}
		}
	}
}
