package rules

import (
	"crypto/sha256"
	"slices"

	"lockstep/guard/door"
	"lockstep/guard/statement"
)

// challenge starts a courier's session, in place of the one before: an answer that was kept back dies with its challenge.
func (d *decision) challenge() (door.Reason, int64) {
	if d.StorageBroken || !d.Settled {
		return door.OutOfOrder, 0
	}
	if d.busy() || d.serving() {
		return door.Busy, 0
	}
	d.courierAt = d.now
	c, envelope, err := d.newChallenge(statement.ForCourier)
	if err != nil {
		return door.OutOfOrder, 0
	}
	d.visit, d.service, d.session = nil, nil, &session{challenge: envelope, nonce: c.Nonce, made: d.now}
	return "", 0
}

func (d *decision) newChallenge(purpose statement.Purpose) (c statement.Challenge, envelope []byte, err error) {
	d.Challenges++
	c = statement.Challenge{Locker: d.Locker.ID, Boot: d.Boot, Counter: d.Challenges, Nonce: d.random.sixteen(), Purpose: purpose}
	envelope, err = d.rules.Sign(c)
	return c, envelope, err
}

// tickSession ends a session that nobody answers or goes on with.
func (d *decision) tickSession() {
	s := d.session
	if s == nil || d.busy() && d.visit.stage != door.Press {
		return // a prompt keeps no session alive, a door does
	}
	switch {
	case s.begun == 0 && d.now-s.made > challengeTime,
		s.begun > 0 && d.now-s.begun > sessionTime,
		s.begun > 0 && d.now-max(s.last, d.visitEnd()) > sessionIdle:
		d.session = nil
	}
}

func (d *decision) visitEnd() int64 {
	if d.visit == nil {
		return 0
	}
	return d.visit.since
}

// present judges what a courier's phone or a technician's device shows.
func (d *decision) present(raw []byte) (door.Reason, int64) {
	var p statement.Presentation
	if err := statement.Decode(raw, &p); err != nil {
		return door.Malformed, 0
	}
	if typ, err := statement.Peek(p.Answer); err == nil && typ == statement.TypeService {
		return d.serve(p)
	}
	sum := sha256.Sum256(raw)
	seen := string(sum[:])
	if d.session != nil && d.session.lastSeen == seen {
		if d.session.waits == nil {
			return "", 0 // the scanner read the same screen twice
		}
		return d.tryWish(*d.session.waits)
	}
	answer, courier, reason := d.believe(p)
	if reason != "" {
		return reason, 0
	}
	d.courierAt = d.now
	d.changeSession(func(s *session) {
		s.courier, s.number, s.last, s.lastSeen = courier, answer.Number, d.now, seen
		if s.begun == 0 {
			s.begun = d.now
		}
	})
	return d.tryWish(answer)
}

// tryWish keeps an answer that is refused only for a while: its courier shows the same screen again when that is over.
func (d *decision) tryWish(a statement.Answer) (door.Reason, int64) {
	reason, wait := d.wish(a)
	d.changeSession(func(s *session) {
		s.waits = nil
		switch reason {
		case door.Budget, door.CloseDoor, door.OutOfOrder, door.Busy, door.Paused:
			s.waits = &a
		}
	})
	return reason, wait
}

// believe checks a presentation in the order of doors.md: parse, key and role, signature, addressed here, number, time,
// challenge.
func (d *decision) believe(p statement.Presentation) (a statement.Answer, c statement.Courier, reason door.Reason) {
	s := d.session
	if s == nil || s.receipt != nil {
		return a, c, door.NotBelieved
	}
	if c = s.courier; s.begun == 0 {
		certified, err := statement.VerifyCourier(p.Certificate, d.Network)
		if err != nil {
			return a, c, door.NotBelieved
		}
		c = certified
	}
	a, _, err := statement.Verify[statement.Answer](p.Answer, func(id statement.KeyID) (statement.Key, bool) {
		return c.Key, c.Key.ID() == id
	})
	if err != nil || a.Locker != d.Locker.ID || !c.Covers(d.Locker.ID) || d.isRevoked(c, d.now) || a.Number != s.number+1 {
		return a, c, door.NotBelieved
	}
	if low, _ := d.time(d.now); low == 0 {
		return a, c, door.TimeUnsure
	} else if d.outside(c.From, c.Until, d.now) {
		return a, c, door.NotBelieved
	}
	if a.Nonce != s.nonce || s.begun == 0 && d.now-s.made > challengeTime {
		return a, c, door.NotBelieved
	}
	return a, c, ""
}

