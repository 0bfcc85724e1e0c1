package widget

import (
	"cmp"
	"context"
	"net/http"
	"unicode/utf8"

	"lockstep/hub/internal/fleet"
	"lockstep/internal/fault"
	"lockstep/internal/web"
	"lockstep/parcel"
)

// locker is one that takes parcels, as the page and everybody else may read it.
type locker struct {
	ID        string              `json:"id"`
	Name      string              `json:"name"`
	Address   string              `json:"address"`
	PostCode  string              `json:"post_code"`
	Region    string              `json:"region"`
	City      string              `json:"city"`
	Country   string              `json:"country"` // ISO 3166-1
	Street    string              `json:"street"`
	House     string              `json:"house"`
	Metro     []string            `json:"metro"`
	Place     *place              `json:"place,omitempty"` // absent where nobody has said it
	TimeZone  string              `json:"time_zone"`       // IANA
	Hours     []string            `json:"hours"`           // seven days from Monday, as in fleet.Site
	Indoors   bool                `json:"indoors"`
	Way       string              `json:"way,omitempty"`    // how to find it
	Inside    string              `json:"inside,omitempty"` // where it stands in the building
	Room      map[parcel.Size]int `json:"room"`             // free compartments by size
	Suspended bool                `json:"suspended"`        // paused or locked down: takes nothing for now
}

type place struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

type lockerList struct {
	Lockers []locker `json:"lockers"`
}

// list is the lockers that take parcels and of which is known where they stand: the same that PickPoint's clients are given.
func (w *widget) list(ctx context.Context) (lockerList, error) {
	sites, err := w.Fleet.Sites(ctx, "")
	if err != nil {
		return lockerList{}, err
	}
	at := make(map[string]fleet.Site, len(sites))
	for _, s := range sites {
		at[s.Locker] = s
	}
	all, err := w.Fleet.All(ctx)
	list := lockerList{Lockers: []locker{}}
	for _, l := range all {
		if s, known := at[l.ID]; known && l.State == fleet.Provisioned {
			list.Lockers = append(list.Lockers, w.locker(l, s))
		}
	}
	return list, err
}

func (w *widget) locker(l fleet.Locker, s fleet.Site) locker {
	out := locker{ID: l.ID, Name: l.Name, Address: l.Address, PostCode: s.PostCode, Region: s.City.Region, City: s.City.Name, Country: s.City.Country,
		Street: s.Street, House: s.House, Metro: append([]string{}, s.Metro...), TimeZone: l.Zone, Hours: s.Hours, Indoors: s.Indoors, Way: s.Way, Inside: s.Inside,
		Room: map[parcel.Size]int{}, Suspended: l.Standing.Paused > w.Now().UnixMicro() || l.Standing.Lockdown.Record > 0}
	if l.Latitude != 0 || l.Longitude != 0 {
		out.Place = &place{l.Latitude, l.Longitude}
	}
	for _, room := range l.Room {
		out.Room[room.Size] = room.Free
	}
	return out
}

func (w *widget) serveLockers(out http.ResponseWriter, r *http.Request) {
	w.answer(out, r, w.lockers, "")
}

// maxCity bounds the name of a city, in characters.
const maxCity = 100

func (w *widget) serveTariffs(out http.ResponseWriter, r *http.Request) {
	city := r.URL.Query().Get("from")
	if !utf8.ValidString(city) || utf8.RuneCountInString(city) > maxCity {
		web.Problem(out, fault.New(fault.Invalid, "invalid_city", "from is a city's name of at most %d characters", maxCity))
		return
	}
	w.answer(out, r, w.tariffs, city)
}

type tariffList struct {
	Tariffs map[string]Tariff `json:"tariffs"` // by locker
}

func (w *widget) from(ctx context.Context, city string) (tariffList, error) {
	if w.Tariff == nil || city == "" {
		return tariffList{map[string]Tariff{}}, nil
	}
	list, err := w.Tariff(ctx, city)
	if list == nil {
		list = map[string]Tariff{}
	}
	for id, t := range list {
		t.Coeff = cmp.Or(t.Coeff, 1)
		list[id] = t
	}
	return tariffList{list}, err
}

// answer sends what a shelf has under a key, or a problem; what strangers do not see of it goes to the log.
func (w *widget) answer(out http.ResponseWriter, r *http.Request, from *shelf, key string) {
	b, err := from.get(r.Context(), key)
	if err != nil {
		if fault.KindOf(err) == fault.Internal {
			w.Log.Error("widget", "path", r.URL.Path, "error", err)
		}
		web.Problem(out, err)
		return
	}
	b.serve(out, r)
}
