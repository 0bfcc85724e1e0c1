package audit

import (
	"fmt"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// Purpose is why a door opened, or was to.
type Purpose string

const (
	Deposit     Purpose = "deposit"        // by a courier
	Return      Purpose = "return"         // a customer puts in what a carrier takes away
	Collection  Purpose = "collection"     // by code or QR
	Grace       Purpose = "grace"          // the same credential again, shortly after
	Withdrawal  Purpose = "withdrawal"     // its carrier takes a parcel away
	Reopening   Purpose = "reopening"      // a courier looks into a quarantined compartment
	Override    Purpose = "override"       // two operators and a technician
	WalkTest    Purpose = "walk-test"      // a technician tries an empty compartment
	WalkByKey   Purpose = "walk-test, key" // or any other, with the mechanical key
	Uncommanded Purpose = "uncommanded"    // it opened, and the guard had not opened it
	Unexplained Purpose = "unexplained"    // the guard says that it opened, and not why
)

// Opening is one time that a door opened or was to open.
type Opening struct {
	Compartment uint16             `json:"compartment"`
	Purpose     Purpose            `json:"purpose"`
	Parcel      string             `json:"parcel,omitempty"` // barcode
	Carrier     string             `json:"carrier,omitempty"`
	Courier     string             `json:"courier,omitempty"` // the carrier's name for the courier
	Credential  string             `json:"credential,omitempty"`
	Persons     []statement.Person `json:"persons,omitempty"`   // operators, the technician last
	Reason      string             `json:"reason,omitempty"`    // of an override
	Statement   string             `json:"statement,omitempty"` // SHA-256 of an override's first envelope

	Pressed []Moment `json:"pressed,omitempty"` // the hand on the button, and further ones at a jam; what allowed the pulse was written then
	Opened  *Moment  `json:"opened,omitempty"`  // the switch seen open
	Ended   *Moment  `json:"ended,omitempty"`   // the record that ends it; but for failures and words said afterwards, the door seen closed
	Outcome string   `json:"outcome"`           // the kind of that record, with its reason

	Epoch   uint64     `json:"charter_epoch"`  // of the charter in force
	RestsOn []uint64   `json:"rests_on"`       // the records that gave the right
	Records []uint64   `json:"records"`        // that tell of this opening
	Signed  bool       `json:"signed"`         // all of them are under the guard's signature
	Judged  bool       `json:"judged"`         // all of them follow from the journal before
	Seen    *Witnessed `json:"seen,omitempty"` // when two time keys had seen the last of them
	Text    string     `json:"text"`
}

const unfinished = "the journal ends here"

// teller tells openings from records in their order. It judges nothing.
type teller struct {
	all     []Opening
	under   map[uint16]int    // openings that go on, by compartment
	grounds map[string]uint64 // the newest record that may give somebody a right, by what it is about
	touched []int             // openings that the last record tells of
}

func newTeller() *teller { return &teller{under: map[uint16]int{}, grounds: map[string]uint64{}} }

// tell takes the next line.
func (a *audit) tell(t *teller, i int) {
	l := a.lines[i]
	known := len(t.all)
	t.touched = t.touched[:0]
	t.take(l.record, a.moments[i])
	for _, n := range t.touched {
		o := &t.all[n]
		o.Signed = (n >= known || o.Signed) && l.signed
		o.Judged = (n >= known || o.Judged) && l.place <= a.judged
		if n >= known {
			o.Epoch = a.charterAt(l.place).Epoch
		}
	}
}

func (t *teller) take(r journal.Record, at Moment) {
	switch r.Kind {
	case journal.DepositIntent, journal.CollectIntent, journal.WithdrawIntent, journal.ReopenIntent, journal.OverrideIntent, journal.TestIntent:
		t.begin(r, at)
	case journal.PulseAgain:
		t.on(r, at, func(o *Opening) { o.Pressed = append(o.Pressed, at) })
	case journal.Opened:
		t.opened(r, at)
	case journal.Stored, journal.DepositFailed, journal.Collected, journal.CollectFailed, journal.Withdrawn, journal.WithdrawFailed,
		journal.TakenOut, journal.ReopenFailed, journal.Overridden, journal.OverrideFailed:
		t.end(r, at)
	case journal.Tested:
		t.tested(r, at)
	case journal.Quarantined:
		t.quarantined(r, at)
	case journal.Faulted:
		t.end(r, at)
	case journal.Booted:
		t.under = t.testsEnded(at)
	}
	t.ground(r, at.Record)
}

var purposes = map[journal.Kind]Purpose{journal.DepositIntent: Deposit, journal.CollectIntent: Collection, journal.WithdrawIntent: Withdrawal,
	journal.ReopenIntent: Reopening, journal.OverrideIntent: Override, journal.TestIntent: WalkTest}

func (t *teller) begin(r journal.Record, at Moment) {
	o := Opening{Purpose: purposes[r.Kind], Pressed: []Moment{at}, Outcome: unfinished}
	switch {
	case r.Kind == journal.DepositIntent && r.Credential == byPermit:
		o.Purpose = Return
	case r.Kind == journal.CollectIntent && r.Credential == "grace":
		o.Purpose = Grace
	}
	o.RestsOn = t.right(o.Purpose, r)
	t.add(o, r, at)
}

func (t *teller) add(o Opening, r journal.Record, at Moment) {
	o.Compartment, o.Parcel, o.Carrier, o.Courier, o.Credential, o.Persons = r.Compartment, r.Parcel, r.Carrier, r.Courier, r.Credential, r.Persons
	if o.Purpose == Override {
		o.Reason, o.Statement = r.Reason, fmt.Sprintf("%x", r.Statement)
	}
	o.Records = []uint64{at.Record}
	t.under[r.Compartment], t.touched = len(t.all), append(t.touched, len(t.all))
	t.all = append(t.all, o)
}

// on changes the opening that goes on in a record's compartment; false says that there is none.
func (t *teller) on(r journal.Record, at Moment, do func(*Opening)) bool {
	i, ok := t.under[r.Compartment]
	if ok {
		do(&t.all[i])
		t.all[i].Records, t.touched = append(t.all[i].Records, at.Record), append(t.touched, i)
	}
	return ok
}

func (t *teller) opened(r journal.Record, at Moment) {
	if !t.on(r, at, func(o *Opening) { o.Opened = &at }) {
		t.add(Opening{Purpose: Unexplained, Opened: &at, Outcome: unfinished, RestsOn: []uint64{}}, r, at)
	}
}

func (t *teller) end(r journal.Record, at Moment) {
	t.on(r, at, func(o *Opening) { o.Ended, o.Outcome = &at, outcome(r) })
	delete(t.under, r.Compartment)
}

func outcome(r journal.Record) string {
	text := string(r.Kind)
	if r.Reason != "" && r.Kind != journal.Overridden {
		text += ": " + r.Reason
	}
	if r.To != "" {
		text += ", " + r.To
	}
	return text
}

func (t *teller) tested(r journal.Record, at Moment) {
	if _, ok := t.under[r.Compartment]; !ok {
		o := Opening{Purpose: WalkByKey}
		o.RestsOn = t.right(WalkByKey, r)
		t.add(o, r, at)
		t.all[len(t.all)-1].Records = nil // end notes the record
	}
	t.end(r, at)
}

// quarantined is a door that was left open, or one that opened and nobody had opened it.
func (t *teller) quarantined(r journal.Record, at Moment) {
	if r.Reason == "uncommanded" {
		delete(t.under, r.Compartment)
		t.add(Opening{Purpose: Uncommanded, Opened: &at, RestsOn: []uint64{}}, r, at)
		t.all[len(t.all)-1].Records = nil
	}
	t.end(r, at)
}

// testsEnded: of walk-tests a power cut leaves no record.
func (t *teller) testsEnded(at Moment) map[uint16]int {
	left := map[uint16]int{}
	for c, i := range t.under {
		if t.all[i].Purpose == WalkTest {
			t.all[i].Outcome = "power cut"
			t.all[i].Records, t.touched = append(t.all[i].Records, at.Record), append(t.touched, i)
		} else {
			left[c] = i
		}
	}
	return left
}

// ground remembers what may give somebody a right later.
func (t *teller) ground(r journal.Record, record uint64) {
	at := fmt.Sprintf("%d", r.Compartment)
	switch r.Kind {
	case journal.Took:
		t.grounds["manifest "+r.Carrier] = record
	case journal.Permitted:
		t.grounds["permit "+r.Parcel] = record
	case journal.Stored:
		t.grounds["stored "+at], t.grounds["code "+at] = record, record
		delete(t.grounds, "overdue "+at)
	case journal.Reissued:
		t.grounds["code "+at] = record
	case journal.Overdue:
		t.grounds["overdue "+at] = record
	case journal.Extended:
		delete(t.grounds, "overdue "+at)
	case journal.DepositIntent:
		t.grounds["put in "+at] = record
		delete(t.grounds, "paid "+at)
	case journal.Paid:
		t.grounds["paid "+at] = record
	case journal.Collected:
		t.grounds["collected "+at] = record
	case journal.Serviced:
		t.grounds["service"] = record
	}
}

// right lists the records on which an opening rests.
func (t *teller) right(p Purpose, r journal.Record) []uint64 {
	records := []uint64{}
	at := fmt.Sprintf("%d", r.Compartment)
	names := map[Purpose][]string{Deposit: {"manifest " + r.Carrier}, Return: {"permit " + r.Parcel}, Collection: {"code " + at, "paid " + at}, Grace: {"collected " + at},
		Withdrawal: {"stored " + at, "overdue " + at}, Reopening: {"put in " + at}, WalkTest: {"service"}, WalkByKey: {"service"}}
	for _, name := range names[p] {
		if record, ok := t.grounds[name]; ok {
			records = append(records, record)
		}
	}
	return records
}
