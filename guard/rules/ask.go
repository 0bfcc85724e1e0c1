package rules

import (
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// ask judges one request of the kiosk and answers it.
func (d *decision) ask(a Asked) {
	d.remindOpenDoors()
	reason, wait := d.judge(a.Request)
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
	case door.Courier:
		return d.challenge()
	case door.Present:
		return d.present(q.Presentation)
	case door.Cancel:
		d.cancel()
		return "", 0
	}
	return door.Malformed, 0
}

// remindOpenDoors notes that a visitor has come and is being asked to close a door left open.
func (d *decision) remindOpenDoors() {
	for i, s := range d.Doors {
		if s.Alarmed && s.AskedAt == 0 && !d.Compartments[i].Faulted {
			d.changeDoor(i, func(s *Sight) { s.AskedAt = d.now })
		}
	}
}

// inTheWay says why nobody can be served now, before any credential is looked at.
func (d *decision) inTheWay() door.Reason {
	switch {
	case d.StorageBroken || !d.Settled:
		return door.OutOfOrder
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
	if reason := d.inTheWay(); reason != "" {
		return reason, 0
	}
	if wait := d.keypadWait(d.now); wait > 0 {
		return door.Slow, wait
	}
	mac := d.rules.mac("code", []byte(code))
	at := d.match(mac, codeOf, d.now)
	if at < 0 {
		d.write(journal.Record{Kind: journal.WrongCode})
		return door.WrongCode, d.keypadWait(d.now)
	}
	return d.collect(at, "code", mac)
}

// secretPace is how long the scanner rests after a QR secret that opens nothing. 2¹²⁸ of them need no more.
const secretPace = Second

func (d *decision) scanned(secret []byte) (door.Reason, int64) {
	if len(secret) != 16 {
		return door.Malformed, 0
	}
	if reason := d.inTheWay(); reason != "" {
		return reason, 0
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
	v := visit{errand: door.Collecting, compartment: at, class: ClassRecipient, credential: credential, mac: mac, parcel: c.Parcel}
	return d.begin(v)
}

// cancel ends a prompt, never an open door. Between visits it ends a courier's session.
func (d *decision) cancel() {
	switch {
	case d.visit == nil || !d.busy():
		d.visit, d.session = nil, nil
	case d.visit.stage == door.Press:
		d.visit = nil
	case d.visit.stage == door.Jammed:
		d.giveUp()
	}
}
