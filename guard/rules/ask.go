package rules

import (
	"slices"
	"strings"

	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// ask judges one request of the kiosk and answers it.
func (d *decision) ask(a Asked) {
	d.remindOpenDoors()
	reason, wait := d.judge(a.Request)
	switch reason {
	case "":
	case door.Malformed: // the verb may be anything
		d.refused(string(reason))
	default:
		d.refused(string(a.Request.Verb) + ": " + string(reason))
	}
	d.flush()
	d.effects = append(d.effects, Reply{a.To, door.KioskReply{
		Accepted: reason == "", Reason: reason, Wait: (wait + 999) / 1000, View: d.View(d.now),
	}})
}

func (d *decision) judge(q door.KioskRequest) (door.Reason, int64) {
	if !q.Proper() {
		return door.Malformed, 0
	}
	switch q.Verb {
	case door.Code:
		return d.typed(q.Code)
	case door.Secret:
		return d.scanned(q.Secret)
	case door.Return:
		return d.returning(q.Code, q.Low)
	case door.Larger:
		return d.customerLarger()
	case door.Decline:
		return d.decline()
	case door.Courier:
		return d.challenge()
	case door.Technician:
		return d.challengeService()
	case door.Override:
		return d.challengeOverride()
	case door.Present:
		return d.present(q.Presentation)
	case door.Cosigned:
		return d.cosignedHere(q.Presentation)
	case door.Cancel:
		d.cancel()
		return "", 0
	}
	return door.Malformed, 0
}

// remindOpenDoors notes that a visitor has come and is being asked to close a door left open.
func (d *decision) remindOpenDoors() {
	for i, s := range d.Doors {
		if s.Alarmed && s.AskedAt == 0 && d.Compartments[i].usable() {
			d.changeDoor(i, func(s *Sight) { s.AskedAt = d.now })
		}
	}
}

// inTheWay says why nobody can be served now, before any credential is looked at.
func (d *decision) inTheWay() door.Reason {
	switch {
	case d.StorageBroken || !d.Settled:
		return door.OutOfOrder
	case d.pauseLeft(d.now) > 0:
		return door.Paused
	case len(d.openDoors()) > 0:
		return door.CloseDoor
	case d.busy():
		return door.Busy
	}
	return ""
}

// typed judges a pickup code. A wrong one is counted in the journal before it is answered.
func (d *decision) typed(code string) (door.Reason, int64) {
	if !statement.CheckCode(code) {
		return door.Malformed, 0
	}
	mac := d.rules.mac("code", []byte(code))
	if reason, wait := d.keypad(); reason != "" {
		return reason, wait
	}
	at := d.match(mac, codeOf, d.now)
	if at < 0 {
		return d.wrong()
	}
	return d.collect(at, "code", mac)
}

// keypad says why no typed code is judged now.
func (d *decision) keypad() (door.Reason, int64) {
	if reason := d.inTheWay(); reason != "" {
		return reason, d.pauseLeft(d.now)
	}
	if wait := d.keypadWait(d.now); wait > 0 {
		return door.Slow, wait
	}
	return "", 0
}

func (d *decision) wrong() (door.Reason, int64) {
	d.write(journal.Record{Kind: journal.WrongCode})
	return door.WrongCode, d.keypadWait(d.now)
}

// secretPace is how long the scanner rests after a QR secret that opens nothing. 2¹²⁸ of them need no more.
const secretPace = Second

func (d *decision) scanned(secret []byte) (door.Reason, int64) {
	if len(secret) != 16 {
		return door.Malformed, 0
	}
	if reason := d.inTheWay(); reason != "" {
		return reason, d.pauseLeft(d.now)
	}
	if d.secretAt > 0 && d.now-d.secretAt < secretPace {
		return door.Slow, secretPace - (d.now - d.secretAt)
	}
	mac := d.rules.mac("secret", secret)
	at := d.match(mac, secretOf, d.now)
	if at < 0 {
		d.secretAt = d.now
		return door.WrongCode, secretPace
	}
	return d.collect(at, "qr", mac)
}

func (d *decision) collect(at int, credential string, mac MAC) (door.Reason, int64) {
	c := &d.Compartments[at]
	if c.Occupancy == Empty && d.courierAt > 0 && d.now-d.courierAt < graceTime {
		return door.NotNow, 0 // while a courier stands here, a hand may be theirs: no empty door opens for a grace
	}
	v := visit{errand: door.Collecting, compartment: at, class: ClassRecipient, credential: credential, mac: mac, parcel: c.Parcel}
	return d.begin(v)
}

// cancel ends a prompt, never an open door. Between visits it ends a courier's session, not a technician's: an open
// case may depend on that one. At a customer's open door it says that nothing was put in.
func (d *decision) cancel() {
	switch {
	case d.visit == nil || !d.busy():
		d.visit, d.session = nil, nil
		if !d.serving() {
			d.service = nil
		}
	case d.visit.errand == door.Testing:
		d.skip()
	case d.visit.stage == door.Press:
		d.visit = nil
	case d.visit.stage == door.Jammed:
		d.giveUp()
	case d.visit.stage == door.Open && d.visit.errand == door.Returning:
		d.change(func(v *visit) { v.ending = cancelled })
	}
}

// decline is a recipient who does not want the parcel, before its door is opened or at the open door. It takes nobody's right away and
// brings no deadline nearer: the code goes on, so that they can change their mind.
func (d *decision) decline() (door.Reason, int64) {
	switch {
	case d.visit == nil || d.visit.errand != door.Collecting || d.StorageBroken:
		return door.NotNow, 0
	case d.visit.stage == door.Press && d.at().Occupancy == Occupied:
		d.declined()
		d.end(door.Done, declined)
	case d.visit.stage == door.Open && d.at().Via == ViaCode:
		d.change(func(v *visit) { v.ending = declined })
	default:
		return door.NotNow, 0
	}
	return "", 0
}

// declined writes it, once for each parcel.
func (d *decision) declined() {
	if !d.at().Declined {
		r := d.result(journal.Declined, "")
		r.Credential = d.visit.credential
		d.write(r)
	}
}

// refused counts a refusal; what was counted is written now and then, so that probing shows.
func (d *decision) refused(what string) {
	if len(d.refusals) == 0 {
		d.refusedSince = d.now
	}
	d.refusals = slices.Clone(d.refusals)
	i, found := slices.BinarySearchFunc(d.refusals, what, func(c journal.Count, what string) int { return strings.Compare(c.What, what) })
	switch {
	case found:
		d.refusals[i].N++
	case len(d.refusals) < maxRefusals:
		d.refusals = slices.Insert(d.refusals, i, journal.Count{What: what, N: 1})
	}
}

const (
	maxRefusals   = 128 // kinds in one record: more than there are
	refusalsAfter = 10 * Minute
)

func (d *decision) tickRefusals() {
	if len(d.refusals) == 0 || d.now-d.refusedSince < refusalsAfter {
		return
	}
	d.write(journal.Record{Kind: journal.Refusals, Counts: d.refusals})
	d.refusals = nil
}
