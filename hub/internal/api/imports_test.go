package api_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"lockstep/guard/statement"
	"lockstep/internal/contact"
)

func (b *bench) file(key, body string, headers ...string) answer {
	b.t.Helper()
	return b.do("POST", "/v1/imports", b.key, body, append([]string{"Idempotency-Key", key, "Content-Type", "text/csv"}, headers...)...)
}

// statuses are an import's rows in short: "2 created, 3 rejected invalid_phone".
func (a answer) rows(t *testing.T) string {
	t.Helper()
	var report struct {
		Rows []struct {
			Row          int
			Status, Code string
		}
	}
	if err := json.Unmarshal(a.body, &report); err != nil || a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	var list []string
	for _, r := range report.Rows {
		list = append(list, strings.TrimSpace(fmt.Sprint(r.Row, " ", r.Status, " ", r.Code)))
	}
	return strings.Join(list, ", ")
}

// opened are the contacts of all shipments as the notifier will read them, by barcode.
func (b *bench) opened() map[string]contact.Contact {
	b.t.Helper()
	private, err := statement.ParseSealKey(b.network.SealKey)
	must(b.t, err)
	list, err := b.custody.Contacts(b.t.Context(), 100)
	must(b.t, err)
	all := map[string]contact.Contact{}
	for _, c := range list {
		plain, err := statement.OpenContact(private, c.Sealed, c.Parcel.Barcode)
		must(b.t, err)
		all[c.Parcel.Barcode], err = contact.Decode(plain)
		must(b.t, err)
	}
	return all
}

func (b *bench) shipments() int {
	b.t.Helper()
	return strings.Count(string(b.get("/v1/shipments?limit=200").body), `"dwell_hours"`)
}

func TestImport(t *testing.T) {
	const file = "reference;Locker;recipient_name;phone;email;size;width_mm;height_mm;depth_mm;weight_g;dwell_hours;places;language\r\n" +
		"A-1;l1;" + name + ";" + phone + ";;s;;;;400;48;2;RU\r\n" +
		"A-2;l1;;;" + email + ";;370;180;600;;;;\r\n" +
		";;;;;;;;;;;;\r\n" +
		"A-3;l1;;8 903 111;;M;;;;;;;\r\n" +
		"A-1;l1;" + name + ";" + phone + ";;S;;;;400;48;2;ru\r\n" +
		"A-1;l1;" + name + ";" + phone + ";;M;;;;400;48;2;ru\r\n"
	each(t, func(t *testing.T, b *bench) {
		first := b.file("k", file)
		if got, want := first.rows(t), "2 created, 3 created, 5 rejected invalid_phone, 6 duplicate, 7 rejected reference_used"; got != want {
			t.Fatalf("%s\nwant %s", got, want)
		}
		if first.field(t, "created") != "2" || first.field(t, "duplicates") != "1" || first.field(t, "rejected") != "2" || first.header.Get("Content-Type") != "application/json" {
			t.Errorf("%v %s", first.header, first.body)
		}
		made := b.get("/v1/shipments/" + first.field(t, "rows.0.shipment"))
		if made.field(t, "reference") != "A-1" || made.field(t, "dwell_hours") != "48" || made.field(t, "parcels.1.size") != "S" || made.field(t, "parcels.1.weight_g") != "400" ||
			first.field(t, "rows.0.barcodes") != `["`+made.field(t, "parcels.0.barcode")+`","`+made.field(t, "parcels.1.barcode")+`"]` {
			t.Errorf("%s\n%s", made.body, first.body)
		}
		if got := b.get("/v1/shipments/" + first.field(t, "rows.1.shipment")); got.field(t, "parcels.0.size") != "M" || got.field(t, "dwell_hours") != "72" {
			t.Errorf("%s", got.body)
		}
		sealed := b.opened()
		if c := sealed[made.field(t, "parcels.1.barcode")]; c.Phone != phone || c.Name != name || c.Language != "ru" || len(sealed) != 3 {
			t.Errorf("%d contacts, and another was sealed", len(sealed))
		}
		mended := b.file("k", strings.Replace(file, "8 903 111", "+7 903 111-22-33", 1))
		if got, want := mended.rows(t), "2 duplicate, 3 duplicate, 5 created, 6 duplicate, 7 rejected reference_used"; got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		if again := b.file("k", file); again.rows(t) != "2 duplicate, 3 duplicate, 5 rejected invalid_phone, 6 duplicate, 7 rejected reference_used" ||
			again.field(t, "rows.0.shipment") != first.field(t, "rows.0.shipment") || b.shipments() != 3 {
			t.Errorf("%d shipments, %s", b.shipments(), again.body)
		}
		if got := b.do("POST", "/v1/imports", b.other, "locker,phone,size\nl1,"+phone+",L\n", "Idempotency-Key", "k", "Content-Type", "text/csv;charset=utf-8"); got.rows(t) != "2 created" || b.shipments() != 3 {
			t.Errorf("another merchant's: %s", got.body)
		}
		if got := b.file("full", "locker,phone,size\nl1,"+phone+",L\n"); got.rows(t) != "2 rejected locker_full" {
			t.Errorf("no room: %s", got.body)
		}
	})
}

