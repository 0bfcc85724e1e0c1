// Package text composes what recipients read: in their language, in the locker's time zone, short for SMS and long for
// letters. It knows nothing of how a message travels.
package text

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a small machine may lack the time zones

	"lockstep/internal/words"
)

// Kind is what there is to tell.
type Kind string

const (
	Stored    Kind = "stored"    // the parcel is in the locker: the code
	Reminder  Kind = "reminder"  // a day before it is due
	Last      Kind = "last"      // on the last day
	Collected Kind = "collected" // taken out with the code
	Opened    Kind = "opened"    // the door was opened with the code; nobody saw it close
	Declined  Kind = "declined"  // its recipient, or whoever had the code, said at the locker that they do not want it
	Refused   Kind = "refused"   // its recipient, or whoever has the code, said on the code's page that they do not want it
	Left      Kind = "left"      // the door was opened with the code and closed with the parcel inside
	Withdrawn Kind = "withdrawn" // taken back by the carrier
	Staff     Kind = "staff"     // a courier opened the parcel's door
	Cleared   Kind = "cleared"   // a courier says that nothing is behind the door any more
	Unsure    Kind = "unsure"    // the door was open and nobody knows why, or for too long
	Dark      Kind = "dark"      // no contact with the locker
	Back      Kind = "back"      // contact again
	Reissued  Kind = "reissued"  // a new code; the old one is dead
	Extended  Kind = "extended"  // it may wait longer
	Override  Kind = "override"  // operators had the parcel's door opened; it is still inside
	Removed   Kind = "removed"   // operators had the parcel's door opened, and it is not inside any more
	Repaired  Kind = "repaired"  // the locker has another guard: the parcel was taken out by hand, its code opens nothing
	Tested    Kind = "tested"    // a technician opened the parcel's door with the mechanical key
	Locked    Kind = "locked"    // the locker is in lockdown
	Unlocked  Kind = "unlocked"  // the lockdown is lifted
	Redirect  Kind = "redirect"  // somebody tried to have the parcel's messages go to another
)

// Kinds lists all of them.
var Kinds = []Kind{Stored, Reminder, Last, Collected, Opened, Withdrawn, Staff, Cleared, Unsure, Dark, Back, Reissued, Extended, Override,
	Removed, Left, Declined, Refused, Repaired, Tested, Locked, Unlocked, Redirect}

// ShowsCode says whether messages of this kind hold the code.
func (k Kind) ShowsCode() bool {
	return k == Stored || k == Reminder || k == Last || k == Back || k == Reissued || k == Unlocked
}

// ShowsAll says whether messages of this kind hold the codes of all that the recipient has in the locker.
func (k Kind) ShowsAll() bool { return k == Stored || k == Reissued }

// Facts is what one message tells. It prints as [redacted]: it holds codes.
type Facts struct {
	Kind     Kind
	Language string // BCP 47; what there is no catalogue for becomes English
	Merchant string // may be empty
	Place    string // the locker's short name
	Address  string
	Meant    string   // the locker where they, or some of them, were to come, if that is another; name and address
	Parcels  []Parcel // one at least
	Others   []Parcel // what waits there besides, told before
	Beyond   int      // how many more wait there, whose codes are in other messages
	Due      time.Time
	At       time.Time // when it happened; zero where it is unknown
	Zone     *time.Location
	Reason   string // what operators say why they opened the door; empty where they did not
	Link     string // the page that shows the codes; empty where the kind shows none
}

// Parcel is one parcel in a message.
type Parcel struct {
	Barcode  string
	Code     string // nine digits; empty where the kind shows none
	Tracking string // URL
	Unpaid   bool   // its code opens it only once it is paid for
}

func (Facts) Format(f fmt.State, _ rune)  { fmt.Fprint(f, "[redacted]") }
func (Parcel) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

// Text is a composed message. It prints as [redacted].
type Text struct{ Subject, Short, Plain, HTML string }

func (Text) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

// speaker says the messages of one language.
type speaker struct{ *words.Language }

func (s speaker) say(key string, values ...any) string {
	return strings.TrimSpace(s.Say("message."+key, values...))
}

// date is a day and time of day in the words of the language; empty for no time.
func (s speaker) date(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return s.Clock(t, zone)
}

