package console

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/fault"
	"lockstep/internal/web"
)

// door is a compartment as the front and the table of doors show it.
type door struct {
	fleet.Compartment
	Kind string // what the drawing has of it: empty, full, busy, care, blocked
	Name string // all of it, in words
}

// lockerView is one locker's page.
type lockerView struct {
	Locker   fleet.Locker
	Health   health
	Doors    []door
	Alarms   []fleet.Alarm
	Requests []dispatch.Request
	Signed   []dispatch.Cosigned
	Refusals []fleet.Refused
}

// kindOf is how a compartment is drawn.
func kindOf(c fleet.Compartment) string {
	switch {
	case c.State == fleet.Quarantine || c.Faulted || c.Untested:
		return "care"
	case c.State == fleet.Intent || c.State == fleet.Collecting:
		return "ajar"
	case c.State == fleet.Occupied:
		return "full"
	case c.Blocked:
		return "blocked"
	}
	return "empty"
}

func (v *visit) shown(c fleet.Compartment) door {
	said := []string{v.Say("console.door.name", "n", c.Number, "size", c.Size), v.Say("console.door.states." + string(c.State))}
	for _, flag := range flags(c) {
		said = append(said, v.Say("console.door."+flag))
	}
	return door{c, kindOf(c), strings.Join(said, ", ")}
}

func (c *console) lockerView(v *visit, id string) (l lockerView, err error) {
	ctx := v.Context()
	if l.Locker, err = c.Fleet.Locker(ctx, id); err != nil {
		return l, err
	}
	compartments, err := c.Fleet.Compartments(ctx, id)
	if err != nil {
		return l, err
	}
	for _, one := range compartments {
		l.Doors = append(l.Doors, v.shown(one))
	}
	if l.Alarms, err = c.Fleet.Alarms(ctx, id, 50); err != nil {
		return l, err
	}
	l.Health = judge(l.Locker.Glance(compartments, len(l.Alarms)), v.now)
	if l.Requests, err = c.Dispatch.RequestsAt(ctx, id, 20); err != nil {
		return l, err
	}
	if l.Signed, err = c.Dispatch.CosignedAt(ctx, id); err != nil {
		return l, err
	}
	counts, err := c.Fleet.Refused(ctx, id)
	l.Refusals = counts.List()
	return l, err
}

// drawing is what front.js draws.
func (l lockerView) drawing() []map[string]any {
	out := []map[string]any{}
	for _, d := range l.Doors {
		out = append(out, map[string]any{"number": d.Number, "size": int(d.Size), "kind": d.Kind, "name": d.Name})
	}
	return out
}

func (c *console) locker(v *visit) error {
	l, err := c.lockerView(v, v.PathValue("locker"))
	if err != nil {
		return err
	}
	if v.Request.Header.Get("HX-Request") != "" {
		return v.show(lockerNow(v, l))
	}
	return v.show(lockerPage(v, l))
}

// liveEvery is how often a page that watches a locker looks whether it has changed.
const liveEvery = time.Second

// lockerLive tells a page that its locker has changed: a server-sent event with the number of the last record and whether the line is
// up, at most one a second. Streams end after a while, by the server's bound on requests; browsers come again.
func (c *console) lockerLive(v *visit) error {
	ctx, id := v.Context(), v.PathValue("locker")
	before, err := c.Fleet.Mark(ctx, id)
	if err != nil {
		return err
	}
	v.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(v.ResponseWriter)
	ended := time.NewTimer(50 * time.Second)
	defer ended.Stop()
	look := time.NewTicker(liveEvery)
	defer look.Stop()
	fmt.Fprint(v, "retry: 1000\ndata: "+before+"\n\n")
	for out.Flush() == nil {
		select {
		case <-ctx.Done():
			return nil
		case <-ended.C:
			return nil
		case <-look.C:
		}
		now, err := c.Fleet.Mark(ctx, id)
		if err != nil {
			return nil // the page asks again and is told
		}
		if now != before {
			before = now
			fmt.Fprint(v, "data: "+now+"\n\n")
		}
	}
	return nil
}

