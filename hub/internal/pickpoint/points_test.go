package pickpoint_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

type postamat struct {
	ID                                                         int `json:"Id"`
	CitiID                                                     int `json:"CitiId"`
	Number, Name, CitiName, Region, CountryIso, TypeTitle      string
	Metro, WorkTime, WorkTimeSMS, MaxSize, PostCode, OwnerName string
	MetroArray                                                 []string
	Latitude                                                   *float64
	Status, LocationType, TemporarilyClosed                    int
	MaxWeight                                                  float64
	WorkHourly                                                 bool
}

func TestPostamats(t *testing.T) {
	each(t, func(d *desk) {
		for _, way := range []struct{ method, path, body string }{{http.MethodGet, "/api/postamatlist", ""}, {http.MethodGet, "/api//PostamatList", "{}"}, {http.MethodPost, "/api/postamatlist", "{}"},
			{http.MethodPost, "/api/clientpostamatlist", d.with(`"IKN":"9990003041"`)}, {http.MethodPost, "/api/clientpostamatlist", d.with(`"IKN":null`)}} {
			var list []postamat
			d.into(d.raw(way.method, way.path, way.body), &list)
			if len(list) != 1 {
				d.Fatalf("%s: %+v", way.path, list)
			}
			p := list[0]
			if p.ID != 7701015 || p.Number != "7701-015" || p.CitiID != 992 || p.CitiName != "Москва" || p.Region != "Московская обл." || p.CountryIso != "RUS" || p.TypeTitle != "АПТ" || p.OwnerName != "test" ||
				!slices.Equal(p.MetroArray, []string{"Курская", "Чкаловская"}) || p.Metro != "Курская, Чкаловская" || p.MaxSize != "38x41x64" || p.Status != 2 || p.LocationType != 1 || p.TemporarilyClosed != 0 ||
				p.Latitude == nil || p.MaxWeight <= 0 || p.WorkHourly || len(strings.Split(p.WorkTime, ",")) != 7 ||
				p.WorkTimeSMS != "пн-чт 09:00-21:00; пт 09:00-21:00, перерыв 13:00-14:00; сб круглосуточно; вс выходной" {
				d.Errorf("%+v", p)
			}
		}
		if r := d.post("/api/clientpostamatlist", d.with(`"IKN":"1"`)); r.code() != 30 {
			d.Errorf("%v", r)
		}
		for index, want := range map[string]int{"105064": 1, "105": 1, "105999": 1, "420000": 0} {
			var near struct {
				PostamatList []postamat
				ErrorCode    *int
			}
			d.into(d.raw(http.MethodPost, "/api/postindexpostamatlist", `{"PostIndex":`+index+`}`), &near)
			if len(near.PostamatList) != want || near.PostamatList == nil || near.ErrorCode == nil || *near.ErrorCode != 0 {
				d.Errorf("%s: %+v", index, near)
			}
		}
		if r := d.post("/api/postindexpostamatlist", `{"PostIndex":""}`); r.code() != 20 {
			d.Errorf("%v", r)
		}
	})
}

func TestCities(t *testing.T) {
	each(t, func(d *desk) {
		var list []struct {
			ID                        int `json:"Id"`
			Owner                     int `json:"Owner_Id"`
			Name, NameEng, RegionName string
		}
		d.into(d.raw(http.MethodGet, "/apitest/citylist", ""), &list)
		if len(list) != 2 || list[0].ID != 992 || list[0].Owner != 1 || list[0].Name != "Москва" || list[0].NameEng != "Moscow" || list[0].RegionName != "Московская обл." || list[1].ID != 1726 {
			d.Errorf("%+v", list)
		}
	})
}