// TestRowsWithoutAReferenceAreKnownByWhatTheySay, and a file that is sent twice at once is announced once.
func TestRowsWithoutAReferenceAreKnownByWhatTheySay(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		text := "recipient_name;phone;size;locker\nЁлкина Анна №7;" + phone + ";S;l1\nЁлкина Анна №8;" + phone + ";S;l1\n"
		old, err := charmap.Windows1251.NewEncoder().String(text)
		must(t, err)
		answers := make([]answer, 6)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = b.file("k", []string{text, old}[i%2]) })
		}
		all.Wait()
		created := 0
		for _, a := range answers {
			created += strings.Count(a.rows(t), "created")
			if a.field(t, "rejected") != "0" || a.field(t, "rows.0.shipment") != answers[0].field(t, "rows.0.shipment") {
				t.Errorf("%s", a.body)
			}
		}
		if created != 2 || b.shipments() != 2 {
			t.Errorf("%d created, %d shipments", created, b.shipments())
		}
		for _, c := range b.opened() {
			if !strings.HasPrefix(c.Name, "Ёлкина Анна №") {
				t.Error("a name came out as another")
			}
		}
	})
}

func TestBadRows(t *testing.T) {
	const columns = "locker,phone,email,recipient_name,language,size,width_mm,height_mm,depth_mm,weight_g,low,dwell_hours,places,reference\n"
	tests := []struct{ what, row, code, says string }{
		{"no locker", ",P,,,,S,,,,,,,,", "invalid_request", "locker: "},
		{"an unknown locker", "l9,P,,,,S,,,,,,,,", "unknown_locker", ""},
		{"a strange locker", "l 1'; DROP,P,,,,S,,,,,,,,", "unknown_locker", ""},
		{"no contact", "l1,,,,,S,,,,,,,,", "no_contact", ""},
		{"a phone as spreadsheets spoil it", "l1,\"7,90311E+10\",,,,S,,,,,,,,", "invalid_phone", ""},
		{"a formula as a phone", "l1,=" + phone + ",,,,S,,,,,,,,", "invalid_phone", ""},
		{"a very long phone", "l1,+" + strings.Repeat("7", 40) + ",,,,S,,,,,,,,", "invalid_request", "phone: "},
		{"a bad e-mail", "l1,,ann.secret@@x,,,S,,,,,,,,", "invalid_email", ""},
		{"a long name", "l1,P,," + strings.Repeat(name, 10) + ",,S,,,,,,,,", "invalid_request", "recipient_name: "},
		{"a name of two lines", "l1,P,,\"" + name + "\nx\",,S,,,,,,,,", "invalid_name", ""},
		{"a language", "l1,P,,,de,S,,,,,,,,", "invalid_request", "language: "},
		{"no size", "l1,P,,,,,,,,,,,,", "size_or_dimensions", ""},
		{"both", "l1,P,,,,S,1,1,1,,,,,", "size_or_dimensions", ""},
		{"a size", "l1,P,,,,XL,,,,,,,,", "invalid_request", "size: "},
		{"two measures", "l1,P,,,,,100,100,,,,,,", "invalid_request", "depth_mm: "},
		{"too large", "l1,P,,,,,100,100,700,,,,,", "does_not_fit", ""},
		{"a measure with a point", "l1,P,,,,,10.5,100,100,,,,,", "invalid_number", "width_mm"},
		{"a negative weight", "l1,P,,,,S,,,,-5,,,,", "invalid_request", "weight_g: "},
		{"no weight", "l1,P,,,,S,,,,0,,,,", "invalid_number", "weight_g"},
		{"a weight beyond all", "l1,P,,,,S,,,,99999999999999999999,,,,", "invalid_number", "weight_g"},
		{"low", "l1,P,,,,S,,,,,maybe,,,", "invalid_request", "low"},
		{"dwell", "l1,P,,,,S,,,,,,1,,", "invalid_request", "dwell_hours: "},
		{"dwell beyond what is kept", "l1,P,,,,S,,,,,,65584,,", "invalid_request", "dwell_hours: "},
		{"no places", "l1,P,,,,S,,,,,,,-1,", "invalid_request", "places"},
		{"too many places", "l1,P,,,,S,,,,,,,21,", "invalid_request", "places"},
		{"a long reference", "l1,P,,,,S,,,,,,,," + strings.Repeat("x", 101), "invalid_request", "reference: "},
		{"one cell too many", "l1,P,,,,S,,,,,,,,,x", "broken_row", "column 15"},
		{"a quote", "l1,P,,a\"b,,S,,,,,,,,", "broken_row", "quote"},
	}
	var file strings.Builder
	file.WriteString(columns)
	for _, tt := range tests {
		file.WriteString(strings.Replace(tt.row, ",P,", ","+phone+",", 1) + "\n")
	}
	each(t, func(t *testing.T, b *bench) {
		var got struct {
			Rows []struct{ Status, Code, Error, Shipment string }
		}
		a := b.file("bad", file.String())
		must(t, json.Unmarshal(a.body, &got))
		if len(got.Rows) != len(tests) {
			t.Fatalf("%d rows of %d: %s", len(got.Rows), len(tests), a.body)
		}
		for i, tt := range tests {
			if r := got.Rows[i]; r.Status != "rejected" || r.Code != tt.code || !strings.Contains(r.Error, tt.says) || r.Shipment != "" {
				t.Errorf("%s: %+v", tt.what, r)
			}
		}
		if left := b.get("/v1/lockers/l1"); b.shipments() != 0 || left.field(t, "room.0.free") != "2" {
			t.Errorf("something was made of them: %s", left.body)
		}
	})
}

