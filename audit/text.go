package audit

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"lockstep/guard/statement"
)

// Write says a report in plain words.
func (r Report) Write(w io.Writer) error {
	var b strings.Builder
	if r.Locker == "" {
		b.WriteString("The key of the guard that wrote this journal is not proven: no signature could be checked, and nothing in it proves anything.\n")
		r.findings(&b)
		_, err := io.WriteString(w, printable(b.String()))
		return err
	}
	fmt.Fprintf(&b, "Journal of locker %s in network %s, records %d to %d, written by the guard with the key %s.\n", r.Locker, r.Network, r.Records.First, r.Records.Last, r.Guard)
	for _, c := range r.Charters {
		fmt.Fprintf(&b, "From record %d on the guard went by the charter of epoch %d, fingerprint %s%s.\n", c.From, c.Epoch, c.Fingerprint, map[bool]string{
			false: "; it was not given to this audit, and the roots of the one before have signed it"}[c.Given])
	}
	r.verdict(&b)
	fmt.Fprintf(&b, "\n%s: %s.\nTimes are by the clock of %s.\n", r.asked, number(len(r.Openings), "opening"), r.Zone)
	for _, o := range r.Openings {
		fmt.Fprintf(&b, "\n%s\n", o.Text)
	}
	_, err := io.WriteString(w, printable(b.String()))
	return err
}

func (r Report) verdict(b *strings.Builder) {
	if r.Sound {
		b.WriteString("The journal is whole: every record is in its place under the guard's signature, follows from those before by the guard's rules, " +
			"and names only persons and carriers whom the charter in force gave that role.\n")
	}
	if s := r.Seen; s != nil {
		fmt.Fprintf(b, "%s had both seen the records up to %d by %s: what is whole up to there has not been changed since.\n", and(s.By), s.Through, clock(up(s.At)))
	} else {
		b.WriteString("No two time keys' receipts came with it: when it was written rests on the guard's clock alone.\n")
	}
	if !r.Sound {
		b.WriteString("\nSOMETHING IS WRONG.\n")
	}
	r.findings(b)
	for _, s := range r.Unsigned {
		what, many := span(s.First, s.Last)
		fmt.Fprintf(b, "- %s under no signature of the guard's: they prove nothing.\n", is(what, many))
	}
	if !r.Sound {
		fmt.Fprintf(b, "Up to record %d each follows from those before; after it that cannot be judged.\n", r.Judged)
	}
}

func (r Report) findings(b *strings.Builder) {
	for _, f := range r.Findings {
		fmt.Fprintf(b, "- %s%s\n", f.Text, map[bool]string{true: " (" + f.File + ")"}[f.File != ""])
	}
}

func (q Query) words() string {
	text := "Every opening"
	if q.Compartment > 0 {
		text = fmt.Sprintf("Every opening of compartment %d", q.Compartment)
	}
	if q.From != "" {
		text += " from " + q.From
	}
	if q.To != "" {
		text += " to " + q.To
	}
	return text
}

// words tells one opening: what and when, by what right, what the door did, what that rests on.
func (o Opening) words() string {
	first, _ := o.moments()
	lines := []string{fmt.Sprintf("Compartment %d, %s: %s.", o.Compartment, when(first), o.what())}
	for _, line := range []string{o.right(), o.door(), bounds(first), o.proof()} {
		if line != "" {
			lines = append(lines, "  "+line)
		}
	}
	return strings.Join(lines, "\n")
}

func (o Opening) what() string {
	parcel := "a parcel of which the guard knew no barcode"
	if o.Parcel != "" {
		parcel = "parcel " + o.Parcel
	}
	courier := fmt.Sprintf("courier %s of carrier %s", o.Courier, o.Carrier)
	operators, technician := o.signers()
	switch o.Purpose {
	case Deposit:
		return courier + " came to put in " + parcel
	case Return:
		return fmt.Sprintf("a customer came to put in %s, for carrier %s to take away", parcel, o.Carrier)
	case Collection:
		return "somebody with " + credential(o.Credential) + " came for " + parcel
	case Grace:
		return fmt.Sprintf("somebody with the code of %s opened the emptied compartment again", parcel)
	case Withdrawal:
		return courier + " came to take away " + parcel
	case Reopening:
		return courier + " came to look into it, because nobody knew what was inside (last known: " + orNone(o.Parcel) + ")"
	case Override:
		return fmt.Sprintf("%s had it opened, with %s as technician on site, for the reason “%s”; inside was %s", operators, technician, o.Reason, parcel)
	case WalkTest:
		return fmt.Sprintf("technician %s tried the empty compartment", and(o.Persons))
	case WalkByKey:
		return fmt.Sprintf("technician %s opened and closed the door with the mechanical key, to try its switch", and(o.Persons))
	case Uncommanded:
		if o.Parcel == "" {
			parcel = "no parcel that the guard knew of"
		}
		return "THE DOOR OPENED AND THE GUARD HAD NOT OPENED IT; inside was " + parcel
	}
	return "THE DOOR OPENED, AND NO RECORD SAYS ON WHAT AUTHORITY"
}

// signers are an override's operators and its technician.
func (o Opening) signers() (operators, technician string) {
	n := max(0, len(o.Persons)-1)
	return cmp.Or(and(o.Persons[:n]), "nobody"), cmp.Or(and(o.Persons[n:]), "nobody")
}

