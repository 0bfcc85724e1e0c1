package audit

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"lockstep/guard/statement"
)

// Wrong is a kind of finding.
type Wrong string

const (
	Unreadable  Wrong = "unreadable"  // the file cannot be read where the record should come
	Certificate Wrong = "certificate" // the locker certificate is forged, or of another network
	Charter     Wrong = "charter"     // the record rests on a charter that is not the one given
	Head        Wrong = "head"        // the signature over the record is not the guard's
	Altered     Wrong = "altered"     // the record is not the one that was signed
	Gap         Wrong = "gap"         // records from this one on are missing
	Order       Wrong = "order"       // the record is not in its place, or stands there twice
	Fork        Wrong = "fork"        // there are two records of this number
	Truncated   Wrong = "truncated"   // more has been signed: records from this one on are missing at the end
	Follows     Wrong = "follows"     // what it says cannot follow from the records before, or nobody had the right
	Door        Wrong = "door"        // the guard says that a door opened, and not on what authority
	Receipt     Wrong = "receipt"     // a receipt is none of the network's
)

// Finding is one thing that is wrong, and the record it is wrong with.
type Finding struct {
	Kind   Wrong  `json:"kind"`
	Record uint64 `json:"record"`
	File   string `json:"file,omitempty"`
	Text   string `json:"text"`
}

// Span is consecutive records.
type Span struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// Reign is a charter and from which record on the guard went by it.
type Reign struct {
	Epoch       uint64 `json:"epoch"`
	From        uint64 `json:"from"`
	Fingerprint string `json:"fingerprint"` // as lockstep-sign shows it
	Given       bool   `json:"given"`       // it is among the charters that the audit was given
}

// Report is what an audit found. Its JSON is for programs; docs/audit.md describes it.
type Report struct {
	Sound    bool       `json:"sound"` // nothing is wrong, and every record is signed
	Network  string     `json:"network"`
	Locker   string     `json:"locker"`
	Zone     string     `json:"zone"`
	Guard    string     `json:"guard"` // fingerprint of its key
	Charters []Reign    `json:"charters"`
	Records  Span       `json:"records"`
	Judged   uint64     `json:"judged"`   // up to this record each follows from those before
	Unsigned []Span     `json:"unsigned"` // records that no signature covers
	Seen     *Witnessed `json:"seen,omitempty"`
	Findings []Finding  `json:"findings"`
	Openings []Opening  `json:"openings"`
	asked    string
}

func (a *audit) report(q Query) (Report, error) {
	r := Report{Network: a.guard.Network, Locker: a.guard.ID, Zone: a.guard.Zone, Charters: []Reign{}, Judged: a.judged, Unsigned: a.unsigned(), Openings: []Opening{}}
	if a.guard.ID != "" {
		r.Guard = a.guard.Guard.Fingerprint()
	}
	if len(a.lines) > 0 {
		r.Records = Span{a.lines[0].place, a.end()}
	}
	for _, g := range a.reigns {
		r.Charters = append(r.Charters, a.reignView(g))
	}
	for _, o := range a.openings {
		if o.Purpose == Unexplained && o.Judged {
			a.find(Door, o.Records[0], "", "Record %d says that the door of compartment %d opened; no record says on what authority.", o.Records[0], o.Compartment)
		}
	}
	r.Seen = a.furthest()
	r.Findings = a.sorted()
	r.Sound = len(r.Findings) == 0 && len(r.Unsigned) == 0
	return r, a.answer(&r, q)
}

// answer picks the openings that were asked for and puts them into words.
func (a *audit) answer(r *Report, q Query) error {
	from, to := int64(0), int64(0)
	for text, into := range map[*string]*int64{&q.From: &from, &q.To: &to} {
		var err error
		if *text != "" {
			if *into, err = moment(*text, a.location); err != nil {
				return err
			}
		}
	}
	if q.Compartment > 0 && a.guard.ID != "" && !slices.ContainsFunc(a.guard.Compartments, func(c statement.Compartment) bool { return c.Number == q.Compartment }) {
		return fmt.Errorf("locker %s has no compartment %d", a.guard.ID, q.Compartment)
	}
	for _, o := range a.openings {
		if (q.Compartment == 0 || o.Compartment == q.Compartment) && o.within(from, to) {
			o.Seen = a.seen(o.Records[len(o.Records)-1])
			o.Text = o.words()
			r.Openings = append(r.Openings, o)
		}
	}
	r.asked = q.words()
	return nil
}

// within says that an opening may have been between two times; what no clock bounds may have been at any.
func (o Opening) within(from, to int64) bool {
	first, last := o.moments()
	return (to == 0 || first.NotBefore == nil || first.NotBefore.UnixMicro() <= to) &&
		(from == 0 || last.NotAfter == nil || last.NotAfter.UnixMicro() >= from)
}

// moments are the first and the last of an opening.
func (o Opening) moments() (first, last Moment) {
	all := slices.Clone(o.Pressed)
	for _, m := range []*Moment{o.Opened, o.Ended} {
		if m != nil {
			all = append(all, *m)
		}
	}
	return all[0], all[len(all)-1]
}

func (a *audit) reignView(g reign) Reign {
	encoded := statement.Encode(g.charter)
	sum := sha256.Sum256(encoded)
	return Reign{g.charter.Epoch, g.from, groups(fmt.Sprintf("%x", sum[:16])), slices.ContainsFunc(a.charters, func(c statement.Charter) bool {
		return string(statement.Encode(c)) == string(encoded)
	})}
}

// groups writes hexadecimal digits as fingerprints are written.
func groups(digits string) string {
	var out []string
	for group := range slices.Chunk([]byte(digits), 4) {
		out = append(out, string(group))
	}
	return strings.Join(out, " ")
}

func (a *audit) unsigned() []Span {
	spans := []Span{}
	for _, l := range a.lines {
		n := len(spans)
		switch {
		case l.signed:
		case n > 0 && spans[n-1].Last+1 == l.place:
			spans[n-1].Last = l.place
		default:
			spans = append(spans, Span{l.place, l.place})
		}
	}
	return spans
}

// furthest is how far two time keys have seen the journal.
func (a *audit) furthest() (far *Witnessed) {
	for _, r := range a.receipts {
		if w := a.seen(r.Position); w != nil && (far == nil || w.Through > far.Through) {
			far = w
		}
	}
	return far
}

func (a *audit) sorted() []Finding {
	found := append([]Finding{}, a.found...)
	slices.SortStableFunc(found, func(x, y Finding) int { return cmp.Compare(x.Record-1, y.Record-1) }) // those without a record last
	return found
}
