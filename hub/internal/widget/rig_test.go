package widget_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/widget"
	"lockstep/internal/web"
	"lockstep/parcel"
)

// network is a fleet that only tells of its lockers.
type network struct {
	lockers []fleet.Locker
	sites   []fleet.Site
	asked   int // how often it told
	broken  error
}

func (n *network) All(context.Context) ([]fleet.Locker, error) {
	n.asked++
	return n.lockers, n.broken
}

func (n *network) Sites(context.Context, string) ([]fleet.Site, error) { return n.sites, n.broken }

func (n *network) add(l fleet.Locker, s fleet.Site) {
	s.Locker = l.ID
	n.lockers, n.sites = append(n.lockers, l), append(n.sites, s)
}

const (
	daily  = "09:00-21:00"
	always = "00:00-23:59"
)

func week(day string) (days []string) {
	for range 7 {
		days = append(days, day)
	}
	return days
}

// kursk is one locker of which everything is known.
func kursk() (fleet.Locker, fleet.Site) {
	return fleet.Locker{ID: "7701-015", Name: "Курская", Address: "Москва, ул. Земляной Вал, 29", Zone: "Europe/Moscow", Latitude: 55.7586, Longitude: 37.6595, State: fleet.Provisioned,
			Room: []fleet.Room{{Size: parcel.Small, Free: 4}, {Size: parcel.Medium, Free: 2}, {Size: parcel.Large}}},
		fleet.Site{City: fleet.City{ID: 992, Name: "Москва", Region: "Московская обл.", Country: "RUS"}, PostCode: "105064", Street: "ул. Земляной Вал", House: "29", Metro: []string{"Курская", "Чкаловская"},
			Hours: []string{daily, daily, daily, daily, daily + "/13:00-14:00", always, "NODAY"}, Indoors: true, Way: "Со двора, слева от арки", Inside: "У входа в торговый зал"}
}

// towns is where the lockers of a large network stand.
var towns = []struct {
	name, region, zone  string
	latitude, longitude float64
	share               float64 // of all lockers
}{
	{"Москва", "Московская обл.", "Europe/Moscow", 55.7558, 37.6173, 0.3}, {"Санкт-Петербург", "Санкт-Петербург", "Europe/Moscow", 59.9386, 30.3141, 0.14}, {"Новосибирск", "Новосибирская обл.", "Asia/Novosibirsk", 55.0302, 82.9204, 0.05},
	{"Екатеринбург", "Свердловская обл.", "Asia/Yekaterinburg", 56.8389, 60.6057, 0.05}, {"Казань", "Татарстан респ.", "Europe/Moscow", 55.7887, 49.1221, 0.05}, {"Нижний Новгород", "Нижегородская обл.", "Europe/Moscow", 56.3269, 44.0059, 0.04},
	{"Челябинск", "Челябинская обл.", "Asia/Yekaterinburg", 55.1644, 61.4368, 0.04}, {"Самара", "Самарская обл.", "Europe/Samara", 53.1959, 50.1002, 0.04}, {"Ростов-на-Дону", "Ростовская обл.", "Europe/Moscow", 47.2357, 39.7015, 0.04},
	{"Уфа", "Башкортостан респ.", "Asia/Yekaterinburg", 54.7388, 55.9721, 0.03}, {"Краснодар", "Краснодарский край", "Europe/Moscow", 45.0355, 38.9753, 0.04}, {"Пермь", "Пермский край", "Asia/Yekaterinburg", 58.0105, 56.2502, 0.03},
	{"Воронеж", "Воронежская обл.", "Europe/Moscow", 51.6608, 39.2003, 0.03}, {"Тула", "Тульская обл.", "Europe/Moscow", 54.1931, 37.6173, 0.02}, {"Красноярск", "Красноярский край", "Asia/Krasnoyarsk", 56.0153, 92.8932, 0.03},
	{"Иркутск", "Иркутская обл.", "Asia/Irkutsk", 52.2870, 104.3050, 0.02}, {"Хабаровск", "Хабаровский край", "Asia/Vladivostok", 48.4802, 135.0719, 0.02}, {"Владивосток", "Приморский край", "Asia/Vladivostok", 43.1155, 131.8855, 0.03},
}