func (d *decision) wish(a statement.Answer) (door.Reason, int64) {
	switch a.Want {
	case statement.WantDeposit:
		return d.wantDeposit(a)
	case statement.WantLarger:
		return d.wantLarger(a)
	case statement.WantNotEmpty:
		return d.sayAbout(door.Depositing, a.Barcode, notEmpty)
	case statement.WantCancel:
		return d.wantCancel(a)
	case statement.WantWithdraw:
		return d.wantWithdraw(a)
	case statement.WantReopen:
		return d.wantReopen(a)
	case statement.WantTakenOut:
		return d.sayAbout(door.Reopening, a.Barcode, takenOut)
	}
	return d.wantReceipt()
}

func (d *decision) wantDeposit(a statement.Answer) (door.Reason, int64) {
	if d.visit != nil && d.visit.errand == door.Reopening && d.busy() {
		return d.sayAbout(door.Reopening, a.Barcode, isStored)
	}
	if !d.session.courier.Deposit {
		return door.NotBelieved, 0
	}
	if d.engaged() {
		return door.Busy, 0 // its own parcel may be the one that is not judged yet
	}
	i := slices.IndexFunc(d.Expected, func(x Expected) bool { return x.Barcode == a.Barcode && x.Carrier == d.session.courier.Carrier })
	if i < 0 || d.holds(a.Barcode) {
		return door.NotExpected, 0
	}
	size := a.Size
	if size == 0 {
		size = d.Expected[i].Size
	}
	return d.deposit(d.Expected[i], size, d.session.courier)
}

// holds says that a parcel is inside already, for all the guard knows.
func (d *decision) holds(barcode string) bool {
	return slices.ContainsFunc(d.Compartments, func(c Compartment) bool {
		return c.Parcel == barcode && (c.Occupancy == Occupied || c.Occupancy == Collecting || c.Occupancy == Intent)
	})
}

// deposit asks for a press at the smallest compartment that fits, for a courier or, where there is none, for a customer.
func (d *decision) deposit(x Expected, size uint8, by statement.Courier) (door.Reason, int64) {
	if d.engaged() {
		return door.Busy, 0
	}
	if reason := d.openDoor(); reason != "" {
		return reason, 0
	}
	at := d.choose(size, x.Low)
	if at < 0 {
		return d.noRoom(size, x.Low), 0
	}
	v := visit{errand: door.Depositing, compartment: at, class: ClassDeposit, parcel: x.Barcode, expected: x, courier: by}
	if by.ID == "" {
		v.errand = door.Returning
	}
	return d.begin(v)
}

// engaged says that a courier's wish has to wait: another prompt of the courier's own may give way to it, a recipient's may not.
func (d *decision) engaged() bool {
	return d.busy() && (d.visit.stage != door.Press || !d.visit.ofCourier())
}

func (d *decision) openDoor() door.Reason {
	if len(d.openDoors()) > 0 {
		return door.CloseDoor
	}
	return ""
}

// choose picks an empty compartment: the smallest that fits, one in grace last, a low one only where it is needed.
func (d *decision) choose(size uint8, low bool) int {
	best := -1
	for i := range d.Compartments {
		c := &d.Compartments[i]
		if c.fits(size, low) && d.boardHealthy(c.Board) && d.Doors[i].Switch == Closed && d.Doors[i].Inside != Something &&
			(best < 0 || d.better(c, &d.Compartments[best], low)) {
			best = i
		}
	}
	return best
}

func (c *Compartment) fits(size uint8, low bool) bool {
	return c.takesDeposits() && c.Size >= size && (c.Low || !low)
}

// noRoom says why choose found nothing: compartments that would do may be behind a board that does not answer.
func (d *decision) noRoom(size uint8, low bool) door.Reason {
	for i := range d.Compartments {
		if c := &d.Compartments[i]; c.fits(size, low) && !d.boardHealthy(c.Board) {
			return door.OutOfOrder
		}
	}
	return door.Full
}

func (d *decision) better(a, b *Compartment, low bool) bool {
	if a.inGrace(d.now) != b.inGrace(d.now) {
		return !a.inGrace(d.now)
	}
	if a.Size != b.Size {
		return a.Size < b.Size
	}
	return !low && !a.Low && b.Low
}

