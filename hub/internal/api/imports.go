package api

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lockstep/hub/internal/account"
	"lockstep/internal/fault"
	"lockstep/internal/secret"
	"lockstep/internal/sheet"
)

// Bounds of an import. What of it has not had its turn after importTime has none: the answer must go out before the request's minute
// is over, of which the body may take importRead.
const (
	maxImport  = 4 << 20
	maxRows    = 2000
	importTime = 30 * time.Second
	importRead = 20 * time.Second
)

// Import is what became of a file, row by row.
type Import struct {
	Created    int           `json:"created" example:"118"`
	Duplicates int           `json:"duplicates" example:"0"`
	Rejected   int           `json:"rejected" example:"2"`
	Rows       []ImportedRow `json:"rows" doc:"As in the file; rows without content are left out"`
}

// ImportedRow is what became of one row.
type ImportedRow struct {
	Row       int      `json:"row" example:"2" doc:"The line of the file where it begins; the names of the columns are in line 1"`
	Reference string   `json:"reference,omitempty" example:"ORDER-117"`
	Status    string   `json:"status" enum:"created,duplicate,rejected" example:"created" doc:"duplicate: this import has announced it before, and nothing was done"`
	Shipment  string   `json:"shipment,omitempty" format:"uuid"`
	Barcodes  []string `json:"barcodes,omitempty" example:"200010000018"`
	Code      string   `json:"code,omitempty" example:"invalid_phone" doc:"Of a rejected row: what createShipment says, or broken_row, invalid_number, reference_used, not_tried"`
	Error     string   `json:"error,omitempty" example:"the recipient's phone number cannot be one" doc:"For people"`
}

type importIn struct {
	Key         string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"255" example:"orders-2026-11-23" doc:"Yours, one for each file: send the file again after a doubt, or mended, and nothing is announced twice"`
	Report      string `query:"report" enum:"json,csv" default:"json" doc:"csv: the same as a table, which a spreadsheet can open without harm"`
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"text/csv"`
}

type importOut struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (d *door) imports() {
	report := d.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Import](), true, "Import")
	route(d, huma.Operation{OperationID: "importShipments", Method: http.MethodPost, Path: "/v1/imports", Tags: []string{"Shipments"}, MaxBodyBytes: maxImport, BodyReadTimeout: importRead,
		Summary: "Announce many shipments with a table",
		Description: "A CSV file, a shipment in each row, announced one by one just as createShipment does it: what is wrong with one row is said of that row, and the others are announced. " +
			"Columns, in any order, by the names in the first row: " + strings.Join(importColumns(), ", ") + ". A row has a locker, a phone or an email, and a size (S, M, L) or the three measures of the box; " +
			"places is how many such parcels there are (1). Separated by commas, semicolons or tabs; UTF-8, UTF-16 or Windows-1251. At most 2,000 rows and 4 MiB.\n\n" +
			"A row is known again by its reference, or by all that it says where it has none: after a doubt send the file again with the same key, and mend rejected rows in it. " +
			"A reference that was announced with other content is rejected. " +
			"Codes for the whole file: unreadable_text, empty_file, unknown_column, repeated_column, broken_row, too_many_rows (422).",
		Errors: []int{400, 413, 415},
		Responses: map[string]*huma.Response{"200": {Description: "What became of each row, also where that is nothing good", Content: map[string]*huma.MediaType{
			"application/json": {Schema: report}, "text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}}}},
	}, d.importFile)
	d.api.OpenAPI().Paths["/v1/imports"].Post.RequestBody.Content["text/csv"].Example = "locker;reference;recipient_name;phone;size\nmsk-0042;ORDER-118;Ann;+79161234567;M\n"
}

func (d *door) importFile(ctx context.Context, m account.Merchant, in *importIn) (*importOut, error) {
	if kind, _, err := mime.ParseMediaType(in.ContentType); err != nil || kind != "text/csv" {
		return nil, newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "the body must be text/csv")
	}
	table, err := sheet.Read(in.RawBody, importColumns(), maxRows)
	if err != nil {
		return nil, err
	}
	began := d.Now()
	late := func() bool { return d.Now().Sub(began) > importTime || ctx.Err() != nil }
	done := tryRows(table.Rows, late, func(r sheet.Row) (ImportedRow, error) {
		out, err := d.importRow(ctx, m, in.Key, r)
		if err != nil && fault.KindOf(err) == fault.Internal {
			d.problem(ctx, err) // logs it
		}
		return out, err
	})
	if in.Report == "csv" {
		return &importOut{"text/csv; charset=utf-8", sheet.Write(table.Delimiter, done.table())}, nil
	}
	return &importOut{"application/json", marshal(done)}, nil
}

// tryRows does one row after the other. Where the fault is ours, or it is late, the rest is left to another time: it would fare no better.
func tryRows(rows []sheet.Row, late func() bool, do func(sheet.Row) (ImportedRow, error)) (done Import) {
	stopped := false
	for _, r := range rows {
		out := ImportedRow{Status: "rejected", Code: "not_tried", Error: "there was no time for this row, or something went wrong before; send the file again"}
		if stopped = stopped || late(); !stopped {
			var err error
			out, err = do(r)
			if kind := fault.KindOf(err); err != nil {
				out.Status = "rejected"
				out.Code, out.Error = fault.Public(err)
				stopped = kind == fault.Internal || kind == fault.Unavailable || kind == fault.Paused
			}
		}
		out.Row, out.Reference = r.Line, shortened(r.Cells["reference"])
		done.add(out)
	}
	return done
}

func (i *Import) add(r ImportedRow) {
	switch r.Status {
	case "created":
		i.Created++
	case "duplicate":
		i.Duplicates++
	default:
		i.Rejected++
	}
	i.Rows = append(i.Rows, r)
}

// shortened is no longer than a reference may be.
func shortened(text string) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), 100)])
}

// table is the report for a spreadsheet.
func (i Import) table() [][]string {
	rows := [][]string{{"row", "reference", "status", "shipment", "barcodes", "code", "error"}}
	for _, r := range i.Rows {
		rows = append(rows, []string{strconv.Itoa(r.Row), r.Reference, r.Status, r.Shipment, strings.Join(r.Barcodes, " "), r.Code, r.Error})
	}
	return rows
}

// importRow announces one row. Its idempotency key is the file's with the reference, or with all that the row says; it is keyed, because
// the row holds a contact.
func (d *door) importRow(ctx context.Context, m account.Merchant, key string, r sheet.Row) (ImportedRow, error) {
	if r.Broken != nil {
		return ImportedRow{}, r.Broken
	}
	body, err := shipmentOf(r.Cells)
	if err != nil {
		return ImportedRow{}, err
	}
	if err := d.checkRow(body); err != nil {
		return ImportedRow{}, err
	}
	to, err := body.contact()
	if err != nil {
		return ImportedRow{}, err
	}
	said := d.digest(m.ID, body, to)
	if body.Reference != "" {
		said = []byte(body.Reference)
	}
	s, replayed, err := d.announce(ctx, m, fmt.Sprintf("import %x", secret.Keyed(d.BodyKey, []byte("import"), []byte(key), said)), body)
	if code, _ := fault.Public(err); code == "idempotency_conflict" {
		err = fault.New(fault.Conflict, "reference_used", "this import has announced the reference with other content; nothing was done")
	}
	if err != nil {
		return ImportedRow{}, err
	}
	out := ImportedRow{Status: "created", Shipment: s.ID}
	if replayed {
		out.Status = "duplicate"
	}
	for _, p := range s.Parcels {
		out.Barcodes = append(out.Barcodes, p.Barcode)
	}
	return out, nil
}
