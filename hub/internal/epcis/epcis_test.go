package epcis_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/epcis"
	"lockstep/internal/npm"
	"lockstep/parcel"
)

var made = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func names(t *testing.T) epcis.Names {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Kathmandu")
	if err != nil {
		t.Fatal(err)
	}
	return epcis.Names{URL: "https://hub.example", Zone: func(string) *time.Location { return zone }}
}

// everything is a parcel to which every row of the lifecycle has happened, one after the other.
func everything() epcis.Subject {
	s := epcis.Subject{Parcel: custody.Parcel{Barcode: "200010000018", Shipment: "0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e4f"}, Reference: "Заказ 7/ü #&?"}
	for i, row := range parcel.Lifecycle() {
		e := custody.Event{ID: fmt.Sprintf("0199f3a2-7c1e-7d10-8a44-0f6b1c2d%04x", i), Barcode: "200010000018", Number: i + 1, What: row.What,
			Actor: "courier house/secret-name", Reason: "secret reason", Before: row.From, After: row.To, Proof: row.Proof, Locker: "msk 0042", Compartment: 4711,
			Happened: made.Add(time.Duration(i) * time.Second).UnixMicro(), Received: made.Add(time.Duration(i) * time.Minute).UnixMicro()}
		if row.Proof == parcel.Record {
			e.Record, e.Guard = uint64(i+1), 2
		}
		s.Events = append(s.Events, e)
	}
	return s
}

// TestThePublishedSchemaTakesEveryRow holds a document with every row of the lifecycle against GS1's schema, and sees that the schema
// would refuse others.
func TestThePublishedSchemaTakesEveryRow(t *testing.T) {
	script := npm.Open(t, "testdata/validate/validate.cjs")
	back := everything()
	back.Parcel.Outbound = true
	document, err := json.Marshal(names(t).Document(made, everything(), back))
	if err != nil {
		t.Fatal(err)
	}
	if said, ok := script.Run(t, document); !ok {
		t.Errorf("refused: %s\n%s", said, document)
	}
	if said, ok := script.Run(t, mustMarshal(t, names(t).Document(made))); !ok {
		t.Errorf("a document without events is refused: %s", said)
	}
	for _, change := range [][2]string{
		{`"storing"`, `"eating"`}, {`"unknown"`, `"eaten"`}, {`"OBSERVE"`, `"SEE"`}, {`"eventTime"`, `"time"`}, {`"+05:45"`, `"5:45"`},
		{`"https://hub.example/v1/parcels/200010000018"`, `"200010000018"`}, {`"lockstep:fact"`, `"other:fact"`}, {`"schemaVersion"`, `"version"`},
		{`"urn:uuid:`, `"`}, {`"desadv"`, `"letter"`},
	} {
		if broken := strings.Replace(string(document), change[0], change[1], 1); broken == string(document) {
			t.Errorf("the document has no %s", change[0])
		} else if _, ok := script.Run(t, []byte(broken)); ok {
			t.Errorf("%s instead of %s was taken", change[1], change[0])
		}
	}
}

func mustMarshal(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestEvents(t *testing.T) {
	s := everything()
	d := names(t).Document(made, s)
	if len(d.Body.Events) != len(parcel.Lifecycle()) {
		t.Fatalf("%d events", len(d.Body.Events))
	}
	const locker = "https://hub.example/v1/lockers/msk%200042"
	for i, row := range parcel.Lifecycle() {
		e := d.Body.Events[i]
		if e.BizStep == "" || e.Disposition == "" || (e.BizStep == "other") != (row.From == row.To) || (e.Action == "ADD") != (row.What == parcel.WasAnnounced) {
			t.Errorf("%+v: %+v", row, e)
		}
		if (e.Record > 0) != (row.Proof == parcel.Record) || (e.Journal == locker) != (row.Proof == parcel.Record) || e.Fact != string(row.What) || e.Proof != string(row.Proof) {
			t.Errorf("%+v: %+v", row, e)
		}
		if (e.BizLocation != nil) != row.To.Inside() || e.ReadPoint != nil && (row.Proof == parcel.Claim || *e.ReadPoint != (epcis.Location{ID: locker})) ||
			e.ReadPoint == nil && row.Proof != parcel.Claim && row.What != parcel.WasDispatched {
			t.Errorf("%+v: read at %v, then at %v", row, e.ReadPoint, e.BizLocation)
		}
	}
	text := string(mustMarshal(t, d))
	for _, private := range []string{"secret", "courier", "4711", "Заказ"} {
		if strings.Contains(text, private) {
			t.Errorf("the document says %q", private)
		}
	}
}

func TestADocument(t *testing.T) {
	later := epcis.Subject{Parcel: custody.Parcel{Barcode: "200010000025", Shipment: "s1"}, Events: []custody.Event{
		{ID: "0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e01", Barcode: "200010000025", Number: 1, What: parcel.WasAnnounced, After: parcel.Announced, Proof: parcel.Claim,
			Happened: made.UnixMicro(), Received: made.Add(time.Second).UnixMicro(), Locker: "l1"}}}
	first := epcis.Subject{Parcel: custody.Parcel{Barcode: "200010000018", Shipment: "s1"}, Reference: "A 1", Events: []custody.Event{
		{ID: "0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e02", Barcode: "200010000018", Number: 3, What: parcel.WasStored, Before: parcel.Dispatched, After: parcel.Stored, Proof: parcel.Record,
			Happened: made.UnixMicro(), Received: made.UnixMicro(), Locker: "l1", Record: 1841, Guard: 1}}}
	d := names(t).Document(made, later, first)
	const want = `{"type":"ObjectEvent","eventID":"urn:uuid:0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e02","eventTime":"2026-03-01T09:00:00.000000Z","eventTimeZoneOffset":"+05:45",` +
		`"recordTime":"2026-03-01T09:00:00.000000Z","epcList":["https://hub.example/v1/parcels/200010000018"],"action":"OBSERVE","bizStep":"storing","disposition":"non_sellable_other",` +
		`"readPoint":{"id":"https://hub.example/v1/lockers/l1"},"bizLocation":{"id":"https://hub.example/v1/lockers/l1"},` +
		`"bizTransactionList":[{"type":"desadv","bizTransaction":"https://hub.example/v1/shipments/s1"},{"bizTransaction":"https://hub.example/v1/shipments?reference=A+1"}],` +
		`"lockstep:fact":"stored","lockstep:number":3,"lockstep:proof":"record","lockstep:journal":"https://hub.example/v1/lockers/l1","lockstep:guard":1,"lockstep:record":1841}`
	if got := string(mustMarshal(t, d.Body.Events[0])); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	const head = `{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",{"lockstep":"https://hub.example/docs#"}],"type":"EPCISDocument",` +
		`"schemaVersion":"2.0","creationDate":"2026-03-01T09:00:00.000000Z","epcisBody":{"eventList":[`
	if got := string(mustMarshal(t, d)); !strings.HasPrefix(got, head) || d.Body.Events[1].EPCs[0] != "https://hub.example/v1/parcels/200010000025" {
		t.Errorf("got %s", got)
	}
}
