package pickpoint

import (
	"context"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lockstep/hub/internal/fleet"
	"lockstep/internal/fault"
)

// point is a locker as clients list it. The names are the protocol's, with its spelling.
type point struct {
	ID          int `json:"Id"`
	OwnerID     int `json:"OwnerId"`
	OwnerName   string
	CitiID      int64 `json:"CitiId"`
	CitiOwnerID int64 `json:"CitiOwnerId"`
	CitiName    string
	Region      string
	CountryName string
	CountryIso  string
	Number      string
	Name        string
	TypeTitle   string
	Address     string
	Street      string
	House       string
	PostCode    string
	IndoorPlace string

	BuildingType, Comment string

	Metro       string
	MetroArray  []string
	WorkTime    string
	WorkTimeSMS string
	WorkHourly  bool

	Latitude, Longitude float64

	Status            int // 2 working · 5 no room
	TemporarilyClosed int
	Cash, Card        int
	PayPassAvailable  bool
	AmountTo          float64
	InDescription     string
	OutDescription    string
	MaxSize           string // cm
	MaxWeight         float64

	Opening, Returning, Fitting bool

	LocationType int // 1 indoors · 2 in the street

	MapAllowed, WidgetAllowed bool
}

const (
	working, overloaded = 2, 5
	indoors, outdoors   = 1, 2
	maxKilograms        = 100 // of a parcel that is announced
)

// points are the lockers that take parcels and of which is known where they stand.
func (d *door) points(ctx context.Context) (list []point, err error) {
	sites, err := d.Fleet.Sites(ctx, "")
	if err != nil {
		return nil, err
	}
	at := make(map[string]fleet.Site, len(sites))
	for _, s := range sites {
		at[s.Locker] = s
	}
	lockers, err := d.Fleet.All(ctx)
	list = []point{}
	for _, l := range lockers {
		if s, known := at[l.ID]; known && l.State == fleet.Provisioned {
			list = append(list, d.point(l, s))
		}
	}
	return list, err
}

func (d *door) point(l fleet.Locker, s fleet.Site) point {
	p := point{ID: idOf(l.ID), OwnerID: 1, OwnerName: d.Network, CitiID: s.City.ID, CitiOwnerID: s.City.Owner, CitiName: s.City.Name, Region: s.City.Region,
		CountryName: or(countries[s.City.Country], s.City.Country), CountryIso: s.City.Country, Number: l.ID, Name: l.Name, TypeTitle: "АПТ", Address: l.Address,
		Street: s.Street, House: s.House, PostCode: s.PostCode, IndoorPlace: s.Inside, Metro: strings.Join(s.Metro, ", "), MetroArray: append([]string{}, s.Metro...),
		WorkTime: strings.Join(s.Hours, ","), WorkTimeSMS: hours(s.Hours), WorkHourly: hours(s.Hours) == roundTheClock, Latitude: l.Latitude, Longitude: l.Longitude,
		Status: overloaded, InDescription: s.Inside, OutDescription: s.Way, MaxWeight: maxKilograms, Returning: true, LocationType: outdoors, MapAllowed: true, WidgetAllowed: true}
	if s.Indoors {
		p.LocationType = indoors
	}
	if l.Standing.Paused > d.Now().UnixMicro() || l.Standing.Lockdown.Record > 0 {
		p.TemporarilyClosed = 1
	}
	for _, room := range l.Room { // smallest first
		in := room.Size.Inner()
		p.MaxSize = fmt.Sprintf("%dx%dx%d", in[0]/10, in[1]/10, in[2]/10)
		if room.Free > 0 {
			p.Status = working
		}
	}
	return p
}

// idOf is a number for a locker that stays the same: its digits where its name is PickPoint's kind, else a hash.
func idOf(locker string) int {
	if numbered.MatchString(locker) {
		n, _ := strconv.Atoi(locker[:4] + locker[5:])
		return n
	}
	h := fnv.New32a()
	h.Write([]byte(locker))
	return int(h.Sum32()>>2) + 10_000_000
}

var numbered = regexp.MustCompile(`^[0-9]{4}-[0-9]{3}$`)

var countries = map[string]string{"RUS": "Россия", "RU": "Россия", "BLR": "Беларусь", "BY": "Беларусь", "KAZ": "Казахстан", "KZ": "Казахстан", "ARM": "Армения", "AM": "Армения"}

const roundTheClock = "круглосуточно"

var days = []string{"пн", "вт", "ср", "чт", "пт", "сб", "вс"}

// hours are opening hours for people: days of one kind in a row are named together.
func hours(week []string) string {
	var said []string
	for from := 0; from < len(week) && from < len(days); {
		to := from + 1
		for to < len(week) && to < len(days) && week[to] == week[from] {
			to++
		}
		span := days[from]
		if to-from > 1 {
			span += "-" + days[to-1]
		}
		open := strings.Replace(strings.Replace(week[from], "/", ", перерыв ", 1), "NODAY", "выходной", 1)
		if alwaysOpen(week[from]) {
			open = roundTheClock
		}
		if to-from == len(days) {
			if open == roundTheClock {
				return roundTheClock
			}
			span = "ежедневно"
		}
		said, from = append(said, span+" "+open), to
	}
	return strings.Join(said, "; ")
}

func alwaysOpen(day string) bool {
	return slices.Contains([]string{"00:00-23:59", "00:01-23:59", "00:00-24:00"}, day)
}

func (d *door) postamats(ctx context.Context, _ *call) (any, error) { return d.points(ctx) }

// contractPostamats lists the same: every contract is served by all lockers.
func (d *door) contractPostamats(ctx context.Context, c *call) (any, error) {
	if err := c.underContract(c.text("ikn")); err != nil {
		return nil, err
	}
	return d.points(ctx)
}

// postamatsNear lists those of a post code; where it has none, those of its first three digits, which are a region.
func (d *door) postamatsNear(ctx context.Context, c *call) (any, error) {
	index := c.text("postindex")
	if len(index) < 3 || len(index) > 20 {
		return nil, fault.New(fault.Invalid, "needs_postindex", "PostIndex is needed")
	}
	all, err := d.points(ctx)
	if err != nil {
		return nil, err
	}
	answer := struct {
		PostamatList []point
		failure
	}{PostamatList: []point{}}
	for _, prefix := range []string{index, index[:3]} {
		for _, p := range all {
			if strings.HasPrefix(p.PostCode, prefix) {
				answer.PostamatList = append(answer.PostamatList, p)
			}
		}
		if len(answer.PostamatList) > 0 {
			break
		}
	}
	return answer, nil
}

// cityRow is a city as clients list it.
type cityRow struct {
	ID         int64 `json:"Id"`
	OwnerID    int64 `json:"Owner_Id"`
	Name       string
	NameEng    string
	RegionName string
	FiasID     string `json:"FiasId"`
	KladrID    string `json:"KladrId"`
}

func (d *door) cityRows(ctx context.Context) ([]cityRow, error) {
	list := []cityRow{}
	cities, err := d.Fleet.Cities(ctx)
	for _, c := range cities {
		list = append(list, cityRow{c.ID, c.Owner, c.Name, c.English, c.Region, c.FIAS, c.KLADR})
	}
	return list, err
}

func (d *door) cities(ctx context.Context, _ *call) (any, error) { return d.cityRows(ctx) }
