package api

import (
	"context"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lockstep/hub/internal/account"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/fault"
)

// Locker is one machine at one site. Everything said about its room is as old as heard.
type Locker struct {
	ID        string     `json:"id" example:"msk-0042"`
	Name      string     `json:"name" example:"Chistye Prudy station"`
	Address   string     `json:"address" example:"Myasnitskaya 24, Moscow"`
	Zone      string     `json:"zone" example:"Europe/Moscow" doc:"IANA time zone"`
	Latitude  float64    `json:"latitude" example:"55.7649"`
	Longitude float64    `json:"longitude" example:"37.6383"`
	State     string     `json:"state" enum:"new,enrolled,provisioned" doc:"Only a provisioned locker takes shipments"`
	Line      string     `json:"line" enum:"online,offline,never" doc:"Whether we hear from it; a locker goes on serving while it is offline"`
	Heard     *time.Time `json:"heard,omitempty" doc:"When we last heard from it; absent for never"`
	Age       *int64     `json:"age_seconds,omitempty" example:"42" doc:"How old what is said here is"`
	Paused    *time.Time `json:"paused_until,omitempty" doc:"Nothing opens until about then"`
	Lockdown  bool       `json:"lockdown,omitempty" doc:"It protects what is inside: nothing that holds a parcel opens until persons have looked after it"`
	Room      []Room     `json:"room" doc:"By size, smallest first"`
	Distance  *int64     `json:"distance_m,omitempty" example:"350" doc:"From near, as the crow flies"`
}

// Room is how much of one size there is.
type Room struct {
	Size  string `json:"size" enum:"S,M,L" example:"M"`
	Total int    `json:"total" example:"10"`
	Free  int    `json:"free" example:"4" doc:"What can still be promised. A parcel takes a larger compartment when its own size is gone."`
}

type lockerIn struct {
	ID string `path:"id" maxLength:"64" example:"msk-0042"`
}

type lockerOut struct{ Body Locker }

type lockersIn struct {
	Near   string `query:"near" maxLength:"64" example:"55.7649,37.6383" doc:"latitude,longitude: nearest first, with distances, on one page"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before; not with near"`
}

type lockersOut struct {
	Body struct {
		Lockers []Locker `json:"lockers" doc:"Provisioned lockers by id, or nearest first"`
		Next    string   `json:"next_cursor,omitempty" doc:"Give it as cursor for the next page; absent on the last"`
	}
}

func (d *door) lockers() {
	tags := []string{"Lockers"}
	route(d, huma.Operation{OperationID: "listLockers", Method: http.MethodGet, Path: "/v1/lockers", Tags: tags,
		Summary: "List lockers with their free room", Errors: []int{422}}, d.listLockers)
	route(d, huma.Operation{OperationID: "getLocker", Method: http.MethodGet, Path: "/v1/lockers/{id}", Tags: tags,
		Summary: "Look at a locker", Errors: []int{404}}, d.getLocker)
}

func (d *door) getLocker(ctx context.Context, _ account.Merchant, in *lockerIn) (*lockerOut, error) {
	if err := known(in.ID, "unknown_locker", "locker"); err != nil {
		return nil, err
	}
	l, err := d.Fleet.Locker(ctx, in.ID)
	return &lockerOut{d.locker(l)}, err
}

func (d *door) locker(l fleet.Locker) Locker {
	out := Locker{ID: l.ID, Name: l.Name, Address: l.Address, Zone: l.Zone, Latitude: l.Latitude, Longitude: l.Longitude,
		State: string(l.State), Line: string(l.Line), Heard: ago(l.Heard), Lockdown: l.Standing.Lockdown.Record > 0, Room: []Room{}}
	if l.Standing.Paused > d.Now().UnixMicro() {
		out.Paused = ago(l.Standing.Paused)
	}
	if l.Heard > 0 {
		age := int64(d.Now().Sub(at(l.Heard)) / time.Second)
		out.Age = &age
	}
	for _, r := range l.Room {
		out.Room = append(out.Room, Room{r.Size.String(), r.Total, r.Free})
	}
	return out
}

func (d *door) listLockers(ctx context.Context, _ account.Merchant, in *lockersIn) (*lockersOut, error) {
	if in.Near != "" {
		return d.nearest(ctx, in)
	}
	last, err := after("lockers", in.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := d.Fleet.Lockers(ctx, last, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &lockersOut{}
	out.Body.Lockers = []Locker{}
	for _, l := range list {
		if l.State == fleet.Provisioned {
			out.Body.Lockers = append(out.Body.Lockers, d.locker(l))
		}
	}
	if len(list) == in.Limit {
		out.Body.Next = cursor("lockers", list[len(list)-1].ID)
	}
	return out, nil
}

// nearest looks at every locker.
func (d *door) nearest(ctx context.Context, in *lockersIn) (*lockersOut, error) {
	latitude, longitude, err := coordinates(in.Near)
	if err != nil {
		return nil, err
	}
	if in.Cursor != "" {
		return nil, fault.New(fault.Invalid, "invalid_cursor", "near has one page; make limit larger")
	}
	all, err := d.Fleet.All(ctx)
	if err != nil {
		return nil, err
	}
	out := &lockersOut{}
	out.Body.Lockers = []Locker{}
	for _, l := range all {
		if l.State == fleet.Provisioned {
			shown, m := d.locker(l), metres(latitude, longitude, l.Latitude, l.Longitude)
			shown.Distance = &m
			out.Body.Lockers = append(out.Body.Lockers, shown)
		}
	}
	slices.SortStableFunc(out.Body.Lockers, func(a, b Locker) int { return int(*a.Distance - *b.Distance) })
	out.Body.Lockers = out.Body.Lockers[:min(in.Limit, len(out.Body.Lockers))]
	return out, nil
}

func coordinates(near string) (latitude, longitude float64, err error) {
	a, b, _ := strings.Cut(near, ",")
	latitude, errA := strconv.ParseFloat(strings.TrimSpace(a), 64)
	longitude, errB := strconv.ParseFloat(strings.TrimSpace(b), 64)
	if errA != nil || errB != nil || !(math.Abs(latitude) <= 90) || !(math.Abs(longitude) <= 180) {
		return 0, 0, fault.New(fault.Invalid, "invalid_place", "near is latitude,longitude in degrees, such as 55.7649,37.6383")
	}
	return latitude, longitude, nil
}

// metres between two places on a sphere of the earth's mean radius (haversine).
func metres(lat1, lon1, lat2, lon2 float64) int64 {
	const radius, degree = 6_371_009, math.Pi / 180
	sin2 := func(x float64) float64 { s := math.Sin(x / 2); return s * s }
	h := sin2((lat2-lat1)*degree) + math.Cos(lat1*degree)*math.Cos(lat2*degree)*sin2((lon2-lon1)*degree)
	return int64(2 * radius * math.Asin(math.Sqrt(min(h, 1))))
}
