package console_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"lockstep/guard/journal"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/console"
	"lockstep/hub/internal/fleet"
	"lockstep/parcel"
)

// Every route is open to the roles of its row, and to nobody else: tried with each role, with a merchant's people, and with nobody.
func TestRights(t *testing.T) {
	o := newOffice(t)
	if err := o.fleet.Raise(t.Context(), fleet.Alarm{Locker: "l1", Kind: fleet.Withheld, Evidence: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	people := map[account.Role]person{"": o.nobody()}
	for _, role := range account.Roles {
		people[role] = o.as(role)
	}
	tried := 0
	for _, row := range console.Rights() {
		for role, p := range people {
			path := strings.NewReplacer("{locker}", "l1", "{door}", "1", "{barcode}", o.barcode, "{alarm}", "nothing", "{user}", "nobody", "{courier}", "nobody", "{merchant}", "nobody", "{carrier}", "nobody", "{table}", "nothing", "{shipment}", "nothing", "{act}", "1", "{key}", "nothing", "{webhook}", "nothing", "{delivery}", "nothing").Replace(row.Path)
			answer, body := p.do(row.Method, path, "application/x-www-form-urlencoded", "")
			refused := answer.StatusCode == http.StatusForbidden && strings.Contains(body, `data-code="not_your_role"`)
			switch {
			case role == "" && row.Method == http.MethodGet:
				if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/console/sign-in" {
					t.Errorf("nobody: %s %s: %d", row.Method, path, answer.StatusCode)
				}
			case role == "":
				if answer.StatusCode != http.StatusForbidden || !strings.Contains(body, `data-code="no_session"`) {
					t.Errorf("nobody: %s %s: %d %s", row.Method, path, answer.StatusCode, body)
				}
			case slices.Contains(row.Who, role):
				if refused || answer.StatusCode == http.StatusInternalServerError {
					t.Errorf("%s: %s %s: %d\n%s", role, row.Method, path, answer.StatusCode, body)
				}
			case !refused:
				t.Errorf("%s: %s %s is not refused: %d", role, row.Method, path, answer.StatusCode)
			}
			tried++
		}
	}
	t.Logf("%d tries", tried)
}

// Nobody's page leads to what they may not do.
func TestNobodySeesWhatTheyMayNotDo(t *testing.T) {
	o := newOffice(t)
	auditor, adm := o.as(account.Auditor), o.as(account.Admin)
	for _, path := range []string{"/console/lockers/l1", "/console/parcels/" + o.barcode, "/console/users"} {
		if _, page := auditor.get(path); strings.Count(page, `method="post"`) != 1 {
			t.Errorf("an auditor's %s has a form beside the one to sign out", path)
		}
		if _, page := adm.get(path); strings.Count(page, `method="post"`) < 2 {
			t.Errorf("an admin's %s has no form:\n%s", path, page)
		}
	}
}

// A page of another origin can make no browser post anything.
func TestPostsComeFromOurPages(t *testing.T) {
	o := newOffice(t)
	adm := o.as(account.Admin)
	r, err := http.NewRequest("POST", o.server.URL+"/console/lockers/l1/pause", strings.NewReader("minutes=30"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Origin", "https://evil.example")
	r.AddCookie(adm.cookie)
	answer, err := adm.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("%d", answer.StatusCode)
	}
	if asked, err := o.dispatch.RequestsAt(t.Context(), "l1", 10); err != nil || len(asked) != 0 {
		t.Errorf("%+v, %v", asked, err)
	}
}

func TestLocker(t *testing.T) {
	o := newOffice(t)
	dispatcher := o.as(account.Dispatcher)
	answer, page := dispatcher.get("/console/lockers/l1")
	for _, want := range []string{"Постамат «Сокол»", "in contact", "up to date", "all right", inFours(o.barcode), "with a parcel", "locker-front"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	csp := answer.Header.Get("Content-Security-Policy")
	if strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") || answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", answer.Header)
	}
	if answer, _ := dispatcher.post("/console/lockers/l1/pause", url.Values{"minutes": {"30"}}); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("pause: %d", answer.StatusCode)
	}
	if answer, _ := dispatcher.post("/console/lockers/l1/block", url.Values{"door": {"1", "2"}}); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("block: %d", answer.StatusCode)
	}
	for path, form := range map[string]url.Values{"pause": {"minutes": {"241"}}, "block": {}, "unblock": {"door": {"999"}}} {
		if answer, page := dispatcher.post("/console/lockers/l1/"+path, form); answer.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s %v: %d\n%s", path, form, answer.StatusCode, page)
		}
	}
	_, page = dispatcher.get("/console/lockers/l1")
	if strings.Count(page, "waits for the locker") != 2 || !strings.Contains(page, "dispatcher the dispatcher") {
		t.Errorf("what was asked is not on the page:\n%s", page)
	}
	_, story := dispatcher.get("/console/lockers/l1/doors/1")
	for _, want := range []string{"A deposit begins", "The door opened", "Parcel stored", inFours(o.barcode)} {
		if !strings.Contains(story, want) {
			t.Errorf("the door's story does not say %q:\n%s", want, story)
		}
	}
	if answer, _ := dispatcher.get("/console/lockers/nowhere"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown locker: %d", answer.StatusCode)
	}
	if _, days := dispatcher.get("/console/lockers/l1/days.json"); !strings.Contains(days, `"stored":1`) {
		t.Errorf("%s", days)
	}
}

