package fleet

import (
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"lockstep/hub/internal/fleet/store"
	"lockstep/internal/fault"
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

// cityColumns and siteColumns are the heads of the files that operators import; the order is free, further columns are refused.
var (
	cityColumns = []string{"id", "owner", "name", "english", "region", "country", "fias", "kladr"}
	siteColumns = []string{"locker", "city", "post_code", "street", "house", "metro", "hours", "indoors", "way", "inside"}
	openDay     = regexp.MustCompile(`^(NODAY|([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-4]):[0-5][0-9](/([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-4]):[0-5][0-9])?)$`)
	country     = regexp.MustCompile(`^[A-Z]{2,3}$`)
)

// ImportCities takes cities from a CSV file whose first line names its columns, or none of them: the fault says which line is wrong.
func (f *Fleet) ImportCities(ctx context.Context, file io.Reader) (n int, err error) {
	return f.importRows(ctx, file, cityColumns, func(q *store.Queries, row map[string]string) error {
		id, err1 := strconv.ParseInt(row["id"], 10, 32)
		owner, err2 := strconv.ParseInt("0"+row["owner"], 10, 32)
		if err1 != nil || err2 != nil || id <= 0 || !country.MatchString(row["country"]) || row["name"] == "" {
			return errors.New("a city has an id, a name and a country of two or three letters")
		}
		return q.SetCity(ctx, store.SetCityParams{ID: id, Owner: owner, Name: row["name"], English: row["english"], Region: row["region"], Country: row["country"],
			Fias: row["fias"], Kladr: row["kladr"]})
	})
}

// ImportSites takes lockers' sites likewise.
func (f *Fleet) ImportSites(ctx context.Context, file io.Reader) (n int, err error) {
	return f.importRows(ctx, file, siteColumns, func(q *store.Queries, row map[string]string) error {
		city, err := strconv.ParseInt(row["city"], 10, 32)
		if err != nil {
			return errors.New("city is a city's id")
		}
		if _, err := q.Locker(ctx, row["locker"]); err != nil {
			return notThere(err, "there is no locker %q", row["locker"])
		}
		if _, err := q.City(ctx, city); err != nil {
			return notThere(err, "there is no city %d; import cities first", city)
		}
		hours := strings.Split(row["hours"], ",")
		if len(hours) != 7 || slices.ContainsFunc(hours, func(day string) bool { return !openDay.MatchString(day) }) {
			return errors.New(`hours are seven days from Monday, separated by commas, each like 09:00-21:00 or NODAY`)
		}
		indoors, err := strconv.ParseBool(row["indoors"])
		if err != nil {
			return errors.New("indoors is true or false")
		}
		return q.SetSite(ctx, store.SetSiteParams{Locker: row["locker"], City: city, PostCode: row["post_code"], Street: row["street"], House: row["house"],
			Metro: row["metro"], Hours: row["hours"], Indoors: indoors, Way: row["way"], Inside: row["inside"]})
	})
}

func notThere(err error, format string, args ...any) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf(format, args...)
	}
	return err
}

// maxCell bounds a cell, in characters.
const maxCell = 1000

// importRows does all rows of a file, or none.
func (f *Fleet) importRows(ctx context.Context, file io.Reader, columns []string, do func(q *store.Queries, row map[string]string) error) (n int, err error) {
	r := csv.NewReader(file)
	head, err := r.Read()
	if err != nil {
		return 0, badFile(1, "it has no first line with the columns' names")
	}
	head[0] = strings.TrimPrefix(head[0], "\uFEFF")
	for _, column := range head {
		if !slices.Contains(columns, column) {
			return 0, badFile(1, "there is no column %q; there are %s", column, strings.Join(columns, ", "))
		}
	}
	return n, f.DB.Tx(ctx, func(tx *sql.Tx) error {
		q := store.New(tx)
		n = 0
		for {
			cells, err := r.Read()
			if errors.Is(err, io.EOF) {
				return nil
			}
			line, _ := r.FieldPos(0)
			if err != nil {
				return badFile(line, "it is not a row of the file: %v", err)
			}
			row := map[string]string{}
			for i, cell := range cells {
				if !utf8.ValidString(cell) || strings.ContainsRune(cell, 0) || utf8.RuneCountInString(cell) > maxCell {
					return badFile(line, "column %s is no text of at most %d characters in UTF-8", head[i], maxCell)
				}
				row[head[i]] = strings.TrimSpace(cell)
			}
			if err := do(q, row); err != nil {
				return badFile(line, "%v", err)
			}
			n++
		}
	})
}

func badFile(line int, format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_file", "line %d: %s", line, fmt.Sprintf(format, args...))
}

// Cities are all cities, by region and name.
func (f *Fleet) Cities(ctx context.Context) (list []City, err error) {
	rows, err := store.New(f.DB.Reads()).Cities(ctx)
	for _, row := range rows {
		list = append(list, city(row))
	}
	return list, err
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
