package rules

import (
	"lockstep/guard/journal"
)

// Class is what a pulse counts against (R11).
type Class uint8

const (
	ClassDeposit   Class = iota // empty and quarantined compartments, by couriers
	ClassRecipient              // occupied ones, by recipients
	ClassCarrier                // overdue and outbound ones, by their carrier
	classes
)

// pace is a burst and then one opening per interval.
type pace struct {
	burst    int64
	interval int64
}

var paces = [classes]pace{
	ClassDeposit: {10, 6 * Second},
	ClassCarrier: {12, 8 * Second},
}

// depositsPerHour caps the deposit class beside its pace.
const depositsPerHour = 400

// recipientCaps are R11's for a locker of n compartments: openings in any ten minutes and in any hour.
func recipientCaps(n int, interlock bool) (tenMinutes, hour int) {
	return halved(max(10, n/3), interlock), halved(max(20, 5*n/8), interlock)
}

// halved is what a locker without a button that gates the solenoids gets of a cap.
func halved(cap int, interlock bool) int {
	if interlock {
		return cap
	}
	return cap / 2
}

// classOf is the class a record's pulse counts against; records without a pulse have none.
func classOf(kind journal.Kind, c *Compartment) (Class, bool) {
	switch kind {
	case journal.DepositIntent, journal.ReopenIntent:
		return ClassDeposit, true
	case journal.CollectIntent:
		return ClassRecipient, true
	case journal.WithdrawIntent:
		return ClassCarrier, true
	case journal.PulseAgain:
		switch {
		case c.Occupancy == Intent:
			return ClassDeposit, true
		case c.ForCarrier:
			return ClassCarrier, true
		}
		return ClassRecipient, true
	}
	return 0, false
}

// paceAfter keeps a pace by its theoretical arrival time (the generic cell rate algorithm, ITU-T I.371): one number per class.
func paceAfter(arrival int64, class Class, now int64, interlock bool) int64 {
	p := paces[class]
	if p.interval == 0 {
		return 0
	}
	interval := p.interval
	if !interlock {
		interval *= 2
	}
	return max(arrival, now) + interval
}

// wait is how long (µs) until one more opening of a class is within its budget; 0 is now.
func (f *Facts) wait(class Class, now int64) int64 {
	if class == ClassRecipient {
		ten, hour := recipientCaps(len(f.Compartments), f.Locker.Interlock)
		return max(f.window(class, now, 10*Minute, ten), f.window(class, now, Hour, hour))
	}
	p := paces[class]
	burst, interval := int64(halved(int(p.burst), f.Locker.Interlock)), p.interval
	if !f.Locker.Interlock {
		interval *= 2
	}
	wait := max(0, f.Paces[class]-now-(burst-1)*interval)
	if class == ClassDeposit {
		wait = max(wait, f.window(class, now, Hour, halved(depositsPerHour, f.Locker.Interlock)))
	}
	return wait
}

// window is how long until fewer than cap openings of a class lie in the last span.
func (f *Facts) window(class Class, now, span int64, cap int) int64 {
	count := 0
	for i := len(f.Openings) - 1; i >= 0; i-- {
		o := f.Openings[i]
		if o.Class != class || o.Powered <= now-span {
			continue
		}
		if count++; count == cap {
			return o.Powered + span - now
		}
	}
	return 0
}

// nearCap says that three quarters of a recipients' cap are used: worth an alarm.
func (f *Facts) nearCap(now int64) bool {
	ten, hour := recipientCaps(len(f.Compartments), f.Locker.Interlock)
	return f.window(ClassRecipient, now, 10*Minute, (3*ten+3)/4) > 0 || f.window(ClassRecipient, now, Hour, (3*hour+3)/4) > 0
}
