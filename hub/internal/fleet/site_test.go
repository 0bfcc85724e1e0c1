package fleet_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"lockstep/hub/internal/fleet"
	"lockstep/internal/fault"
)

const (
	cities = "\uFEFFid,owner,name,english,region,country,fias,kladr\n992,1,Москва,Moscow,Московская обл.,RUS,0c5b2444,7700000000000\n1726,1,Казань,Kazan,Татарстан респ.,RUS,,\n"
	week   = `"09:00-21:00,09:00-21:00/13:00-14:00,00:00-23:59,00:00-24:00,10:00-20:00,10:00-18:00,NODAY"`
	sites  = "locker,city,hours,indoors,metro,post_code,street,house,way,inside\nl1,992," + week + ",true,Курская; Чкаловская,101000,Земляной Вал,29,со двора,у входа\n"
)

func TestSites(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		ctx := t.Context()
		if _, _, err := r.Add(ctx, newLocker("l1")); err != nil {
			t.Fatal(err)
		}
		for range 2 { // again is no error, and changes what has changed
			if n, err := r.ImportCities(ctx, strings.NewReader(cities)); err != nil || n != 2 {
				t.Fatal(n, err)
			}
			if n, err := r.ImportSites(ctx, strings.NewReader(sites)); err != nil || n != 1 {
				t.Fatal(n, err)
			}
		}
		all, err := r.Sites(ctx, "")
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		s := all[0]
		if s.Locker != "l1" || s.City.ID != 992 || s.City.Name != "Москва" || !slices.Equal(s.Metro, []string{"Курская", "Чкаловская"}) || len(s.Hours) != 7 || !s.Indoors || s.Way != "со двора" {
			t.Errorf("%+v", s)
		}
		if one, err := r.Sites(ctx, "l1"); err != nil || fmt.Sprint(one) != fmt.Sprint(all) {
			t.Error(one, err)
		}
		if none, err := r.Sites(ctx, "l2"); err != nil || len(none) != 0 {
			t.Error(none, err)
		}
		if list, err := r.Cities(ctx); err != nil || len(list) != 2 || list[0] != (fleet.City{ID: 992, Owner: 1, Name: "Москва", English: "Moscow", Region: "Московская обл.", Country: "RUS", FIAS: "0c5b2444", KLADR: "7700000000000"}) {
			t.Error(list, err)
		}
	})
}

// A file with one wrong row changes nothing, and the fault says which it is.
func TestFilesThatAreWrong(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		ctx := t.Context()
		if _, _, err := r.Add(ctx, newLocker("l1")); err != nil {
			t.Fatal(err)
		}
		for file, line := range map[string]int{"": 1, "id,nothing\n": 1, cities + "x,1,Тверь,Tver,,RUS,,\n": 4, cities + "5,1,Тверь,Tver,,ru,,\n": 4, cities + "5,1\n": 4,
			cities + "5,1,\"" + strings.Repeat("я", 1001) + "\",,,RUS,,\n": 4} {
			if _, err := r.ImportCities(ctx, strings.NewReader(file)); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), fmt.Sprintf("line %d", line)) {
				t.Errorf("%q: %v", file, err)
			}
		}
		if list, err := r.Cities(ctx); err != nil || len(list) != 0 {
			t.Errorf("%v, %v", list, err)
		}
		if _, err := r.ImportCities(ctx, strings.NewReader(cities)); err != nil {
			t.Fatal(err)
		}
		for changed, why := range map[string]string{"l1,992": "l9,992", "992,": "993,", "NODAY": "never", ",true,": ",perhaps,", "10:00-18:00,": ""} {
			if _, err := r.ImportSites(ctx, strings.NewReader(strings.Replace(sites, changed, why, 1))); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "line 2") {
				t.Errorf("%s → %s: %v", changed, why, err)
			}
		}
	})
}