// Compose writes the message.
func Compose(f Facts) (Text, error) {
	if len(f.Parcels) == 0 || f.Zone == nil {
		return Text{}, fmt.Errorf("text: a %s message without parcel or time zone", f.Kind)
	}
	s := speaker{words.In(f.Language)}
	until, from := s.date(f.Due, f.Zone), ""
	if f.Merchant != "" {
		from = " " + s.say("word.from", "from", oneLine(f.Merchant))
	}
	values := []any{
		"n", len(f.Parcels), "place", oneLine(f.Place), "where", where(f), "from", from, "codes", codes(f.Parcels), "until", until, "at", s.date(f.At, f.Zone),
		"reason", strings.TrimSuffix(atMost(harmless(f.Reason), 120), "."), "also", s.meant(f) + s.unpaid(f) + s.also(f), "link", f.Link,
	}
	kind := string(f.Kind)
	if !s.Has("message." + kind + ".long") {
		return Text{}, fmt.Errorf("text: a %s message cannot be said", kind)
	}
	t := Text{Subject: s.say(kind+".subject", values...), Short: s.say(kind+".short", values...)}
	l := letter{Lead: s.say(kind+".long", values...), Language: s.Code, Footer: s.say("word.footer")}
	s.fill(&l, f, until)
	t.Plain = l.plain()
	var err error
	t.HTML, err = l.html(t.Subject)
	return t, err
}

// meant says where the parcels were to come, with the blank before it; empty where that is here.
func (s speaker) meant(f Facts) string {
	if f.Meant == "" {
		return ""
	}
	return " " + s.say("word.meant", "meant", oneLine(f.Meant))
}

// unpaid says that codes wait for a payment, with the blank before it; empty where none does.
func (s speaker) unpaid(f Facts) string {
	owed := 0
	for _, p := range append(slices.Clone(f.Parcels), f.Others...) {
		if p.Unpaid {
			owed++
		}
	}
	if owed == 0 || !f.Kind.ShowsCode() {
		return ""
	}
	id := "word.unpaid"
	if owed < len(f.Parcels)+len(f.Others) {
		id = "word.unpaidSome"
	}
	return " " + s.say(id, "n", owed)
}

// also is what a short message says of the other parcels, with the blank before it; empty where there is none.
func (s speaker) also(f Facts) (text string) {
	if len(f.Others) > 0 {
		text = " " + s.say("word.also", "codes", codes(f.Others), "n", len(f.Others))
	}
	return text + s.beyond(f)
}

func (s speaker) beyond(f Facts) string {
	if f.Beyond == 0 {
		return ""
	}
	return " " + s.say("word.beyond", "n", f.Beyond)
}

func (s speaker) fill(l *letter, f Facts, until string) {
	l.Meant = strings.TrimSpace(s.meant(f))
	l.TrackingWord = s.say("word.tracking")
	l.Rows, l.Others = s.rows(f, f.Parcels), s.rows(f, f.Others)
	if !f.Kind.ShowsCode() {
		return
	}
	l.CodeWord = s.say("word.code", "n", len(f.Parcels))
	l.OpenWord, l.Link = s.say("word.open"), f.Link
	if len(f.Others) > 0 {
		l.AlsoWord = s.say("word.there", "n", len(f.Others))
	}
	l.Beyond = strings.TrimSpace(s.beyond(f))
	l.Unpaid = strings.TrimSpace(s.unpaid(f))
	if until != "" {
		l.Until = s.say("word.until", "until", until)
	}
}

// rows are parcels in a letter; they have names where there are several.
func (s speaker) rows(f Facts, parcels []Parcel) (all []row) {
	for _, p := range parcels {
		row := row{Tracking: p.Tracking}
		if len(f.Parcels)+len(f.Others) > 1 {
			row.Name = s.say("word.parcel", "tail", tail(p.Barcode))
		}
		if f.Kind.ShowsCode() {
			row.Code = Grouped(p.Code)
		}
		all = append(all, row)
	}
	return all
}

// Grouped is a code as people read it: 3-3-3.
func Grouped(code string) string {
	if len(code) != 9 {
		return code
	}
	return code[:3] + " " + code[3:6] + " " + code[6:]
}

func codes(parcels []Parcel) string {
	var all []string
	for _, p := range parcels {
		all = append(all, Grouped(p.Code))
	}
	return strings.Join(all, ", ")
}

func where(f Facts) string {
	if f.Address == "" || f.Address == f.Place {
		return oneLine(f.Place)
	}
	return oneLine(f.Place) + " (" + oneLine(f.Address) + ")"
}

// oneLine keeps what the hub calls a locker or a merchant from looking like anything but a name: harmless, and of a name's
// length.
func oneLine(s string) string { return atMost(harmless(s), 80) }

// harmless is a text of others' on one line, with nothing that a phone would make a link of.
func harmless(s string) string {
	s = strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "://", ": ")
	return dotted.ReplaceAllString(s, ". $1")
}

func atMost(s string, letters int) string {
	if runes := []rune(s); len(runes) > letters {
		s = string(runes[:letters])
	}
	return s
}

var dotted = regexp.MustCompile(`\.(\pL)`)

func tail(barcode string) string { return "…" + barcode[max(0, len(barcode)-4):] }
