package rules

import (
	"lockstep/guard/journal"
)

// Class is what a pulse counts against (R11).
type Class uint8

const (
	ClassDeposit   Class = iota // empty and quarantined compartments, by couriers, customers and technicians
	ClassRecipient              // occupied ones, by recipients
	ClassCarrier                // overdue and outbound ones, by their carrier
	ClassOverride               // by operators and a technician (R9)
	classes
)

// pace is a burst and then one opening per interval.
type pace struct {
	burst    int
	interval int64
}

var paces = [classes]pace{
	ClassDeposit:  {10, 6 * Second},
	ClassCarrier:  {12, 8 * Second},
	ClassOverride: {1, 5 * Minute},
}

// cap is how many openings a span may see.
type cap struct {
	span  int64
	count int
}

// caps are a class's at a locker of n compartments: compiled in, so that no charter can raise them.
func caps(class Class, n int) []cap {
	switch class {
	case ClassDeposit:
		return []cap{{Hour, 400}}
	case ClassRecipient:
		return []cap{{10 * Minute, max(10, n/3)}, {Hour, max(20, 5*n/8)}}
	case ClassOverride:
		return []cap{{Hour, 4}, {Day, 12}}
	}
	return nil
}

// share is what a charter and the missing button leave of a class's cap, in percent.
func (f *Facts) share(class Class) int64 {
	percent := int64(100)
	if b := f.Network.Budgets; b != nil {
		percent = int64([classes]uint8{ClassDeposit: b.Deposit, ClassRecipient: b.Recipient, ClassCarrier: b.Carrier, ClassOverride: b.Override}[class])
	}
	if !f.Locker.Interlock {
		percent /= 2
	}
	return max(1, percent)
}

// cut is a cap after its share; nobody is shut out for good.
func (f *Facts) cut(class Class, cap int) int { return max(1, int(int64(cap)*f.share(class)/100)) }

func (f *Facts) interval(class Class) int64 { return paces[class].interval * 100 / f.share(class) }

// classOf is the class a record's pulse counts against; records without a pulse have none.
func classOf(kind journal.Kind, c *Compartment) (Class, bool) {
	switch kind {
	case journal.DepositIntent, journal.ReopenIntent, journal.TestIntent:
		return ClassDeposit, true
	case journal.CollectIntent:
		return ClassRecipient, true
	case journal.WithdrawIntent:
		return ClassCarrier, true
	case journal.OverrideIntent:
		return ClassOverride, true
	case journal.PulseAgain:
		switch {
		case c.Occupancy == Intent:
			return ClassDeposit, true
		case c.Via == ViaCarrier:
			return ClassCarrier, true
		}
		return ClassRecipient, true
	}
	return 0, false
}

// paceAfter keeps a pace by its theoretical arrival time (the generic cell rate algorithm, ITU-T I.371): one number per class.
func (f *Facts) paceAfter(class Class, now int64) int64 {
	if paces[class].interval == 0 {
		return 0
	}
	return max(f.Paces[class], now) + f.interval(class)
}

// wait is how long (µs) until one more opening of a class is within its budget; 0 is now.
func (f *Facts) wait(class Class, now int64) (wait int64) {
	for _, c := range caps(class, len(f.Compartments)) {
		wait = max(wait, f.window(class, now, c.span, f.cut(class, c.count)))
	}
	if p := paces[class]; p.interval > 0 {
		wait = max(wait, f.Paces[class]-now-int64(f.cut(class, p.burst)-1)*f.interval(class))
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
	for _, c := range caps(ClassRecipient, len(f.Compartments)) {
		if f.window(ClassRecipient, now, c.span, (3*f.cut(ClassRecipient, c.count)+3)/4) > 0 {
			return true
		}
	}
	return false
}
