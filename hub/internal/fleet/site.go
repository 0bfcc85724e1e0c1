package fleet

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lockstep/hub/internal/fleet/store"
	"lockstep/internal/fault"
	"lockstep/internal/sheet"
)

// City is one that lockers stand in. Its number is what shops' software keeps.
type City struct {
	ID, Owner     int64
	Name, English string
	Region        string
	Country       string // ISO 3166-1
	FIAS, KLADR   string
}

// Site is where a locker stands. Hours are the seven days from Monday, each like "09:00-21:00", "09:00-21:00/13:00-14:00" with a break,
// or "NODAY"; "00:00-23:59" is round the clock.
type Site struct {
	Locker        string
	City          City // only its ID counts where a site is set
	PostCode      string
	Street, House string
	Metro         []string
	Hours         []string
	Indoors       bool
	Way           string // how to find it
	Inside        string // where it stands in the building
}

// cityColumns and siteColumns are those of the tables that operators import.
var (
	cityColumns = []string{"id", "owner", "name", "english", "region", "country", "fias", "kladr"}
	siteColumns = []string{"locker", "city", "post_code", "street", "house", "metro", "hours", "indoors", "way", "inside"}
	openDay     = regexp.MustCompile(`^(NODAY|([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-4]):[0-5][0-9](/([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-4]):[0-5][0-9])?)$`)
	country     = regexp.MustCompile(`^[A-Z]{2,3}$`)
)

// ImportCities takes cities from a table (package sheet), all of them or none.
func (f *Fleet) ImportCities(ctx context.Context, file io.Reader) (n int, err error) {
	return f.importRows(ctx, file, cityColumns, func(q *store.Queries, row sheet.Row) error {
		id, err1 := strconv.ParseInt(row.Text("id"), 10, 32)
		owner, err2 := strconv.ParseInt("0"+row.Text("owner"), 10, 32)
		if err1 != nil || err2 != nil || id <= 0 || !country.MatchString(row.Text("country")) || row.Text("name") == "" {
			return row.Wrong("a city has an id, a name and a country of two or three letters")
		}
		return q.SetCity(ctx, store.SetCityParams{ID: id, Owner: owner, Name: row.Text("name"), English: row.Text("english"), Region: row.Text("region"),
			Country: row.Text("country"), Fias: row.Text("fias"), Kladr: row.Text("kladr")})
	})
}

// ImportSites takes lockers' sites likewise.
func (f *Fleet) ImportSites(ctx context.Context, file io.Reader) (n int, err error) {
	return f.importRows(ctx, file, siteColumns, func(q *store.Queries, row sheet.Row) error {
		city, err := strconv.ParseInt(row.Text("city"), 10, 32)
		if err != nil {
			return row.Wrong("city is a city's id")
		}
		locker := row.Text("locker")
		if _, err := q.Locker(ctx, locker); errors.Is(err, sql.ErrNoRows) {
			return row.Wrong("there is no locker %q", locker)
		} else if err != nil {
			return err
		}
		if _, err := q.City(ctx, city); errors.Is(err, sql.ErrNoRows) {
			return row.Wrong("there is no city %d; import cities first", city)
		} else if err != nil {
			return err
		}
		hours := strings.Split(row.Text("hours"), ",")
		if len(hours) != 7 || slices.ContainsFunc(hours, func(day string) bool { return !openDay.MatchString(day) }) {
			return row.Wrong(`hours are seven days from Monday, separated by commas, each like 09:00-21:00 or NODAY`)
		}
		indoors, err := strconv.ParseBool(row.Text("indoors"))
		if err != nil {
			return row.Wrong("indoors is true or false")
		}
		return q.SetSite(ctx, store.SetSiteParams{Locker: locker, City: city, PostCode: row.Text("post_code"), Street: row.Text("street"), House: row.Text("house"),
			Metro: row.Text("metro"), Hours: row.Text("hours"), Indoors: indoors, Way: row.Text("way"), Inside: row.Text("inside")})
	})
}

// importRows does all rows of a table, or none.
func (f *Fleet) importRows(ctx context.Context, file io.Reader, columns []string, do func(*store.Queries, sheet.Row) error) (int, error) {
	rows, err := sheet.Table(file, columns...)
	if err != nil {
		return 0, err
	}
	return len(rows), f.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, row := range rows {
			if err := do(store.New(tx), row); err != nil {
				return err
			}
		}
		return nil
	})
}

// Cities are all cities, by region and name.
func (f *Fleet) Cities(ctx context.Context) (list []City, err error) {
	rows, err := store.New(f.DB.Reads()).Cities(ctx)
	for _, row := range rows {
		list = append(list, city(row))
	}
	return list, err
}

// CityNamed finds a city by its name as people write it; a region, where one is given, tells cities of one name apart. NotFound
// "unknown_city" where there is none.
func (f *Fleet) CityNamed(ctx context.Context, name, region string) (City, error) {
	cities, err := f.Cities(ctx)
	if err != nil {
		return City{}, err
	}
	i := slices.IndexFunc(cities, func(c City) bool {
		return plain(c.Name) == plain(name) && (region == "" || plain(c.Region) == plain(region))
	})
	if i < 0 {
		return City{}, fault.New(fault.NotFound, "unknown_city", "there is no such city")
	}
	return cities[i], nil
}

// plain is a city's or region's name without what people write this way and that.
func plain(name string) string {
	var words []string
	for _, word := range strings.FieldsFunc(strings.ReplaceAll(strings.ToLower(name), "ё", "е"), func(r rune) bool { return strings.ContainsRune(" .,()", r) }) {
		if !slices.Contains([]string{"г", "город", "обл", "область", "респ", "республика", "край", "ао"}, word) {
			words = append(words, word)
		}
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// Sites are where all lockers stand of which that is known, or one ("" is all), by locker.
func (f *Fleet) Sites(ctx context.Context, locker string) (list []Site, err error) {
	rows, err := store.New(f.DB.Reads()).Sites(ctx, locker)
	for _, row := range rows {
		p := row.Site
		list = append(list, Site{Locker: p.Locker, City: city(row.City), PostCode: p.PostCode, Street: p.Street, House: p.House, Metro: split(p.Metro, ";"),
			Hours: split(p.Hours, ","), Indoors: p.Indoors, Way: p.Way, Inside: p.Inside})
	}
	return list, err
}

func city(row store.City) City {
	return City{ID: row.ID, Owner: row.Owner, Name: row.Name, English: row.English, Region: row.Region, Country: row.Country, FIAS: row.Fias, KLADR: row.Kladr}
}

func split(text, by string) (list []string) {
	for part := range strings.SplitSeq(text, by) {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}