// chosen reads which compartments a form means.
func chosen(v *visit) (list []uint16, err error) {
	if err := v.ParseForm(); err != nil {
		return nil, fault.New(fault.Invalid, "malformed", "the form cannot be read")
	}
	for _, s := range v.PostForm["door"] {
		n, err := strconv.ParseUint(s, 10, 16)
		if err != nil {
			return nil, fault.New(fault.Invalid, "unknown_compartment", "%q is no compartment", s)
		}
		list = append(list, uint16(n))
	}
	if len(list) == 0 {
		return nil, fault.New(fault.Invalid, "no_compartment", "choose a compartment")
	}
	return list, nil
}

func (c *console) pause(v *visit) error {
	minutes, err := strconv.ParseUint(v.FormValue("minutes"), 10, 16)
	if err != nil {
		return fault.New(fault.Invalid, "invalid_minutes", "say for how many minutes, at most 240; 0 ends a pause")
	}
	return v.restrict(statement.Restriction{Kind: statement.Pause, Minutes: uint16(minutes)})
}

func (c *console) block(v *visit) error {
	doors, err := chosen(v)
	if err != nil {
		return err
	}
	return v.restrict(statement.Restriction{Kind: statement.Block, Compartments: doors})
}

func (c *console) unblock(v *visit) error {
	doors, err := chosen(v)
	if err != nil {
		return err
	}
	return v.restrict(statement.Restriction{Kind: statement.Unblock, Compartments: doors})
}

// restrict asks the locker that the path names, and goes back to its page, where what became of it is seen.
func (v *visit) restrict(r statement.Restriction) error {
	r.Locker = v.PathValue("locker")
	if err := v.c.Restrict(v.Context(), v.User.Actor(), r); err != nil {
		return err
	}
	return v.back("/console/lockers/" + r.Locker)
}

// story is what the guard has written about one door, or about no door.
type story struct {
	Locker  fleet.Locker
	Door    uint16
	Records []custody.Told
}

func (c *console) door(v *visit) error {
	n, err := strconv.ParseUint(v.PathValue("door"), 10, 16)
	if err != nil {
		return fault.New(fault.NotFound, "unknown_compartment", "there is no such compartment")
	}
	l, err := c.Fleet.Locker(v.Context(), v.PathValue("locker"))
	if err != nil {
		return err
	}
	told, err := c.Custody.Story(v.Context(), l.ID, l.Guards, uint16(n))
	if err != nil {
		return err
	}
	s := story{l, uint16(n), told}
	if v.Request.Header.Get("HX-Request") != "" {
		return v.show(doorStory(v, s))
	}
	return v.show(doorPage(v, s))
}

// lockerDays is what the plots draw: the last four weeks.
func (c *console) lockerDays(v *visit) error {
	l, err := c.Fleet.Locker(v.Context(), v.PathValue("locker"))
	if err != nil {
		return err
	}
	compartments, err := c.Fleet.Compartments(v.Context(), l.ID)
	if err != nil {
		return err
	}
	inside := 0
	for _, one := range compartments {
		if one.Parcel != "" {
			inside++
		}
	}
	zone, err := time.LoadLocation(l.Zone)
	if err != nil {
		zone = time.UTC
	}
	days, err := c.Custody.Days(v.Context(), l.ID, l.Guards, zone, 28, inside)
	if err != nil {
		return err
	}
	web.JSON(v.ResponseWriter, map[string]any{"days": days, "compartments": len(compartments)})
	return nil
}

// lockerJournal is what lockstep audit reads: the present guard's uploads whole, and the time keys' last receipts.
func (c *console) lockerJournal(v *visit) error {
	l, err := c.Fleet.Locker(v.Context(), v.PathValue("locker"))
	if err != nil {
		return err
	}
	if err := v.did("took a journal", l.ID); err != nil {
		return err
	}
	v.Header().Set("Content-Type", "application/octet-stream")
	v.Header().Set("Content-Disposition", `attachment; filename="`+l.ID+`.journal"`)
	return c.Journal(v.Context(), l.ID, 0, v)
}
