package console

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"lockstep/hub/internal/fleet"
)

// tone is how much something asks to be looked at, from nothing to at once.
type tone int

const (
	unknown tone = iota // nothing is known, or not yet
	well
	care
	stop
)

func (t tone) String() string { return [...]string{"quiet", "go", "care", "stop"}[t] }

// fact is one thing that is true of a locker by itself: its line, its guard, its doors and its business may each be well while another is
// not, and what guard and doors were like is only as fresh as the records.
type fact struct {
	name, text string // keys below console.facts
	values     []any
	since      int64 // how old it is, µs UTC; 0 where it has no age
	Tone       tone
}

// health is a locker as the network shows it.
type health struct {
	fleet.Glance
	facts [4]fact
}

// Worst is the tone of the worst of its facts.
func (h health) Worst() (worst tone) {
	for _, f := range h.facts {
		worst = max(worst, f.Tone)
	}
	return worst
}

// Taken is how many compartments are taken or spoken for.
func (h health) Taken() int { return h.Total - h.Empty + h.Reserved }

// Fill is how full a locker is, in percent.
func (h health) Fill() int {
	if h.Total == 0 {
		return 0
	}
	return min(100, 100*h.Taken()/h.Total)
}

// judge says what is true of a locker now.
func judge(g fleet.Glance, now time.Time) health {
	if g.State != fleet.Provisioned {
		return health{g, [4]fact{link(g), {name: "guard", text: "guardNone"}, {name: "doors", text: "doorsNone"}, {name: "business", text: "businessNone"}}}
	}
	return health{g, [4]fact{link(g), guard(g, now), doors(g), business(g, now)}}
}

func link(g fleet.Glance) fact {
	switch g.Line {
	case fleet.Online:
		return fact{name: "link", text: "linkOnline", since: g.Heard, Tone: well}
	case fleet.Offline:
		return fact{name: "link", text: "linkOffline", since: g.Heard, Tone: stop}
	}
	return fact{name: "link", text: "linkNever"}
}

func guard(g fleet.Glance, now time.Time) fact {
	f := fact{name: "guard", text: "guardWell", since: g.Moved, Tone: well}
	switch {
	case g.LockedDown:
		f.text, f.Tone = "guardLockdown", stop
	case g.Behind:
		f.text, f.Tone = "guardBehind", care
	case g.Line == fleet.Online && now.Sub(time.UnixMicro(g.Moved)) > fleet.StalledAfter:
		f.text, f.Tone = "guardStalled", care
	}
	return f
}

func doors(g fleet.Glance) fact {
	if g.Care > 0 {
		return fact{name: "doors", text: "doorsCare", values: []any{"n", g.Care}, since: g.Moved, Tone: care}
	}
	return fact{name: "doors", text: "doorsWell", since: g.Moved, Tone: well}
}

func business(g fleet.Glance, now time.Time) fact {
	f, free := fact{name: "business", since: g.Moved, Tone: care}, max(0, g.Empty-g.Reserved)
	switch {
	case g.LockedDown:
		f.text, f.Tone = "businessLockdown", stop
	case g.Paused > now.UnixMicro():
		f.text = "businessPaused"
	case free == 0:
		f.text = "businessFull"
	default:
		f.text, f.Tone, f.values = "businessOpen", well, []any{"n", free, "of", g.Total}
	}
	return f
}

// factName and factText say a fact.
func (v *visit) factName(f fact) string { return v.Say("console.facts." + f.name) }
func (v *visit) factText(f fact) string { return v.Say("console.facts."+f.text, f.values...) }

// telling is the fact to show where there is room for one only: the business of a locker that is well, the line of one of which nothing is known.
func (h health) telling() fact {
	if h.Worst() == unknown {
		return h.facts[0]
	}
	return h.facts[3]
}

// overview is the whole network at a glance.
type overview struct {
	Lockers              []health // those shown, worst first
	All, Found, More     int
	Online, Silent, Care int
	Total, Taken, Alarms int
	Query, Show          string
}

// shown is how many lockers the list has at once; the map has all of them.
const shown = 60

