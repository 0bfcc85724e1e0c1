//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"lockstep/demo"
)

// TestNames: a name that the notifier alone keeps is where shops' software and operators look for it, as long as there is a notifier.
func TestNames(t *testing.T) {
	ctx, n := start(t)
	post := func(method string, body map[string]any, into any) {
		t.Helper()
		data, err := json.Marshal(body)
		must(t, err)
		answer, err := http.Post(n.Hub+"/api/"+method, "application/json", bytes.NewReader(data))
		must(t, err)
		defer answer.Body.Close()
		must(t, json.NewDecoder(answer.Body).Decode(into))
	}
	var session struct{ SessionId string }
	post("login", map[string]any{"Login": "apitest", "Password": "apitest"}, &session)
	parcel, err := n.Announce(ctx, demo.Announcement{Phone: "+79165550001", Name: "Zoya Petrova", Size: "S", DwellHours: 72})
	must(t, err)
	named := func() string {
		var list []struct{ FIO string }
		post("sendinginfo", map[string]any{"SessionId": session.SessionId, "InvoiceNumber": parcel.Barcode[:11]}, &list)
		if len(list) != 1 {
			t.Fatalf("%+v", list)
		}
		return list[0].FIO
	}
	for patience := time.After(20 * time.Second); named() != "Zoya Petrova"; { // until its contact is pinned
		select {
		case <-time.After(100 * time.Millisecond):
		case <-patience:
			t.Fatalf("the recipient is called %q\n%s", named(), logs(t, n))
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, n.Hub+"/v1/parcels/"+parcel.Barcode+"/label.zpl", nil)
	must(t, err)
	request.Header.Set("Authorization", "Bearer "+n.APIKey)
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	defer answer.Body.Close()
	var label bytes.Buffer
	_, err = label.ReadFrom(answer.Body)
	must(t, err)
	if !strings.Contains(label.String(), "Zoya Petrova") || !strings.Contains(label.String(), "0001") {
		t.Errorf("%s", label.String())
	}

	var order struct {
		CourierRequestRegistred bool
		OrderNumber             string
		ErrorMessage            any
	}
	post("courier", map[string]any{"SessionId": session.SessionId, "City": "Казань", "Address": "ул. Баумана, 7", "FIO": "Olga Secretova", "Phone": "+7 843 200-00-42",
		"Date": n.Clock.Now().AddDate(0, 0, 2).Format("2006.01.02"), "Number": 3, "Weight": 1}, &order)
	pickups := func() (list []struct{ State, Contact, Phone string }) {
		t.Helper()
		must(t, n.HubCommand(&list, "pickup", "list"))
		return list
	}
	list := pickups()
	if !order.CourierRequestRegistred || len(list) != 1 || list[0].Contact != "Olga Secretova" || list[0].Phone != "+7 843 200-00-42" {
		t.Errorf("%+v, %+v", order, list)
	}
	var status struct{ Asked map[string]int64 }
	must(t, n.NotifierCommand(&status, "status"))
	if status.Asked["name"] < 2 || status.Asked["pickup"] != 1 {
		t.Errorf("%v", status.Asked)
	}

	must(t, n.Kill("notifier"))
	if name := named(); name != "" {
		t.Errorf("without a notifier the recipient is called %q", name)
	}
	if list := pickups(); len(list) != 1 || list[0].Contact != "" {
		t.Errorf("%+v", list)
	}
	for _, secret := range []string{"Petrova", "5550001", "Secretova", "200-00-42"} {
		if strings.Contains(logs(t, n), secret) {
			t.Errorf("the logs have %q", secret)
		}
	}
}