var (
	streets = []string{"ул. Ленина", "пр. Мира", "ул. Гагарина", "ул. Садовая", "Московское ш.", "ул. Победы", "ул. Лесная", "бул. Космонавтов", "ул. Чехова", "Набережная ул.", "ул. Фрунзе", "Центральная ул."}
	names   = []string{"Пятёрочка", "ТЦ «Меридиан»", "Аптека на углу", "Перекрёсток", "Метро", "Дом быта", "ТРЦ «Галерея»", "Магнит", "Вокзал", "Библиотека"}
)

var stations = []struct {
	name                string
	latitude, longitude float64
}{{"Сокол", 55.8056, 37.5152}, {"Белорусская", 55.7770, 37.5820}, {"Киевская", 55.7436, 37.5654}, {"Тульская", 55.7089, 37.6226}, {"Таганская", 55.7404, 37.6536}, {"Сокольники", 55.7892, 37.6797}, {"ВДНХ", 55.8213, 37.6412},
	{"Университет", 55.6925, 37.5347}, {"Текстильщики", 55.7089, 37.7317}, {"Измайловская", 55.7877, 37.7814}, {"Митино", 55.8459, 37.3619}, {"Царицыно", 55.6209, 37.6696}, {"Выхино", 55.7158, 37.8178}, {"Медведково", 55.8868, 37.6614}, {"Тёплый Стан", 55.6188, 37.5080}}

// near is the metro station within some 2 km, if there is one.
func near(latitude, longitude float64) (names []string) {
	for _, s := range stations {
		if math.Hypot(latitude-s.latitude, (longitude-s.longitude)*0.56) < 0.018 {
			return []string{s.name}
		}
	}
	return nil
}

// large is a network of about n lockers, always the same.
func large(n int) *network {
	out := &network{}
	random := rand.New(rand.NewPCG(1, 2))
	for t, town := range towns {
		for i := range int(float64(n)*town.share + 0.5) {
			street, house := streets[random.IntN(len(streets))], fmt.Sprint(1+random.IntN(120))
			free := []int{random.IntN(6), random.IntN(5), random.IntN(3)}
			if random.IntN(12) == 0 {
				free = []int{0, 0, 0}
			}
			hours := week(daily)
			if random.IntN(4) == 0 {
				hours = week(always)
			}
			spread := 0.03 + 0.09*town.share
			latitude, longitude := town.latitude+random.NormFloat64()*spread, town.longitude+random.NormFloat64()*spread*1.8
			out.add(fleet.Locker{ID: fmt.Sprintf("%04d-%03d", 1000+t*300+i/1000, i%1000), Name: names[random.IntN(len(names))], Address: town.name + ", " + street + ", " + house, Zone: town.zone, State: fleet.Provisioned,
				Latitude: latitude, Longitude: longitude,
				Room: []fleet.Room{{Size: parcel.Small, Free: free[0]}, {Size: parcel.Medium, Free: free[1]}, {Size: parcel.Large, Free: free[2]}}},
				fleet.Site{City: fleet.City{Name: town.name, Region: town.region, Country: "RUS"}, PostCode: fmt.Sprint(100000 + t*1000 + i%900), Street: street, House: house, Metro: near(latitude, longitude), Hours: hours, Indoors: random.IntN(3) > 0})
		}
	}
	return out
}

// rig is a hub's widget and a shop's page on another origin.
type rig struct {
	*network
	now       time.Time
	hub, shop *httptest.Server
	page      string // what the shop's page has in its body
	policy    string // the shop's Content-Security-Policy
}

func newRig(t *testing.T, n *network, change func(*widget.Config)) *rig {
	t.Helper()
	r := &rig{network: n, now: time.Now()}
	c := widget.Config{Fleet: n, Now: func() time.Time { return r.now }, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&c)
	}
	handler, err := widget.New(c)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", handler)
	mux.Handle("/assets/", web.Secure(web.Policy{}, web.AssetsHandler()))
	r.hub = httptest.NewServer(mux)
	t.Cleanup(r.hub.Close)
	r.shop = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.policy != "" {
			w.Header().Set("Content-Security-Policy", r.policy)
		}
		fmt.Fprint(w, r.page)
	}))
	t.Cleanup(r.shop.Close)
	return r
}

// needsMap skips a test where npm has not built the map's library.
func needsMap(t *testing.T) {
	t.Helper()
	if !web.Has("leaflet.js") {
		t.Skip("make web builds the map's library")
	}
}
