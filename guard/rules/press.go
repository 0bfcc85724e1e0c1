package rules

import (
	"slices"

	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// begin asks for a press: everything is decided and nothing is spent.
func (d *decision) begin(v visit) (door.Reason, int64) {
	v.since, v.until, v.stage = d.now, d.now+pressTime, door.Press
	before := d.visit
	d.visit = &v
	reason, wait := d.allowed()
	if reason != "" {
		d.visit = before
	}
	return reason, wait
}

// press is a hand on the button, after its prompt. All that can have changed since is judged again; then intent, then one pulse.
func (d *decision) press() {
	if d.visit == nil || d.StorageBroken || d.visit.stage != door.Press && d.visit.stage != door.Jammed || d.now <= d.visit.since {
		return
	}
	if reason, _ := d.allowed(); reason != "" {
		if d.visit.pulses == 0 { // a jam's prompt goes on until its time is over
			d.end(door.Failed, string(reason))
		}
		return
	}
	c := d.at()
	d.write(d.intent(c))
	switch d.visit.class {
	case ClassRecipient:
		d.watchCap()
	case ClassOverride:
		d.override = nil // one challenge, one pulse
	}
	d.flush() // nothing may be written after a pulse: were that to fail, a pulse would be forgotten
	d.effects = append(d.effects, Pulse{c.Board, c.Channel})
	d.pulsed, d.unpressed = pulsed{d.now, d.visit.compartment}, 0
	d.changeDoor(d.visit.compartment, func(s *Sight) { s.Unread = d.now })
	d.change(func(v *visit) { v.pulses++ })
	d.stage(door.Pulsed, openTime)
}

func (d *decision) intent(c *Compartment) journal.Record {
	v := d.visit
	r := journal.Record{Compartment: c.Number, Parcel: v.parcel, Carrier: c.Carrier, Courier: v.courier.ID}
	switch {
	case v.pulses > 0:
		r.Kind = journal.PulseAgain
	case v.errand == door.Collecting:
		r.Kind, r.Credential = journal.CollectIntent, v.credential
		if c.Occupancy == Empty {
			r.Credential = "grace"
		}
	case v.errand == door.Withdrawing:
		r.Kind = journal.WithdrawIntent
	case v.errand == door.Reopening:
		r.Kind = journal.ReopenIntent
	case v.errand == door.Overriding:
		r.Kind, r.Persons, r.Statement, r.Reason = journal.OverrideIntent, v.persons, v.statement, v.reason
	case v.errand == door.Testing:
		r.Kind, r.Persons = journal.TestIntent, v.persons
	case v.errand == door.Returning:
		r.Kind, r.Carrier, r.Credential = journal.DepositIntent, v.expected.Carrier, permit
	default:
		r.Kind, r.Carrier = journal.DepositIntent, v.courier.Carrier
		r.Dwell, r.Policy = v.expected.DwellHours, uint8(v.expected.Policy)
	}
	return r
}

// allowed judges everything that can change between prompt and press. The order is doors.md's.
func (d *decision) allowed() (door.Reason, int64) {
	v := d.visit
	if d.StorageBroken || !d.Settled {
		return door.OutOfOrder, 0
	}
	if left := d.pauseLeft(d.now); left > 0 {
		return door.Paused, left
	}
	if d.Lockdown.Record > 0 && v.opensOccupied() {
		return door.LockedDown, 0
	}
	if reason := d.rightful(v, d.at()); reason != "" {
		return reason, 0
	}
	if d.othersOpen() {
		return door.CloseDoor, 0
	}
	if !d.boardHealthy(d.at().Board) || !d.buttonSeen(d.now) {
		return door.OutOfOrder, 0
	}
	if wait := d.wait(v.class, d.now); wait > 0 {
		return door.Budget, wait
	}
	return "", 0
}

// rightful asks whether the authority for this errand still rests in the compartment.
func (d *decision) rightful(v *visit, c *Compartment) door.Reason {
	low, _ := d.time(d.now)
	if v.ofCourier() && (low == 0 || d.outside(v.courier.From, v.courier.Until, d.now)) {
		return door.TimeUnsure
	}
	if v.ofCourier() && d.isRevoked(v.courier, d.now) {
		return door.NotBelieved
	}
	if v.pulses > 0 { // a jam's further press: the intent stands
		if c.Occupancy != Intent && c.Occupancy != Collecting {
			return door.NotNow
		}
		return ""
	}
	switch v.errand {
	case door.Collecting:
		if v.credential == "qr" && d.match(v.mac, secretOf, d.now) != v.compartment ||
			v.credential != "qr" && d.match(v.mac, codeOf, d.now) != v.compartment {
			return door.WrongCode
		}
		if c.Untested {
			return door.OutOfOrder
		}
		if c.unpaid() {
			return door.Unpaid
		}
	case door.Depositing, door.Returning:
		if !c.takesDeposits() || low > v.expected.Until || d.Doors[v.compartment].Inside == Something || !d.expects(v) {
			return door.NotExpected
		}
	case door.Withdrawing:
		return d.mayWithdraw(v, c)
	case door.Reopening:
		if c.Occupancy != Quarantine || c.Carrier != v.courier.Carrier || !c.usable() {
			return door.NotHere
		}
	case door.Overriding:
		return d.mayOverride(v, c)
	case door.Testing:
		if d.service == nil || !d.mayTest(v.compartment) {
			return door.NotNow
		}
	}
	return ""
}

// expects says that what allowed a deposit still does: its manifest, or a permit with a try left.
func (f *Facts) expects(v *visit) bool {
	if v.errand == door.Returning {
		return slices.ContainsFunc(f.Permits, func(p Permit) bool { return p.Barcode == v.parcel })
	}
	return slices.ContainsFunc(f.Expected, func(x Expected) bool { return x.Barcode == v.parcel && x.Carrier == v.courier.Carrier })
}

// opensOccupied says that a parcel may be behind the door of this errand.
func (v *visit) opensOccupied() bool {
	return v.errand != door.Depositing && v.errand != door.Returning && v.errand != door.Testing
}

func (c *Compartment) takesDeposits() bool { return c.Occupancy == Empty && !c.Blocked && c.usable() }

func (d *decision) mayWithdraw(v *visit, c *Compartment) door.Reason {
	switch {
	case c.Occupancy != Occupied || c.Parcel != v.parcel || c.Carrier != v.courier.Carrier:
		return door.NotHere
	case !c.Overdue && !c.Outbound:
		return door.NotDue
	case c.Untested:
		return door.OutOfOrder
	case d.timeUnsure(d.now):
		return door.TimeUnsure
	}
	return ""
}

// watchCap raises an alarm when three quarters of the recipients' cap are used, at most every ten minutes.
func (d *decision) watchCap() {
	if d.nearCap(d.now) && (d.capAlarm == 0 || d.now-d.capAlarm >= 10*Minute) {
		d.capAlarm = d.now
		d.alarm("many openings by recipients", 0)
	}
}

// tickVisit ends what waited too long.
func (d *decision) tickVisit() {
	if d.visit == nil || d.visit.until == 0 || d.now < d.visit.until {
		return
	}
	switch d.visit.stage {
	case door.Press:
		d.end(door.Failed, "no press")
		d.countUnpressed()
	case door.Pulsed:
		if d.visit.pulses < d.visit.maxPulses() {
			d.stage(door.Jammed, pressTime)
		} else {
			d.giveUp()
		}
	case door.Jammed:
		d.giveUp()
	case door.Say:
		d.unsaid()
	case door.ByKey:
		d.end(door.Failed, "skipped")
	case door.Open:
		d.leaveOpen()
	default:
		d.visit = nil
	}
}

// countUnpressed raises an alarm at every tenth prompt in a row that no hand answered: somebody may be asking from afar.
func (d *decision) countUnpressed() {
	if d.unpressed++; d.unpressed%10 == 0 {
		d.alarm("authorised, no press", 0)
	}
}

// unsaid ends a visit whose bearer never said what is inside: it is as it was.
func (d *decision) unsaid() {
	if d.visit.errand == door.Overriding {
		d.write(d.result(journal.OverrideFailed, unsaid))
		d.end(door.Failed, asBefore)
		return
	}
	d.write(d.result(journal.ReopenFailed, unsaid))
	d.end(door.Failed, "quarantine")
}

// leaveOpen ends a visit at a door that had been given up before and is not seen closed: nobody is asked to close such a door,
// and the next visitor must not wait for it.
func (d *decision) leaveOpen() {
	d.alarm(leftOpen, d.at().Number)
	switch d.visit.errand {
	case door.Testing:
	case door.Overriding:
		d.write(d.result(journal.OverrideFailed, leftOpen))
	default:
		d.quarantine(d.visit.compartment, leftOpen)
	}
	d.end(door.Failed, leftOpen)
}

// giveUp ends a visit whose door was pulsed and never seen open.
func (d *decision) giveUp() {
	switch d.visit.errand {
	case door.Depositing, door.Returning:
		r := d.result(journal.DepositFailed, jam)
		r.To = string(Quarantine)
		d.write(r)
		d.fault(r.Compartment, jam)
	case door.Testing:
		d.fault(d.at().Number, jam)
	case door.Overriding:
		d.write(d.result(journal.OverrideFailed, jam))
	case door.Reopening:
		d.write(d.result(journal.ReopenFailed, jam))
	case door.Withdrawing:
		d.write(d.result(journal.WithdrawFailed, jam))
	case door.Collecting:
		d.write(d.result(journal.CollectFailed, jam))
	}
	d.alarm(jam, d.at().Number)
	d.end(door.Failed, jam)
}

// result is the record that ends what an intent began. The courier is whoever stands there, not who once put the parcel in.
func (d *decision) result(kind journal.Kind, reason string) journal.Record {
	c := d.at()
	return journal.Record{Kind: kind, Compartment: c.Number, Parcel: c.holds(), Carrier: c.Carrier, Courier: d.visit.courier.ID, Reason: reason}
}

// end leaves the outcome on the screen for a moment.
func (d *decision) end(stage door.Stage, outcome string) {
	d.stage(stage, outcomeTime)
	d.change(func(v *visit) { v.outcome = outcome })
}

// closed is the visit's door seen closed again after it was open. Where a sensor sees something inside, nothing was taken; where there is
// none, what a recipient has said they leave is believed, and what a sensor sees gone was taken whatever they said.
func (d *decision) closed() {
	emptying := d.visit.errand == door.Collecting || d.visit.errand == door.Withdrawing
	inside := d.Doors[d.visit.compartment].Inside
	if emptying && (inside == Something || inside == NoSensor && d.visit.ending == declined) {
		d.leftInside()
		return
	}
	switch d.visit.errand {
	case door.Collecting:
		d.write(d.result(journal.Collected, ""))
		d.end(door.Done, "collected")
	case door.Withdrawing:
		d.write(d.result(journal.Withdrawn, ""))
		d.countSession(func(s *session) { s.takenBack++ })
		d.end(door.Done, "withdrawn")
	case door.Depositing, door.Returning:
		d.closedDeposit()
	case door.Reopening:
		d.closedReopening()
	case door.Overriding:
		d.closedOverride()
	case door.Testing:
		d.passed()
	}
}

// leftInside ends an opening that was to empty a compartment and did not: the parcel and every right to it stay.
func (d *decision) leftInside() {
	switch {
	case d.visit.errand == door.Withdrawing:
		d.write(d.result(journal.WithdrawFailed, notTaken))
	case d.visit.ending == declined:
		d.write(d.result(journal.CollectFailed, declined))
		d.declined()
		d.end(door.Done, declined)
		return
	default:
		d.write(d.result(journal.CollectFailed, notTaken))
	}
	d.end(door.Failed, notTaken)
}

func (d *decision) closedDeposit() {
	v := *d.visit
	inside := d.Doors[v.compartment].Inside
	if v.ending == "" && inside != Nothing {
		d.storeParcel(v.parcel, v.expected.DwellHours)
		return
	}
	r := d.result(journal.DepositFailed, v.ending)
	r.To = string(Quarantine)
	if inside == Nothing && v.ending != notEmpty {
		r.To = string(Empty)
	}
	if v.ending == "" {
		r.Reason = cancelled
	}
	d.write(r)
	d.end(door.Failed, r.Reason)
	if v.ending == tooSmall || v.ending == notEmpty {
		d.anotherDoor(v)
	}
}

func (d *decision) closedReopening() {
	switch d.visit.ending {
	case isStored:
		d.storeParcel(d.visit.parcel, d.at().Dwell)
	case takenOut:
		if d.Doors[d.visit.compartment].Inside == Something {
			d.write(d.result(journal.ReopenFailed, notEmpty))
			d.end(door.Failed, "quarantine")
			return
		}
		d.write(d.result(journal.TakenOut, ""))
		d.end(door.Done, takenOut)
	default:
		d.stage(door.Say, sayTime)
	}
}

// storeParcel is the moment of custody: the door is closed, the code is born, sealed and journaled. What a customer sends waits
// for its carrier and has no code.
func (d *decision) storeParcel(parcel string, dwell uint16) {
	c := d.at()
	if c.Outbound {
		r := d.result(journal.Stored, "")
		r.Parcel, r.Credential = parcel, permit
		d.write(r)
		d.countSession(func(s *session) { s.stored++ })
		d.end(door.Done, isStored)
		return
	}
	code, macs := d.rules.newCode(&d.Facts, &d.random)
	sealed, err := d.rules.Seal(d.Network.Notifier, code, d.Locker.ID, d.Position.Number+1, parcel)
	r := journal.Record{Kind: journal.Stored, Compartment: c.Number, Parcel: parcel, Carrier: c.Carrier, Courier: d.visit.courier.ID,
		Dwell: dwell, Sealed: sealed}
	if c.unpaid() {
		r.Policy = uint8(c.Policy)
	}
	if _, high := d.time(d.now); high > 0 {
		r.Due = high + int64(dwell)*Hour
	}
	d.write(r, statement.Encode(macs))
	if err != nil {
		d.alarm("the code could not be sealed", c.Number)
	}
	d.countSession(func(s *session) { s.stored++ })
	d.end(door.Done, isStored)
}

// countSession counts for a courier's receipt, what a courier did.
func (d *decision) countSession(do func(*session)) {
	if d.session != nil && d.visit.ofCourier() {
		d.changeSession(do)
	}
}