func TestBadFiles(t *testing.T) {
	good := "locker,phone,size\nl1," + phone + ",S\n"
	tests := []struct {
		what, file, kind string
		status           int
		code             string
	}{
		{"ten megabytes", good + strings.Repeat("l1,"+phone+",S\n", 600_000), "text/csv", 413, "too_large"},
		{"ten thousand rows", good + strings.Repeat("l1,"+phone+",S\n", 10_000), "text/csv", 422, "too_many_rows"},
		{"nothing", "", "text/csv", 400, "malformed"},
		{"JSON", "{}", "application/json", 415, "unsupported_media_type"},
		{"no kind", good, "", 415, "unsupported_media_type"},
		{"a spreadsheet's own file", "PK\x03\x04\x14\x00\x06\x00", "text/csv", 422, "unreadable_text"},
		{"bytes", "\xff\xfe\xff\xfe\x00\xd8", "text/csv", 422, "unreadable_text"},
		{"a zero", "locker,phone,size\nl1,\x00,S\n", "text/csv", 422, "unreadable_text"},
		{"another delimiter", strings.ReplaceAll(good, ",", "|"), "text/csv", 422, "unknown_column"},
		{"other names", "terminal,tel\nl1," + phone + "\n", "text/csv", 422, "unknown_column"},
		{"its contacts as names", good[18:], "text/csv", 422, "unknown_column"},
		{"names twice", "locker,phone,size,phone\nl1,1,S,2\n", "text/csv", 422, "repeated_column"},
		{"names alone", "locker,phone,size\n", "text/csv", 422, "empty_file"},
	}
	each(t, func(t *testing.T, b *bench) {
		for i, tt := range tests {
			got := b.file(fmt.Sprint("bad-", i), tt.file, "Content-Type", tt.kind)
			if got.status != tt.status || got.field(t, "code") != tt.code || got.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %d %s", tt.what, got.status, got.body)
			}
		}
		if got := b.do("POST", "/v1/imports", b.key, good, "Content-Type", "text/csv"); got.status != 422 || got.field(t, "errors.0.location") != "header.Idempotency-Key" {
			t.Errorf("no idempotency key: %d %s", got.status, got.body)
		}
		if got := b.do("POST", "/v1/imports?report=pdf", b.key, good, "Content-Type", "text/csv", "Idempotency-Key", "x"); got.status != 422 {
			t.Errorf("another report: %d %s", got.status, got.body)
		}
		if b.shipments() != 0 {
			t.Error("something was made of them")
		}
	})
}

func TestAReportForSpreadsheets(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		const evil = `=HYPERLINK(\x22http://x\x22)`
		reference := strings.ReplaceAll(evil, `\x22`, `"`)
		file := "reference\tlocker\tphone\tsize\n\"" + strings.ReplaceAll(reference, `"`, `""`) + "\"\tl1\t" + phone + "\tS\n@SUM(A1)\tl9\t" + phone + "\tS\n"
		got := b.do("POST", "/v1/imports?report=csv", b.key, file, "Content-Type", "text/csv", "Idempotency-Key", "k")
		if got.status != 200 || got.header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.HasPrefix(string(got.body), "\ufeffrow\treference\t") {
			t.Fatalf("%d %v %q", got.status, got.header, got.body)
		}
		lines := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(got.body), "\ufeff")))
		lines.Comma = '\t'
		rows, err := lines.ReadAll()
		must(t, err)
		if len(rows) != 3 || rows[1][1] != "'"+reference || rows[1][2] != "created" || len(rows[1][4]) != 12 || rows[2][1] != "'@SUM(A1)" || rows[2][5] != "unknown_locker" {
			t.Errorf("%q", rows)
		}
		if made := b.get("/v1/shipments/" + rows[1][3]); made.field(t, "reference") != reference {
			t.Errorf("the reference became %s", made.body)
		}
	})
}

func TestAnImportIsRefusedWhereContactsComeSealed(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.merchant().use()
		if got := b.file("k", "locker,phone,size\nl1,"+phone+",S\n"); got.rows(t) != "2 rejected contact_key_in_use" || b.shipments() != 0 {
			t.Errorf("%s", got.body)
		}
	})
}
