package ledger

import (
	"time"

	"lockstep/notifier/internal/text"
)

// reminder is one thing to say before a deadline: not before At and not after Until.
type reminder struct {
	Kind      text.Kind
	At, Until time.Time
}

const (
	morning, evening = 9, 21 // hours, at the locker: nobody is reminded in the night
	// leastNotice is how long before the deadline the last reminder comes at the latest, and how long after the deposit
	// the first one at the earliest.
	leastNotice = 2 * time.Hour
)

// reminders are due a day before the deadline and on the last day's morning; the evening before where the deadline comes
// before anybody could act on that morning's. A stay too short for one has none.
func reminders(stored, due time.Time, zone *time.Location) []reminder {
	if due.IsZero() {
		return nil
	}
	last := atHour(due.In(zone), morning)
	if due.Sub(last) < leastNotice {
		last = atHour(due.In(zone).AddDate(0, 0, -1), evening-3)
	}
	var all []reminder
	first := awake(due.Add(-24*time.Hour), zone)
	if first.Sub(stored) >= leastNotice && last.Sub(first) >= leastNotice {
		all = append(all, reminder{text.Reminder, first, last})
	}
	if last.Sub(stored) >= leastNotice {
		all = append(all, reminder{text.Last, last, due})
	}
	return all
}

// awake moves a time in the night to the morning after it.
func awake(t time.Time, zone *time.Location) time.Time {
	local := t.In(zone)
	switch h := local.Hour(); {
	case h < morning:
		return atHour(local, morning)
	case h >= evening:
		return atHour(local.AddDate(0, 0, 1), morning)
	}
	return local
}

func atHour(t time.Time, hour int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), hour, 0, 0, 0, t.Location())
}
