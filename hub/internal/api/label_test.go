package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"lockstep/hub/internal/api"
	"lockstep/hub/internal/custody"
	"lockstep/parcel"
)

const two = `{"locker":"l1","reference":"Заказ_7^XA",` + to + `,"parcels":[{"size":"S"},{"size":"M","low":true,"reference":"BOX-2"}]}`

func TestLabels(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		made := b.announce("labels", two)
		shipment, first, second := "/v1/shipments/"+made.field(t, "id"), made.field(t, "parcels.0.barcode"), made.field(t, "parcels.1.barcode")
		for path, kind := range map[string]string{shipment + "/label.pdf?paper=a4": "application/pdf", "/v1/parcels/" + first + "/label.pdf": "application/pdf",
			shipment + "/label.zpl": "application/zpl", "/v1/parcels/" + first + "/label.zpl": "application/zpl"} {
			start := map[string]string{"application/pdf": "%PDF-", "application/zpl": "^XA\n"}[kind]
			if got := b.get(path); got.status != 200 || got.header.Get("Content-Type") != kind || !strings.HasPrefix(string(got.body), start) {
				t.Errorf("%s: %d %s %.60s", path, got.status, got.header.Get("Content-Type"), got.body)
			}
			if got := b.do("GET", path, b.other, ""); got.status != 404 {
				t.Errorf("%s of another merchant: %d %.60s", path, got.status, got.body)
			}
		}
		for path, want := range map[string][]string{shipment + "/label.zpl": {first, second}, "/v1/parcels/" + second + "/label.zpl": {second}} {
			zpl := string(b.get(path).body)
			if strings.Count(zpl, "^XA") != len(want) || strings.Count(zpl, "^XZ") != len(want) {
				t.Errorf("%s: %s", path, zpl)
			}
			for _, barcode := range want {
				if strings.Count(zpl, "^FD>;"+barcode+"^FS") != 1 || strings.Count(zpl, "^FD>;>800"+gs1Prefix.SSCC(barcode)+"^FS") != 1 {
					t.Errorf("%s: %s is not on it once", path, barcode)
				}
			}
		}
		other := b.announce("labels2", small).field(t, "id")
		id := strings.TrimPrefix(shipment, "/v1/shipments/")
		if got := b.get("/v1/labels.zpl?shipments=" + other + "," + id); got.status != 200 || strings.Count(string(got.body), "^XA") != 3 || strings.Index(string(got.body), first) < strings.Index(string(got.body), "^XZ") {
			t.Errorf("labels of two shipments, in their order: %d %s", got.status, got.body)
		}
		if got := b.get("/v1/labels.pdf?paper=a4&shipments=" + id + "," + other); got.status != 200 || !strings.HasPrefix(string(got.body), "%PDF-") {
			t.Errorf("labels of two shipments: %d %.60s", got.status, got.body)
		}
		for query, want := range map[string]int{"": 422, "?shipments=": 422, "?shipments=" + id + ",nothing": 404, "?shipments=" + strings.Repeat(id+",", 100) + id: 422} {
			if got := b.get("/v1/labels.zpl" + query); got.status != want {
				t.Errorf("labels.zpl%.40s: %d %s, want %d", query, got.status, got.body, want)
			}
		}
		if got := b.do("GET", "/v1/labels.zpl?shipments="+id, b.other, ""); got.status != 404 {
			t.Errorf("labels of another merchant: %d %s", got.status, got.body)
		}
		b.told[second] = "Zoya Told"
		for path, want := range map[string]int{shipment + "/label.zpl": 1, "/v1/parcels/" + second + "/label.zpl": 1, "/v1/parcels/" + first + "/label.zpl": 0} {
			if got := b.get(path); strings.Count(string(got.body), "Zoya Told") != want {
				t.Errorf("%s: the recipient's name is not on it %d times: %s", path, want, got.body)
			}
		}
		b.guard.Deposit(1, first)
		b.up(b.guard)
		b.do("POST", shipment+"/cancel", b.key, "") // what lies in the locker stays, the other place is cancelled
		for path, want := range map[string]int{shipment + "/label.pdf": 200, "/v1/parcels/" + first + "/label.pdf": 200, "/v1/parcels/" + second + "/label.pdf": 409, "/v1/parcels/" + second + "/label.zpl": 409} {
			if got := b.get(path); got.status != want || want == 409 && got.field(t, "code") != "cancelled" {
				t.Errorf("%s once a place is cancelled: %d %.60s", path, got.status, got.body)
			}
		}
		if zpl := string(b.get(shipment + "/label.zpl").body); strings.Count(zpl, "^XA") != 1 || strings.Contains(zpl, second) {
			t.Errorf("%s", zpl)
		}
		whole := "/v1/shipments/" + b.announce("cancelled", small).field(t, "id")
		b.do("POST", whole+"/cancel", b.key, "")
		for _, path := range []string{whole + "/label.pdf", whole + "/label.zpl"} {
			if got := b.get(path); got.status != 409 {
				t.Errorf("%s of what is cancelled: %d %.60s", path, got.status, got.body)
			}
		}
		for path, want := range map[string]int{"/v1/parcels/" + first + "/label.zpl?paper=a4": 422, "/v1/parcels/200019999999/label.zpl": 404, "/v1/shipments/none/label.zpl": 404, shipment + "/label.pdf?paper=a5": 422} {
			if got := b.get(path); got.status != want {
				t.Errorf("%s: %d %.60s, want %d", path, got.status, got.body, want)
			}
		}
	})
}

// TestSSCC: a parcel says the same SSCC wherever it is said.
func TestSSCC(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		made := b.announce("sscc", two)
		barcode := made.field(t, "parcels.1.barcode")
		want := gs1Prefix.SSCC(barcode)
		if got := b.get("/v1/parcels/" + barcode); want == "" || made.field(t, "parcels.1.sscc") != want || got.field(t, "sscc") != want {
			t.Errorf("%s: want %q, announced %s, %s", barcode, want, made.body, got.body)
		}
		for prefix, want := range map[parcel.GS1Prefix]string{gs1Prefix: want, "": ""} {
			m := api.Message(custody.Event{Parcel: custody.Parcel{Barcode: barcode}}, prefix, func(string) string { return "" })
			if data, ok := m.Data.(api.NoticeData); !ok || data.Parcel.SSCC != want {
				t.Errorf("a notice says %+v, want %q", m.Data, want)
			}
		}
	})
}

// TestLabelsAreDocumented: the document names what a label comes as.
func TestLabelsAreDocumented(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		var d document
		must(t, json.Unmarshal(b.do("GET", "/v1/openapi.json", "", "").body, &d))
		for _, of := range []string{"/v1/shipments/{id}", "/v1/parcels/{barcode}"} {
			for file, kind := range map[string]string{"/label.pdf": "application/pdf", "/label.zpl": "application/zpl"} {
				o := d.Paths[of+file]["get"]
				if o == nil {
					t.Errorf("%s%s is not documented", of, file)
					continue
				}
				if content, _ := o.Responses["200"]["content"].(map[string]any); len(content) != 1 || content[kind] == nil {
					t.Errorf("%s%s: %v", of, file, content)
				}
			}
		}
		if d.Components.Schemas["Parcel"].Properties["sscc"] == nil {
			t.Error("no sscc in the document")
		}
	})
}