// filters are the ways to look at a part of the network.
var filters = map[string]func(h health) bool{
	"":        func(health) bool { return true },
	"care":    func(h health) bool { return h.Worst() >= care },
	"offline": func(h health) bool { return h.Line == fleet.Offline },
	"full":    func(h health) bool { return h.Total > 0 && h.Empty <= h.Reserved },
	"alarms":  func(h health) bool { return h.Alarms > 0 },
}

func (c *console) healths(v *visit) ([]health, error) {
	all, err := c.Fleet.Glances(v.Context())
	list := make([]health, 0, len(all))
	for _, g := range all {
		list = append(list, judge(g, v.now))
	}
	return list, err
}

func (c *console) overview(v *visit) (overview, error) {
	o := overview{Query: strings.TrimSpace(v.FormValue("q")), Show: v.FormValue("show")}
	all, err := c.healths(v)
	if err != nil {
		return o, err
	}
	fits, known := filters[o.Show]
	if !known {
		fits, o.Show = filters[""], ""
	}
	o.All = len(all)
	for _, h := range all {
		o.Total, o.Taken, o.Alarms = o.Total+h.Total, o.Taken+h.Taken(), o.Alarms+h.Alarms
		switch h.Line {
		case fleet.Online:
			o.Online++
		case fleet.Offline:
			o.Silent++
		}
		if h.Worst() >= care {
			o.Care++
		}
		if fits(h) && h.named(o.Query) {
			o.Lockers = append(o.Lockers, h)
		}
	}
	slices.SortFunc(o.Lockers, func(a, b health) int {
		return cmp.Or(cmp.Compare(b.Worst(), a.Worst()), cmp.Compare(b.Alarms, a.Alarms), cmp.Compare(a.ID, b.ID))
	})
	if o.Found = len(o.Lockers); o.Found > shown {
		o.Lockers, o.More = o.Lockers[:shown], o.Found-shown
	}
	return o, nil
}

// named says whether a locker is found by a query: every word of it is in its id, name or address.
func (h health) named(query string) bool {
	about := strings.ToLower(h.ID + " " + h.Name + " " + h.Address)
	for _, word := range strings.Fields(strings.ToLower(query)) {
		if !strings.Contains(about, word) {
			return false
		}
	}
	return true
}

func (c *console) network(v *visit) error {
	o, err := c.overview(v)
	if err != nil {
		return err
	}
	if v.Request.Header.Get("HX-Request") != "" {
		return v.show(networkList(v, o))
	}
	return v.show(networkPage(v, o))
}

// networkJSON is what the map draws, a row for each locker that stands somewhere: id, name, longitude, latitude, tone, how full.
func (c *console) networkJSON(v *visit) error {
	all, err := c.healths(v)
	if err != nil {
		return err
	}
	rows := make([][6]any, 0, len(all))
	for _, h := range all {
		rows = append(rows, [6]any{h.ID, h.Name, h.Longitude, h.Latitude, int(h.Worst()), h.Fill()})
	}
	v.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(v).Encode(rows)
}

func (c *console) networkCSV(v *visit) error {
	all, err := c.healths(v)
	if err != nil {
		return err
	}
	return v.csv("lockers", []string{"id", "name", "address", "latitude", "longitude", "state", "line", "heard", "records", "behind", "paused_until", "lockdown", "compartments", "empty", "reserved", "to_see_to", "alarms"},
		func(write func(...string)) {
			for _, h := range all {
				write(h.ID, h.Name, h.Address, strconv.FormatFloat(h.Latitude, 'f', -1, 64), strconv.FormatFloat(h.Longitude, 'f', -1, 64), string(h.State), string(h.Line), stamp(h.Heard), stamp(h.Moved),
					strconv.FormatBool(h.Behind), stamp(h.Paused), strconv.FormatBool(h.LockedDown), strconv.Itoa(h.Total), strconv.Itoa(h.Empty), strconv.Itoa(h.Reserved), strconv.Itoa(h.Care), strconv.Itoa(h.Alarms))
			}
		})
}

var _ http.ResponseWriter = (*visit)(nil)
