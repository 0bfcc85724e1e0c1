package console

import (
	"encoding/json"
	"strconv"

	"lockstep/hub/internal/fleet"
)

// tones of alarms: what may mean that somebody is at the doors, or writes where nobody should, comes first.
var alarmTones = map[fleet.AlarmKind]tone{
	fleet.Silent: care, fleet.Withheld: stop, fleet.Stalled: care, fleet.Broken: stop, fleet.Contradiction: stop, fleet.Altered: stop, fleet.LockedDown: stop,
	fleet.Overriding: care, fleet.Refusing: care, fleet.FromGuard: stop, fleet.Quarantined: care, fleet.Faulted: care, fleet.Reported: care,
}

type alarmsView struct {
	Open, Past []fleet.Alarm
	Mine       bool
}

const mostAlarms = 500

func (c *console) alarms(v *visit) (err error) {
	a := alarmsView{Mine: v.FormValue("mine") != ""}
	if a.Open, err = c.Fleet.Alarms(v.Context(), "", mostAlarms); err != nil {
		return err
	}
	if a.Mine {
		mine := a.Open[:0]
		for _, one := range a.Open {
			if one.TakenBy == v.User.Actor() {
				mine = append(mine, one)
			}
		}
		a.Open = mine
	}
	if a.Past, err = c.Fleet.PastAlarms(v.Context(), 30); err != nil {
		return err
	}
	return v.show(alarmsPage(v, a))
}

func (c *console) alarmsCSV(v *visit) error {
	open, err := c.Fleet.Alarms(v.Context(), "", 100_000)
	if err != nil {
		return err
	}
	past, err := c.Fleet.PastAlarms(v.Context(), 100_000)
	if err != nil {
		return err
	}
	return v.csv("alarms", []string{"id", "locker", "kind", "reason", "compartment", "record", "raised", "taken", "taken_by", "ended", "ended_by", "parcel"}, func(write func(...string)) {
		for _, a := range append(open, past...) {
			write(a.ID, a.Locker, string(a.Kind), a.Reason, strconv.Itoa(int(a.Compartment)), strconv.FormatUint(a.Record, 10), stamp(a.Raised), stamp(a.Taken), a.TakenBy, stamp(a.Ended), a.EndedBy, a.Parcel)
		}
	})
}

// takeAlarm is a user's word that they look after an alarm, or with drop that they do not any more.
func (c *console) takeAlarm(v *visit) error {
	id, actor, act := v.PathValue("alarm"), v.User.Actor(), "took an alarm"
	if v.FormValue("drop") != "" {
		actor, act = "", "gave an alarm back"
	}
	if err := c.Fleet.TakeAlarm(v.Context(), id, actor); err != nil {
		return err
	}
	if err := v.did(act, id); err != nil {
		return err
	}
	return v.back("/console/alarms")
}

func (c *console) endAlarm(v *visit) error {
	id := v.PathValue("alarm")
	if err := c.Fleet.EndAlarm(v.Context(), id, v.User.Actor()); err != nil {
		return err
	}
	if err := v.did("ended an alarm", id); err != nil {
		return err
	}
	return v.back("/console/alarms")
}

// evidence is what an alarm was raised over, as it came.
func (c *console) evidence(v *visit) error {
	id := v.PathValue("alarm")
	data, err := c.Fleet.Evidence(v.Context(), id)
	if err != nil {
		return err
	}
	kind, ending := "application/octet-stream", ".bin"
	if json.Valid(data) {
		kind, ending = "application/json", ".json"
	}
	v.Header().Set("Content-Type", kind)
	v.Header().Set("Content-Disposition", `attachment; filename="alarm-`+id+ending+`"`)
	_, err = v.Write(data)
	return err
}
