package api

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"lockstep/hub/internal/custody"
	"lockstep/internal/contact"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// importColumns are the names that a table's columns may have.
func importColumns() []string {
	return []string{"locker", "reference", "recipient_name", "phone", "email", "language", "size", "width_mm", "height_mm", "depth_mm", "weight_g", "low", "dwell_hours", "places"}
}

// shipmentOf is the request that a row stands for, with the defaults that a request has.
func shipmentOf(cells map[string]string) (newShipment, error) {
	n := newShipment{Locker: cells["locker"], Reference: cells["reference"], DwellHours: int(parcel.DefaultDwell),
		Recipient: &recipient{Phone: sealed(cells["phone"]), Email: sealed(cells["email"]), Name: sealed(cells["recipient_name"]), Language: contact.DefaultLanguage}}
	if cells["language"] != "" {
		n.Recipient.Language = strings.ToLower(cells["language"])
	}
	places := 1
	if err := read(cells, amount{"dwell_hours", &n.DwellHours}, amount{"places", &places}); err != nil {
		return n, err
	}
	if places < 1 || places > custody.MaxParcels {
		return n, fault.New(fault.Invalid, "invalid_request", "places is a number from 1 to %d", custody.MaxParcels)
	}
	box, err := boxOf(cells)
	n.Parcels = slices.Repeat([]newParcel{box}, places)
	return n, err
}

// boxOf is each of a row's parcels.
func boxOf(cells map[string]string) (box newParcel, err error) {
	low, known := map[string]bool{"": false, "no": false, "0": false, "false": false, "yes": true, "1": true, "true": true}[strings.ToLower(cells["low"])]
	if !known {
		return box, fault.New(fault.Invalid, "invalid_request", "low is yes or no")
	}
	box = newParcel{Size: strings.ToUpper(cells["size"]), Low: low}
	if err := read(cells, amount{"weight_g", &box.WeightG}); err != nil || cells["width_mm"]+cells["height_mm"]+cells["depth_mm"] == "" {
		return box, err
	}
	box.Dimensions = &dimensions{}
	return box, read(cells, amount{"width_mm", &box.Dimensions.W}, amount{"height_mm", &box.Dimensions.H}, amount{"depth_mm", &box.Dimensions.L})
}

// amount is a column with a whole number.
type amount struct {
	column string
	into   *int
}

// read leaves what is there where the row says nothing.
func read(cells map[string]string, amounts ...amount) error {
	for _, a := range amounts {
		text := cells[a.column]
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n == 0 {
			return fault.New(fault.Invalid, "invalid_number", "%s is not a whole number, or 0", a.column)
		}
		*a.into = n
	}
	return nil
}

// checkRow holds a row to what the document says of the request that it stands for.
func (d *door) checkRow(n newShipment) error {
	var value any
	if err := json.Unmarshal(marshal(n), &value); err != nil {
		return err
	}
	schemas := d.api.OpenAPI().Components.Schemas
	found, path := &huma.ValidateResult{}, huma.NewPathBuffer(nil, 0)
	path.Push("body")
	huma.Validate(schemas, schemas.Schema(reflect.TypeFor[newShipment](), true, "NewShipment"), path, huma.ModeWriteToServer, value, found)
	for _, wrong := range details(found.Errors) {
		return fault.New(fault.Invalid, "invalid_request", "%s: %s", columnOf(wrong.Location), wrong.Message)
	}
	return nil
}

// columnOf is the column that a place in a request comes from.
func columnOf(location string) string {
	name := location[strings.LastIndex(location, ".")+1:]
	if column, ok := map[string]string{"name": "recipient_name", "w": "width_mm", "h": "height_mm", "l": "depth_mm"}[name]; ok {
		return column
	}
	return name
}
