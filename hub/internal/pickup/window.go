package pickup

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lockstep/internal/fault"
)

// moscow is the zone in which days and hours of pickups are meant, wherever the address is.
var moscow = time.FixedZone("MSK", 3*60*60)

// Couriers come between these hours, in minutes of the day, and a window is at least so long.
const (
	Opens, Closes = 9 * 60, 18 * 60
	shortest      = 4 * 60
)

// Who orders for the same day does it before these hours: in Moscow and its region couriers set out early.
const (
	cutOffMoscow    = 10*60 + 30
	cutOffElsewhere = 14 * 60
)

// furthest is how many days ahead an order may be.
const furthest = 60

// The bounds of an order.
const (
	maxPlaces  = 10_000
	maxWeightG = 20_000_000
)

// Window is when a courier comes: a day like "2026-11-30", and minutes of it.
type Window struct {
	Day      string
	From, To int
}

// check holds what needs no clock. Faults: Invalid "invalid_day" or "invalid_window".
func (w Window) check() error {
	if _, err := dayOf(w.Day); err != nil {
		return err
	}
	if w.From < Opens || w.To > Closes || w.To-w.From < shortest {
		return fault.New(fault.Invalid, "invalid_window", "couriers come between 9:00 and 18:00, in a window of at least four hours")
	}
	return nil
}

// comes says whether a courier can still come: Invalid "day_over", "too_far" or "too_late_today".
func (w Window) comes(to Place, at time.Time) error {
	day, err := dayOf(w.Day)
	if err != nil {
		return err
	}
	at = at.In(moscow)
	today, minute := at.Format(time.DateOnly), at.Hour()*60+at.Minute()
	cutOff := cutOffElsewhere
	if to.nearMoscow() {
		cutOff = cutOffMoscow
	}
	switch {
	case w.Day < today:
		return fault.New(fault.Invalid, "day_over", "that day is over")
	case day.Sub(at) > furthest*24*time.Hour:
		return fault.New(fault.Invalid, "too_far", "a pickup is ordered at most %d days ahead", furthest)
	case w.Day == today && (minute >= cutOff || minute >= w.To):
		return fault.New(fault.Invalid, "too_late_today", "it is too late for today: before 10:30 in Moscow and its region, before 14:00 elsewhere")
	}
	return nil
}

func dayOf(text string) (time.Time, error) {
	day, err := time.ParseInLocation(time.DateOnly, text, moscow)
	if err != nil {
		return day, fault.New(fault.Invalid, "invalid_day", "a day is written like 2026-11-30")
	}
	return day, nil
}

// nearMoscow says whether a place is in Moscow or its region, by their names as people write them.
func (p Place) nearMoscow() bool {
	for _, word := range strings.FieldsFunc(strings.ToLower(p.City+" "+p.Region), func(r rune) bool { return !unicode.IsLetter(r) }) {
		switch {
		case word == "москва", word == "moskva", strings.HasPrefix(word, "московск"), strings.HasPrefix(word, "moskovsk"), strings.HasPrefix(word, "moscow"):
			return true
		}
	}
	return false
}

func (n NewOrder) check() error {
	switch {
	case !plain(n.Key, 1, 255):
		return fault.New(fault.Invalid, "invalid_idempotency_key", "an idempotency key has 1 to 255 characters")
	case !plain(n.Reference, 0, 100):
		return fault.New(fault.Invalid, "invalid_reference", "a reference has at most 100 characters")
	case !plain(n.City, 1, 100), !plain(n.Region, 0, 100), !plain(n.Address, 1, 300), line(n.City) == "", line(n.Address) == "":
		return fault.New(fault.Invalid, "invalid_address", "a pickup has a city of at most 100 characters and an address of at most 300")
	case !plain(n.Comment, 0, 500):
		return fault.New(fault.Invalid, "invalid_comment", "a comment has at most 500 characters")
	case n.Places < 1 || n.Places > maxPlaces:
		return fault.New(fault.Invalid, "invalid_places", "a pickup is for 1 to %d places", maxPlaces)
	case n.WeightG < 0 || n.WeightG > maxWeightG:
		return fault.New(fault.Invalid, "invalid_weight", "a pickup weighs at most %d kg", maxWeightG/1000)
	}
	return n.Window.check()
}

// plain says whether text has from least to most characters that both engines can keep.
func plain(text string, least, most int) bool {
	n := utf8.RuneCountInString(text)
	return n >= least && n <= most && utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}

// line is a text as one line of signs that are seen: operators read it on their terminals.
func line(text string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)), " ")
}
