package kiosk

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"lockstep/guard/door"
	"lockstep/internal/base45"
)

func parcelsOf(n int) (requests []door.KioskRequest) {
	for i := range n {
		requests = append(requests, door.KioskRequest{Verb: door.Secret, Secret: bytes.Repeat([]byte{byte(i + 1)}, secretSize)})
	}
	return requests
}

// told is a queue in a few words: what it does with which parcel, what came of those before, and why.
func (q queue) told() string {
	if q.step == "" {
		return "none"
	}
	return strings.TrimSpace(fmt.Sprintf("%s %d/%d taken %d passed %d %s", q.step, q.at(), q.of, q.taken, q.passed, q.reason))
}

// TestQueue tells of what happens to a QR code of three parcels and where it stands then. Seconds are the running clock's.
func TestQueue(t *testing.T) {
	const s = time.Second
	type act = func(queue) queue
	answer := func(at time.Duration, r door.KioskReply) act { return func(q queue) queue { return q.answered(r, at) } }
	accepted := func(version uint64) act {
		return answer(0, door.KioskReply{Accepted: true, View: door.View{Version: version}})
	}
	refused := func(why door.Reason, wait time.Duration) act {
		return answer(0, door.KioskReply{Reason: why, Wait: wait.Milliseconds()})
	}
	saw := func(version uint64, stage door.Stage, errand door.Errand, outcome string) act {
		return func(q queue) queue {
			return q.saw(door.View{Version: version, Stage: stage, Errand: errand, Outcome: outcome}, 0)
		}
	}
	done := func(version uint64) act { return saw(version, door.Done, door.Collecting, "collected") }
	failed := func(version uint64, outcome string) act {
		return saw(version, door.Failed, door.Collecting, outcome)
	}
	tick := func(at time.Duration) act { return func(q queue) queue { return q.tick(at) } }
	goOn := func(q queue) queue { return q.goOn(0) }
	skip := func(q queue) queue { return q.next(0) }
	for name, row := range map[string]struct {
		acts []act
		want string
	}{
		"shown":                            {nil, "looking 1/3 taken 0 passed 0"},
		"accepted":                         {[]act{accepted(5)}, "leading 1/3 taken 0 passed 0"},
		"the view that was there":          {[]act{accepted(5), done(5)}, "leading 1/3 taken 0 passed 0"},
		"still pressing":                   {[]act{accepted(5), saw(6, door.Press, door.Collecting, "")}, "leading 1/3 taken 0 passed 0"},
		"the door is open":                 {[]act{accepted(5), saw(6, door.Open, door.Collecting, "")}, "leading 1/3 taken 0 passed 0"},
		"taken":                            {[]act{accepted(5), done(6)}, "looking 2/3 taken 1 passed 0"},
		"the first is not here":            {[]act{refused(door.WrongCode, s)}, "looking 2/3 taken 0 passed 1"},
		"the scanner rests":                {[]act{refused(door.WrongCode, s), refused(door.Slow, s)}, "looking 2/3 taken 0 passed 1"},
		"none is here":                     {[]act{refused(door.WrongCode, s), refused(door.WrongCode, s), refused(door.WrongCode, s)}, "over 3/3 taken 0 passed 3"},
		"all three":                        {[]act{accepted(5), done(6), accepted(7), done(8), accepted(9), done(10)}, "over 3/3 taken 3 passed 0"},
		"the second is elsewhere":          {[]act{accepted(5), done(6), refused(door.WrongCode, s), accepted(7), done(8)}, "over 3/3 taken 2 passed 1"},
		"nobody pressed":                   {[]act{accepted(5), failed(6, "no press")}, "held 1/3 taken 0 passed 0"},
		"and they go on":                   {[]act{accepted(5), failed(6, "no press"), goOn}, "looking 1/3 taken 0 passed 0"},
		"nobody says so":                   {[]act{accepted(5), failed(6, "no press"), tick(heldFor)}, "over 3/3 taken 0 passed 0"},
		"it may still be said":             {[]act{accepted(5), failed(6, "no press"), tick(heldFor - 1)}, "held 1/3 taken 0 passed 0"},
		"it jams":                          {[]act{accepted(5), failed(6, "jam")}, "held 2/3 taken 0 passed 0"},
		"the last jams":                    {[]act{accepted(5), done(6), accepted(7), done(8), accepted(9), failed(10, "jam")}, "over 3/3 taken 2 passed 0"},
		"not taken":                        {[]act{accepted(5), failed(6, "not taken")}, "held 1/3 taken 0 passed 0"},
		"skipped":                          {[]act{accepted(5), skip}, "looking 2/3 taken 0 passed 0"},
		"the prompt is gone":               {[]act{accepted(5), saw(6, door.Idle, "", "")}, "over 3/3 taken 0 passed 0"},
		"somebody else's visit":            {[]act{accepted(5), saw(6, door.Done, door.Depositing, "stored")}, "none"},
		"a short budget":                   {[]act{accepted(5), done(6), refused(door.Budget, 20*s)}, "waiting 2/3 taken 1 passed 0 budget"},
		"and then":                         {[]act{accepted(5), done(6), refused(door.Budget, 20*s), accepted(9)}, "leading 2/3 taken 1 passed 0"},
		"a long budget":                    {[]act{accepted(5), done(6), refused(door.Budget, 200*s)}, "over 3/3 taken 1 passed 0 budget"},
		"a door stands open":               {[]act{accepted(5), done(6), refused(door.CloseDoor, 0)}, "held 2/3 taken 1 passed 0 close door"},
		"a door stood open before":         {[]act{refused(door.CloseDoor, 0)}, "over 3/3 taken 0 passed 0 close door"},
		"the locker locks itself":          {[]act{accepted(5), done(6), refused(door.LockedDown, 0)}, "over 3/3 taken 1 passed 0 locked down"},
		"the guard is away":                {[]act{refused(reasonAway, 0)}, "over 3/3 taken 0 passed 0 away"},
		"what came of it was read":         {[]act{refused(reasonAway, 0), tick(overFor)}, "none"},
		"go on, where nothing is held":     {[]act{accepted(5), goOn}, "leading 1/3 taken 0 passed 0"},
		"a view where nothing is led to":   {[]act{done(6)}, "looking 1/3 taken 0 passed 0"},
		"a clock where nothing ends by it": {[]act{accepted(5), tick(time.Hour)}, "leading 1/3 taken 0 passed 0"},
	} {
		q := begin(parcelsOf(3), 0)
		for _, act := range row.acts {
			q = act(q)
		}
		if got := q.told(); got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
		if (q.step == over || q.step == "") && q.active() {
			t.Errorf("%s: secrets are kept for nothing", name)
		}
	}
}