func credential(c string) string {
	if c == "qr" {
		return "the QR code"
	}
	return "the pickup code"
}

// right is the authority and the records it rests on.
func (o Opening) right() string {
	on := list(o.RestsOn)
	under := fmt.Sprintf(" (charter of epoch %d)", o.Epoch)
	switch o.Purpose {
	case Deposit:
		return "Authority: the courier's certificate by that carrier and the courier's signed answer, which the guard verified" + under + "; the manifest last taken from that carrier is" + on + "."
	case Return:
		return "Authority: the code of a return permit, taken with" + on + under + "."
	case Collection:
		return "Authority: that code or QR, born in the guard with" + on + "."
	case Grace:
		return "Authority: the credential of the collection that ended with" + on + ", at most three minutes and twice after it."
	case Withdrawal:
		return "Authority: that carrier was fixed at the deposit, and the parcel was overdue or outbound, by" + on + "; the courier's certificate and signed answer, which the guard verified" + under + "."
	case Reopening:
		return "Authority: a courier of the carrier that had used it last, with" + on + "; certificate and signed answer, which the guard verified" + under + "."
	case Override:
		return "Authority: an override that these persons signed over this guard's challenge" + under + "; the SHA-256 of its first envelope is " + o.Statement + "."
	case WalkTest, WalkByKey:
		return "Authority: a technician's session, begun or last noted with" + on + under + "."
	}
	return ""
}

func list(records []uint64) string {
	if len(records) == 0 {
		return " no record that is here"
	}
	text := " record "
	for i, r := range records {
		if i > 0 {
			text += " and "
		}
		text += fmt.Sprint(r)
	}
	return text
}

// door is what was done and seen, in seconds of the powered clock.
func (o Opening) door() string {
	var parts []string
	first, _ := o.moments()
	for i, m := range o.Pressed {
		what := "A hand pressed the button"
		if i > 0 {
			what = "the latch had not moved, and a hand pressed again" + since(first, m)
		}
		parts = append(parts, fmt.Sprintf("%s (record %d)", what, m.Record))
	}
	switch {
	case o.Purpose == Uncommanded:
		parts = append(parts, fmt.Sprintf("No hand, no pulse: its switch was read open (record %d)", o.Opened.Record))
	case o.Opened != nil:
		parts = append(parts, fmt.Sprintf("the door was seen open%s (record %d)", since(first, *o.Opened), o.Opened.Record))
	case len(o.Pressed) > 0:
		parts = append(parts, "THE DOOR WAS NOT SEEN OPEN")
	}
	if o.Ended != nil && o.Purpose != Uncommanded {
		parts = append(parts, fmt.Sprintf("it ended%s with “%s” (record %d)", since(first, *o.Ended), o.Outcome, o.Ended.Record))
	} else if o.Ended == nil {
		parts = append(parts, "no record tells how it ended: "+o.Outcome)
	}
	return sentence(strings.Join(parts, "; "))
}

func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

func since(first, m Moment) string {
	if m == first || m.Boot != first.Boot {
		return ""
	}
	return fmt.Sprintf(" after %.1f s", float64(m.Powered-first.Powered)/1e6)
}

func when(m Moment) string {
	switch {
	case m.NotBefore == nil && m.NotAfter == nil:
		return "at a time that no clock tells"
	case m.NotAfter == nil:
		return "at or after " + clock(m.NotBefore)
	case m.NotBefore == nil:
		return "at or before " + clock(up(m.NotAfter))
	}
	from, to := m.NotBefore, up(m.NotAfter)
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return from.Format("2 January 2006") + " between " + from.Format("15:04:05.0") + " and " + to.Format("15:04:05.0 MST (-07:00)")
	}
	return "between " + clock(from) + " and " + clock(to)
}

// up is a time rounded up to what clock shows: an upper bound must not be shown too early.
func up(t *time.Time) *time.Time {
	later := t.Add(100*time.Millisecond - time.Microsecond)
	return &later
}

func clock(t *time.Time) string { return t.Format("2 January 2006 15:04:05.0 MST (-07:00)") }

// bounds says what the time rests on.
func bounds(m Moment) string {
	var text string
	if m.TimeSet > 0 {
		text = fmt.Sprintf("The time rests on two time keys that agreed (record %d) and the guard's powered clock since", m.TimeSet)
	} else {
		text = "No two time keys had told this guard the time before"
	}
	switch {
	case m.Bounded > 0:
		text += fmt.Sprintf("; the later bound is reckoned back from record %d", m.Bounded)
	case m.NotAfter == nil:
		text += "; nothing bounds it from above"
	}
	return text + "."
}

func (o Opening) proof() string {
	switch {
	case !o.Signed:
		return "NOT PROVEN: not all of its records are under the guard's signature."
	case !o.Judged:
		return "Its records are signed, but follow on what is wrong: whether anybody had the right cannot be judged."
	case o.Seen != nil:
		return fmt.Sprintf("%s had both seen its records by %s.", and(o.Seen.By), clock(up(o.Seen.At)))
	}
	return ""
}

func and(persons []statement.Person) string {
	var names []string
	for _, p := range persons {
		names = append(names, string(p))
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}

func number(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// printable shows what would not show itself: a journal may hold what was written to paint a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == '\n' {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}