func (d *decision) wantLarger(a statement.Answer) (door.Reason, int64) {
	if d.visit == nil || d.visit.errand != door.Depositing || d.visit.parcel != a.Barcode {
		return door.NotNow, 0
	}
	return d.larger(a.Size)
}

// larger gives up a compartment that is too small: at the prompt for another at once, at the open door when it is closed.
func (d *decision) larger(atLeast uint8) (door.Reason, int64) {
	v := d.visit
	size := max(atLeast, d.at().Size+1)
	switch v.stage {
	case door.Press:
		d.visit = nil // the prompt gives way to another of its own
		reason, wait := d.deposit(v.expected, size, v.courier)
		if reason != "" {
			d.visit = v
		}
		return reason, wait
	case door.Open:
		d.change(func(v *visit) { v.ending, v.larger = tooSmall, size })
		return "", 0
	}
	return door.NotNow, 0
}

// anotherDoor goes on with a parcel whose first compartment would not do. Where none is free the session shows why.
func (d *decision) anotherDoor(v visit) {
	size := d.at().Size
	if v.ending == tooSmall {
		size = v.larger
	}
	if d.session == nil && v.ofCourier() {
		return
	}
	if reason, _ := d.deposit(v.expected, size, v.courier); reason != "" {
		d.change(func(v *visit) { v.outcome = string(reason) })
	}
}

func (d *decision) wantCancel(a statement.Answer) (door.Reason, int64) {
	v := d.visit
	if v == nil || !v.ofCourier() || v.parcel != a.Barcode || !d.busy() {
		return door.NotNow, 0
	}
	switch {
	case v.stage == door.Press:
		d.visit = nil
	case v.stage == door.Jammed:
		d.giveUp()
	case v.stage == door.Open && v.errand == door.Depositing:
		d.change(func(v *visit) { v.ending = cancelled })
	default:
		return door.NotNow, 0
	}
	return "", 0
}

// sayAbout takes the courier's word for what is in the compartment that is open, or was just closed, for this parcel.
func (d *decision) sayAbout(errand door.Errand, barcode, what string) (door.Reason, int64) {
	v := d.visit
	if v == nil || v.errand != errand || v.parcel != barcode || v.stage != door.Open && v.stage != door.Say {
		return door.NotNow, 0
	}
	if what == isStored && barcode == "" {
		return door.NotExpected, 0
	}
	d.change(func(v *visit) { v.ending = what })
	if v.stage == door.Say {
		d.closedReopening()
	}
	return "", 0
}

func (d *decision) wantWithdraw(a statement.Answer) (door.Reason, int64) {
	if !d.session.courier.Withdraw {
		return door.NotBelieved, 0
	}
	at := slices.IndexFunc(d.Compartments, func(c Compartment) bool {
		return c.Occupancy == Occupied && c.Parcel == a.Barcode && c.Carrier == d.session.courier.Carrier
	})
	return d.byCourier(at, visit{errand: door.Withdrawing, class: ClassCarrier, parcel: a.Barcode})
}

func (d *decision) wantReopen(a statement.Answer) (door.Reason, int64) {
	if !d.session.courier.Deposit {
		return door.NotBelieved, 0
	}
	at := slices.IndexFunc(d.Compartments, func(c Compartment) bool {
		return c.Occupancy == Quarantine && c.usable() && c.Parcel == a.Barcode && c.Carrier == d.session.courier.Carrier
	})
	return d.byCourier(at, visit{errand: door.Reopening, class: ClassDeposit, parcel: a.Barcode})
}

func (d *decision) byCourier(at int, v visit) (door.Reason, int64) {
	switch {
	case at < 0:
		return door.NotHere, 0
	case d.engaged():
		return door.Busy, 0
	}
	v.compartment, v.courier = at, d.session.courier
	return d.begin(v)
}

// wantReceipt ends the session with the guard's word for all that was done in it.
func (d *decision) wantReceipt() (door.Reason, int64) {
	if d.busy() {
		return door.Busy, 0
	}
	head, err := d.rules.Sign(d.Head(d.now))
	if err != nil {
		return door.OutOfOrder, 0
	}
	d.changeSession(func(s *session) { s.receipt = head })
	d.courierAt = 0
	return "", 0
}

// Head is the head over everything in the journal so far.
func (f *Facts) Head(now int64) statement.Head {
	low, _ := f.time(now)
	return statement.Head{Locker: f.Locker.ID, Boot: f.Boot, Position: f.Position.Number, Hash: f.Position.Hash,
		Powered: now, Low: low, Down: f.Down}
}
