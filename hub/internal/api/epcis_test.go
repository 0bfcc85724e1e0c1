package api_test

import (
	"strings"
	"testing"
)

func TestEPCIS(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		made := b.announce("two", `{"locker":"l1","reference":"ORDER-1",`+to+`,"parcels":[{"size":"S"},{"size":"S"}]}`)
		barcode := made.field(t, "parcels.0.barcode")
		b.guard.Deposit(1, barcode)
		b.up(b.guard)
		one, all := b.get("/v1/parcels/"+barcode+"/epcis"), b.get("/v1/shipments/"+made.field(t, "id")+"/epcis")
		for path, want := range map[string]string{
			"type": "EPCISDocument", "epcisBody.eventList.0.bizStep": "commissioning", "epcisBody.eventList.0.epcList": `["https://hub.example/v1/parcels/` + barcode + `"]`,
			"epcisBody.eventList.1.bizStep": "storing", "epcisBody.eventList.1.readPoint": `{"id":"https://hub.example/v1/lockers/l1"}`,
			"epcisBody.eventList.1.lockstep:record": "5", "epcisBody.eventList.1.lockstep:guard": "1", "epcisBody.eventList.1.eventTimeZoneOffset": "+03:00",
			"epcisBody.eventList.1.bizTransactionList.1.bizTransaction": "https://hub.example/v1/shipments?reference=ORDER-1",
		} {
			if got := one.field(t, path); got != want {
				t.Errorf("%s is %s, want %s", path, got, want)
			}
		}
		if one.header.Get("Content-Type") != "application/ld+json" || strings.Count(string(one.body), "ObjectEvent") != 2 || strings.Count(string(all.body), "ObjectEvent") != 3 {
			t.Errorf("%v %s\n%s", one.header, one.body, all.body)
		}
		found := b.get(strings.TrimPrefix(one.field(t, "epcisBody.eventList.1.bizTransactionList.1.bizTransaction"), "https://hub.example"))
		if found.field(t, "shipments.0.id") != made.field(t, "id") {
			t.Errorf("the reference leads to %s", found.body)
		}
	})
}