// When the guard is asked next, and when something else is due.
func TestWhatIsDue(t *testing.T) {
	const s = time.Second
	three := begin(parcelsOf(3), 0)
	for name, row := range map[string]struct {
		q   queue
		now time.Duration
		ask bool
		in  time.Duration
	}{
		"nothing":          {queue{}, 9 * s, false, 0},
		"at once":          {three, 9 * s, true, 0},
		"between secrets":  {three.answered(door.KioskReply{Reason: door.WrongCode, Wait: 1000}, 9*s), 9 * s, false, s},
		"after the pause":  {three.answered(door.KioskReply{Reason: door.WrongCode, Wait: 1000}, 9*s), 10 * s, true, 0},
		"a visit goes on":  {three.answered(door.KioskReply{Accepted: true}, 9*s), 90 * s, false, 0},
		"a budget":         {three.answered(door.KioskReply{Reason: door.Budget, Wait: 20000}, 9*s), 19 * s, false, 10 * s},
		"a budget is over": {three.answered(door.KioskReply{Reason: door.Budget, Wait: 20000}, 9*s), 29 * s, true, 0},
		"held":             {three.failed("no press", 9*s), 10 * s, false, heldFor - s},
		"over":             {three.end("", 9*s), 10 * s, false, overFor - s},
	} {
		if ask, in := row.q.due(row.now); ask != row.ask || in != row.in {
			t.Errorf("%s: %v in %v, want %v in %v", name, ask, in, row.ask, row.in)
		}
	}
}

// A QR code that is shown again goes on where it was left; where all of it was taken, it is shown to the guard as it is.
func TestShownAgain(t *testing.T) {
	d := newDesk(newClock(t), slog.New(slog.DiscardHandler))
	all := parcelsOf(3)
	for i, want := range []string{"looking 1/3 taken 0 passed 0", "looking 2/3 taken 0 passed 1", "looking 3/3 taken 0 passed 2", "looking 1/3 taken 0 passed 0"} {
		rest, passed := d.fresh(all)
		if got := begin(rest, passed).told(); got != want {
			t.Errorf("after %d: %s, want %s", i, got, want)
		}
		if i < len(all) {
			d.remember(all[i].Secret, d.clock.Running())
		}
	}
	d.takings[0].at -= graceFor + time.Second
	if rest, passed := d.fresh(all); len(rest) != 1 || passed != 2 || rest[0].Secret[0] != 1 {
		t.Errorf("after the grace: %d, %d", len(rest), passed)
	}
}

// A phone that is held to the scanner while a door is open changes nothing; shown where the screen asks whether to go on, it goes on.
func TestShownOnTheWay(t *testing.T) {
	d := newDesk(newClock(t), slog.New(slog.DiscardHandler))
	text := "LSC:" + base45.Encode(secrets(2))
	d.scanned(t.Context(), text)
	d.queue = d.queue.answered(door.KioskReply{Accepted: true}, 0)
	for _, row := range []struct {
		step, want string
		q          queue
	}{
		{"a door is open", "leading 1/2 taken 0 passed 0", d.queue},
		{"nobody pressed", "looking 1/2 taken 0 passed 0", d.queue.failed("no press", 0)},
		{"it is over", "looking 1/2 taken 0 passed 0", d.queue.end("", 0)},
	} {
		d.queue, d.seenAt = row.q, -time.Hour
		d.scanned(t.Context(), text)
		if got := d.queue.told(); got != row.want {
			t.Errorf("%s: %s, want %s", row.step, got, row.want)
		}
	}
}