func TestParcel(t *testing.T) {
	o := newOffice(t)
	support := o.as(account.Support)
	_, page := support.get("/console/parcels/" + o.barcode)
	for _, want := range []string{"In the locker", "Put into the locker", "recorded by the locker", "l1, record", "order-b"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if answer, _ := support.post("/console/parcels/"+o.barcode+"/reissue", nil); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("reissue: %d", answer.StatusCode)
	}
	if answer, _ := support.post("/console/parcels/"+o.barcode+"/extend", url.Values{"hours": {"96"}}); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("extend: %d", answer.StatusCode)
	}
	if answer, _ := support.post("/console/parcels/"+o.barcode+"/extend", url.Values{"hours": {"24"}}); answer.StatusCode != http.StatusConflict {
		t.Errorf("a shorter time: %d", answer.StatusCode)
	}
	for query, want := range map[string]string{o.barcode: "/console/parcels/" + o.barcode, inFours(o.barcode): "/console/parcels/" + o.barcode, "order-b": "/console/parcels/" + o.barcode, "l1": "/console/lockers/l1"} {
		if answer, page := support.get("/console/search?q=" + url.QueryEscape(query)); answer.Header.Get("Location") != want {
			t.Errorf("%q leads to %q\n%s", query, answer.Header.Get("Location"), page)
		}
	}
	if _, page := support.get("/console/search?q=nothing"); !strings.Contains(page, "Nothing is called “nothing” here.") {
		t.Errorf("%s", page)
	}
}

func TestAlarms(t *testing.T) {
	o := newOffice(t)
	o.guard.Write(journal.Record{Kind: journal.Alarm, Reason: "uncommanded", Compartment: 3})
	o.up()
	technician := o.as(account.Technician)
	_, page := technician.get("/console/alarms")
	if !strings.Contains(page, "The guard&#39;s alarm") && !strings.Contains(page, "The guard's alarm") {
		t.Fatalf("no alarm:\n%s", page)
	}
	open, err := o.fleet.Alarms(t.Context(), "", 10)
	if err != nil || len(open) != 1 {
		t.Fatalf("%+v, %v", open, err)
	}
	path := "/console/alarms/" + open[0].ID
	technician.post(path+"/take", nil)
	if _, page := technician.get("/console/alarms?mine=1"); !strings.Contains(page, "looked after by technician the technician") {
		t.Errorf("not mine:\n%s", page)
	}
	technician.post(path+"/take", url.Values{"drop": {"1"}})
	technician.post(path+"/end", nil)
	if _, page := technician.get("/console/alarms"); !strings.Contains(page, "No alarm is open.") || !strings.Contains(page, "ended by technician the technician") {
		t.Errorf("it is not ended:\n%s", page)
	}
	adm := o.as(account.Admin)
	if _, page := adm.get("/console/audit"); strings.Count(page, "took an alarm") != 1 || !strings.Contains(page, "ended an alarm") {
		t.Errorf("the audit log:\n%s", page)
	}
}

