package ledger

import (
	"testing"
	"time"

	"lockstep/notifier/internal/text"
)

func TestReminderTimes(t *testing.T) {
	zone := time.FixedZone("locker", 5*3600)
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 12, day, hour, minute, 0, 0, zone) }
	for name, row := range map[string]struct {
		stored, due time.Time
		want        []time.Time // each as its kind says: reminder, last
		kinds       []text.Kind
	}{
		"three days":           {at(7, 12, 0), at(10, 12, 0), []time.Time{at(9, 12, 0), at(10, 9, 0)}, []text.Kind{text.Reminder, text.Last}},
		"one day":              {at(7, 12, 0), at(8, 12, 0), []time.Time{at(8, 9, 0)}, []text.Kind{text.Last}},
		"due at night":         {at(7, 3, 0), at(10, 3, 0), []time.Time{at(9, 9, 0), at(9, 18, 0)}, []text.Kind{text.Reminder, text.Last}},
		"due early":            {at(7, 10, 0), at(10, 10, 0), []time.Time{at(9, 10, 0), at(9, 18, 0)}, []text.Kind{text.Reminder, text.Last}},
		"due late":             {at(7, 23, 0), at(10, 23, 0), []time.Time{at(10, 9, 0)}, []text.Kind{text.Last}},
		"shorter than a night": {at(7, 22, 0), at(8, 8, 0), nil, nil},
		"no deadline":          {at(7, 12, 0), time.Time{}, nil, nil},
	} {
		got := reminders(row.stored, row.due, zone)
		if len(got) != len(row.want) {
			t.Errorf("%s: %v", name, got)
			continue
		}
		for i, r := range got {
			if !r.At.Equal(row.want[i]) || r.Kind != row.kinds[i] || !r.Until.After(r.At) || r.Until.After(row.due) {
				t.Errorf("%s: %+v, want %s at %s", name, r, row.kinds[i], row.want[i])
			}
		}
	}
}