// What a recipient says is wrong leads support to the parcel, its door and the records, and stands in their own words until it is ended.
func TestReports(t *testing.T) {
	o := newOffice(t)
	note := `<b>there & nothing</b>`
	if err := o.custody.Report(t.Context(), o.barcode, parcel.NothingInside, note); err != nil {
		t.Fatal(err)
	}
	support := o.as(account.Support)
	_, page := support.get("/console/alarms")
	for _, want := range []string{"Something is wrong", "the compartment is empty", "/console/parcels/" + o.barcode, "/console/lockers/l1/doors/1", "&lt;b&gt;there &amp; nothing&lt;/b&gt;"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	open, err := o.fleet.Alarms(t.Context(), "", 10)
	if err != nil || len(open) != 1 {
		t.Fatalf("%+v, %v", open, err)
	}
	answer, evidence := support.get("/console/alarms/" + open[0].ID + "/evidence")
	if answer.Header.Get("Content-Type") != "application/json" || !strings.Contains(evidence, `"kind": "stored"`) {
		t.Errorf("%v\n%s", answer.Header, evidence)
	}
	support.post("/console/alarms/"+open[0].ID+"/end", nil)
	if _, page := support.get("/console/alarms"); strings.Contains(page, "there &amp; nothing") || !strings.Contains(page, "/console/parcels/"+o.barcode) {
		t.Errorf("after it was ended:\n%s", page)
	}
}

func TestTables(t *testing.T) {
	o := newOffice(t)
	adm := o.as(account.Admin)
	for path, want := range map[string]string{"/console/lockers.csv": "l1,Постамат «Сокол»,", "/console/alarms.csv": "id,locker,kind", "/console/audit.csv": "admin the admin,made a passkey"} {
		answer, table := adm.get(path)
		if !strings.HasPrefix(table, "\ufeff") || !strings.Contains(table, want) || !strings.Contains(answer.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: %q", path, table)
		}
	}
	if _, rows := adm.get("/console/lockers.json"); !strings.Contains(rows, `["l1","Постамат «Сокол»",37.5,55.8,1,`) {
		t.Errorf("%s", rows)
	}
}

func TestUsersPage(t *testing.T) {
	o := newOffice(t)
	adm := o.as(account.Admin)
	_, page := adm.post("/console/users", url.Values{"name": {"Vera"}, "role": {"support"}})
	if !strings.Contains(page, o.server.URL+"/console/enrol#") || !strings.Contains(page, "Vera") {
		t.Errorf("no link:\n%s", page)
	}
	if answer, page := adm.post("/console/users/"+o.admin.ID+"/end", nil); answer.StatusCode != http.StatusConflict || !strings.Contains(page, "last admin") {
		t.Errorf("%d\n%s", answer.StatusCode, page)
	}
	vera, err := o.accounts.UserNamed(t.Context(), "Vera")
	if err != nil {
		t.Fatal(err)
	}
	adm.post("/console/users/"+vera.ID+"/role", url.Values{"role": {"auditor"}})
	adm.post("/console/users/"+vera.ID+"/end", nil)
	if vera, err = o.accounts.UserNamed(t.Context(), "Vera"); err != nil || vera.Role != account.Auditor || vera.Ended == 0 {
		t.Errorf("%+v, %v", vera, err)
	}
}

func inFours(barcode string) string {
	return barcode[:4] + "\u00a0" + barcode[4:8] + "\u00a0" + barcode[8:]
}
