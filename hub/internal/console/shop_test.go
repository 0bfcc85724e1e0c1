package console_test

import (
	"bytes"
	"encoding/csv"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/outbox"
	"lockstep/parcel"
)

// parcelForm is what a merchant's person types to announce something.
func parcelForm(change ...string) url.Values {
	f := url.Values{"key": {"form-1"}, "locker": {"l1"}, "size": {"S"}, "places": {"1"}, "dwell": {"72"}, "phone": {"+7 916 123-45-67"}, "name": {"Анна"}, "language": {"ru"}, "reference": {"ORDER-1"}, "currency": {"RUB"}}
	for i := 0; i < len(change); i += 2 {
		f.Set(change[i], change[i+1])
	}
	return f
}

func TestAMerchantAnnounces(t *testing.T) {
	o := newOffice(t)
	clerk := o.as(account.ForMerchant)
	answer, page := clerk.post("/shop/shipments", parcelForm())
	at := answer.Header.Get("Location")
	if answer.StatusCode != http.StatusSeeOther || !strings.HasPrefix(at, "/shop/shipments/") {
		t.Fatalf("%d %s\n%s", answer.StatusCode, at, page)
	}
	if answer, _ := clerk.post("/shop/shipments", parcelForm()); answer.Header.Get("Location") != at {
		t.Errorf("sent twice, it is announced twice: %s and %s", at, answer.Header.Get("Location"))
	}
	_, page = clerk.get(at)
	for _, want := range []string{"ORDER-1", "Announced", "Постамат «Сокол»", "Print labels", "Give it up", "72"} {
		if !strings.Contains(page, want) {
			t.Errorf("the shipment does not say %q", want)
		}
	}
	for _, hidden := range []string{"916", "Анна", "house/"} {
		if strings.Contains(page, hidden) {
			t.Errorf("the shipment says %q", hidden)
		}
	}
	if _, page := clerk.get("/shop/"); !strings.Contains(page, "ORDER-1") || !strings.Contains(page, "order-b") {
		t.Errorf("the list has not both:\n%s", page)
	}
	if _, page := clerk.get("/shop/?q=ORDER-1"); !strings.Contains(page, "ORDER-1") || strings.Contains(page, "order-b") {
		t.Errorf("by its number:\n%s", page)
	}
	if _, page := clerk.get("/shop/?state=stored"); strings.Contains(page, "ORDER-1") || !strings.Contains(page, "order-b") {
		t.Errorf("by its state:\n%s", page)
	}
	if answer, _ := clerk.get("/shop/?q=" + url.QueryEscape(inFours(o.barcode))); !strings.HasPrefix(answer.Header.Get("Location"), "/shop/shipments/") {
		t.Errorf("by its barcode: %v", answer.Header)
	}
	if answer, label := clerk.get("/shop/labels?as=a4&shipment=" + strings.TrimPrefix(at, "/shop/shipments/")); answer.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(label, "%PDF-") {
		t.Errorf("its label: %v %.40s", answer.Header, label)
	}
	if answer, _ := clerk.get("/shop/labels"); answer.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("labels of nothing: %d", answer.StatusCode)
	}
	answer, _ = clerk.post(at+"/cancel", nil)
	if _, page := clerk.get(at); answer.StatusCode != http.StatusSeeOther || !strings.Contains(page, "Cancelled") || strings.Contains(page, "Print labels") || strings.Contains(page, "Give it up") {
		t.Errorf("given up: %d\n%s", answer.StatusCode, page)
	}
	if _, table := clerk.get("/shop/shipments.csv"); !strings.Contains(table, "ORDER-1,l1,") || !strings.Contains(table, ",cancelled,") || !strings.Contains(table, o.barcode) {
		t.Errorf("%s", table)
	}
}

// What is wrong with a form is said above it, and nothing that was typed is lost.
func TestAFormComesBackWithWhatWasTyped(t *testing.T) {
	o := newOffice(t)
	clerk := o.as(account.ForMerchant)
	for _, c := range []struct {
		form url.Values
		want string
	}{
		{parcelForm("phone", "911"), "That is no phone number"},
		{parcelForm("phone", "", "email", ""), "Give a phone number or an e-mail address"},
		{parcelForm("locker", ""), "Choose a locker."},
		{parcelForm("locker", "nowhere"), "There is no such locker."},
		{parcelForm("places", "21"), "A shipment has 1 to 20 parcels."},
		{parcelForm("places", "many"), "That must be a whole number"},
		{parcelForm("amount", "lots"), "An amount such as"},
		{parcelForm("amount", "1 290,505"), "An amount such as"},
		{parcelForm("amount", "1", "currency", "roubles"), "Something in the form is not as it has to be: "},
		{parcelForm("dwell", "5000"), "Something in the form is not as it has to be: "},
		{parcelForm("size", "XL"), "Something in the form is not as it has to be: "},
	} {
		answer, page := clerk.post("/shop/shipments", c.form)
		if answer.StatusCode < 400 || answer.StatusCode >= 500 || !strings.Contains(page, c.want) {
			t.Errorf("%v: %d, not %q:\n%s", c.form, answer.StatusCode, c.want, page)
		}
		if !strings.Contains(page, `value="ORDER-1"`) || !strings.Contains(page, `value="Анна"`) || !strings.Contains(page, `value="form-1"`) {
			t.Errorf("%s: what was typed is lost", c.want)
		}
	}
}

// Nothing of another merchant is to be had, whatever is asked for.
func TestAMerchantSeesItsOwnAlone(t *testing.T) {
	o := newOffice(t)
	clerk := o.as(account.ForMerchant)
	other, err := o.accounts.AddMerchant(t.Context(), "Другие", "")
	if err != nil {
		t.Fatal(err)
	}
	theirs, _, err := o.custody.CreateShipment(t.Context(), custody.NewShipment{Merchant: other.ID, Range: other.Range, Carrier: "house", Key: "k", Body: []byte("k"), Locker: "l1", Reference: "THEIRS", Dwell: 48,
		Seal: func(string) ([]byte, error) { return []byte("sealed"), nil }, Parcels: []custody.NewParcel{{Size: parcel.Small}}})
	if err != nil {
		t.Fatal(err)
	}
	hook, _, err := o.outbox.AddEndpoint(t.Context(), other.ID, "https://theirs.example/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.accounts.NewKey(t.Context(), other.ID, "theirs"); err != nil {
		t.Fatal(err)
	}
	keys, err := o.accounts.Keys(t.Context(), other.ID)
	if err != nil || len(keys) != 1 {
		t.Fatalf("%v, %v", keys, err)
	}
	barcode := theirs.Parcels[0].Barcode
	for _, path := range []string{"/shop/shipments/" + theirs.ID, "/shop/webhooks/" + hook.ID, "/shop/labels?shipment=" + theirs.ID, "/shop/balance/1"} {
		if answer, page := clerk.get(path); answer.StatusCode != http.StatusNotFound || strings.Contains(page, "THEIRS") || strings.Contains(page, "theirs.example") {
			t.Errorf("%s: %d\n%s", path, answer.StatusCode, page)
		}
	}
	for _, path := range []string{"/shop/shipments/" + theirs.ID + "/cancel", "/shop/shipments/" + theirs.ID + "/redirect?locker=l1", "/shop/parcels/" + barcode + "/extend?hours=100", "/shop/parcels/" + barcode + "/reissue", "/shop/keys/" + keys[0].ID + "/end",
		"/shop/webhooks/" + hook.ID + "/test", "/shop/webhooks/" + hook.ID + "/drop", "/shop/webhooks/" + hook.ID + "/replay?hours=1", "/shop/webhooks/" + hook.ID + "/deliveries/x/again"} {
		if answer, page := clerk.post(path, nil); answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d\n%s", path, answer.StatusCode, page)
		}
	}
	if answer, page := clerk.post("/shop/returns", url.Values{"key": {"r"}, "size": {"S"}, "shipment": {theirs.ID}}); answer.StatusCode != http.StatusNotFound {
		t.Errorf("a return of theirs: %d\n%s", answer.StatusCode, page)
	}
	for _, path := range []string{"/shop/", "/shop/?q=THEIRS", "/shop/?q=" + barcode, "/shop/returns", "/shop/webhooks", "/shop/keys", "/shop/shipments.csv"} {
		if _, page := clerk.get(path); strings.Contains(strings.ReplaceAll(page, `value="THEIRS"`, ""), "THEIRS") || strings.Contains(page, "theirs") {
			t.Errorf("%s shows theirs:\n%s", path, page)
		}
	}
}

func (p person) upload(path, file string, form url.Values) (*http.Response, string) {
	p.o.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name := range form {
		w.WriteField(name, form.Get(name))
	}
	part, err := w.CreateFormFile("file", "table.csv")
	if err == nil {
		_, err = part.Write([]byte(file))
	}
	if err != nil || w.Close() != nil {
		p.o.Fatal(err)
	}
	return p.do("POST", path, w.FormDataContentType(), body.String())
}

func TestAMerchantImports(t *testing.T) {
	o := newOffice(t)
	clerk := o.as(account.ForMerchant)
	_, example := clerk.get("/shop/import/example.csv")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(example, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("%v, %v", rows, err)
	}
	table := strings.ReplaceAll(example, "msk-0042", "l1") + "l1,ORDER-2,Зоя,911,,ru,S,,1,,\r\n"
	_, page := clerk.upload("/shop/import", table, url.Values{"key": {"file-1"}})
	for _, want := range []string{"ORDER-118", "announced", "ORDER-2", "That is no phone number", "Print the labels of 1 shipment", "Mended some rows?", `value="file-1"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the report does not say %q:\n%s", want, page)
		}
	}
	_, page = clerk.upload("/shop/import", strings.ReplaceAll(table, "911", "+79161234568"), url.Values{"key": {"file-1"}})
	if !strings.Contains(page, "was announced before") || strings.Contains(page, `class="lamp stop"`) {
		t.Errorf("mended:\n%s", page)
	}
	if _, page := clerk.upload("/shop/import", "nonsense\n1\n", url.Values{"key": {"file-2"}}); !strings.Contains(page, "The file was not taken") {
		t.Errorf("%s", page)
	}
	if _, page := clerk.post("/shop/import", url.Values{"key": {"file-2"}}); !strings.Contains(page, "Choose a file.") {
		t.Errorf("%s", page)
	}
}

func TestACustomerSendsBack(t *testing.T) {
	o := newOffice(t)
	clerk := o.as(account.ForMerchant)
	answer, page := clerk.post("/shop/returns", url.Values{"key": {"r-1"}, "size": {"S"}, "locker": {"l1"}, "reference": {"RMA-1"}})
	if answer.StatusCode != http.StatusOK || !regexp.MustCompile(`value="[0-9]{10}"`).MatchString(page) || !strings.Contains(page, "RMA-1") {
		t.Fatalf("%d\n%s", answer.StatusCode, page)
	}
	if _, page := clerk.get("/shop/returns"); !strings.Contains(page, "RMA-1") || strings.Contains(page, "order-b") {
		t.Errorf("%s", page)
	}
	if answer, page := clerk.post("/shop/returns", url.Values{"key": {"r-2"}, "size": {"S"}}); answer.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, `role="alert"`) {
		t.Errorf("without a locker: %d\n%s", answer.StatusCode, page)
	}
}

func TestAMerchantsKeys(t *testing.T) {
	o := newOffice(t)
	clerk := o.as(account.ForMerchant)
	_, page := clerk.post("/shop/keys", url.Values{"name": {"Warehouse"}})
	key := regexp.MustCompile(`lsk_[A-Za-z0-9_-]+`).FindString(page)
	if m, err := o.accounts.Authenticate(t.Context(), key); err != nil || m.ID != o.merchant.ID {
		t.Fatalf("%q: %v, %v", key, m, err)
	}
	if _, page := clerk.get("/shop/keys"); !strings.Contains(page, "Warehouse") || strings.Contains(page, "lsk_") || strings.Contains(page, ">never<") {
		t.Errorf("%s", page)
	}
	keys, err := o.accounts.Keys(t.Context(), o.merchant.ID)
	if err != nil || len(keys) != 1 || keys[0].Used == 0 {
		t.Fatalf("%+v, %v", keys, err)
	}
	clerk.post("/shop/keys/"+keys[0].ID+"/end", nil)
	if _, err := o.accounts.Authenticate(t.Context(), key); err == nil {
		t.Error("an ended key holds")
	}
	if answer, _ := clerk.post("/shop/keys", url.Values{"name": {" "}}); answer.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a key without a name: %d", answer.StatusCode)
	}
}

func TestAMerchantsWebhooks(t *testing.T) {
	o := newOffice(t)
	clerk := o.as(account.ForMerchant)
	heard := make(chan string, 10)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { heard <- r.Header.Get("webhook-id") }))
	defer shop.Close()
	go o.outbox.Run(t.Context())
	_, page := clerk.post("/shop/webhooks", url.Values{"url": {shop.URL}, "type": {"parcel.stored", "parcel.collected"}})
	if !strings.Contains(page, "whsec_") || !strings.Contains(page, shop.URL) {
		t.Fatalf("%s", page)
	}
	list, err := o.outbox.Endpoints(t.Context(), o.merchant.ID)
	if err != nil || len(list) != 1 || len(list[0].Types) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	at := "/shop/webhooks/" + list[0].ID
	clerk.post(at+"/test", nil)
	first := <-heard
	delivered := func() (id string) {
		for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			d, _, err := o.outbox.Deliveries(t.Context(), o.merchant.ID, list[0].ID, outbox.Filter{State: outbox.Delivered})
			if err != nil {
				t.Fatal(err)
			}
			if len(d) > 0 {
				return d[0].ID
			}
		}
		t.Fatal("never delivered")
		return ""
	}
	again := at + "/deliveries/" + delivered() + "/again"
	if _, page := clerk.get(at); !strings.Contains(page, "webhook.test") || !strings.Contains(page, first) || strings.Contains(page, "whsec_") || !strings.Contains(page, "200") {
		t.Errorf("%s", page)
	}
	clerk.post(again, nil)
	if second := <-heard; second != first {
		t.Errorf("sent again it is %s, not %s", second, first)
	}
	if _, page := clerk.post(at+"/replay", url.Values{"hours": {"720"}}); !strings.Contains(page, "1 message goes out again.") {
		t.Errorf("%s", page)
	}
	<-heard
	if _, page := clerk.get(at + "?state=failed"); !strings.Contains(page, "Nothing in the last thirty days.") {
		t.Errorf("%s", page)
	}
	if answer, page := clerk.post("/shop/webhooks", url.Values{"url": {"ftp://shop.example"}}); answer.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, `value="ftp://shop.example"`) {
		t.Errorf("%d\n%s", answer.StatusCode, page)
	}
	clerk.post(at+"/drop", nil)
	if _, page := clerk.get("/shop/webhooks"); !strings.Contains(page, "There are no webhooks") {
		t.Errorf("%s", page)
	}
}

func TestAMerchantsBalance(t *testing.T) {
	o := newOffice(t)
	clerk := o.as(account.ForMerchant)
	if _, page := clerk.get("/shop/balance"); !strings.Contains(page, "Nothing at the moment.") || !strings.Contains(page, "Nothing was transferred yet.") {
		t.Errorf("%s", page)
	}
	s, _, err := o.custody.CreateShipment(t.Context(), custody.NewShipment{Merchant: o.merchant.ID, Range: o.merchant.Range, Carrier: "house", Key: "k", Body: []byte("k"), Locker: "l1", Dwell: 48,
		COD: custody.Money{Amount: 129050, Currency: "RUB"}, Seal: func(string) ([]byte, error) { return []byte("sealed"), nil }, Parcels: []custody.NewParcel{{Size: parcel.Small}}})
	if err != nil {
		t.Fatal(err)
	}
	word, err := statement.Sign(o.network.Payment, statement.Paid{Locker: "l1", Barcode: s.Parcels[0].Barcode, Amount: 129050, Currency: "RUB", At: o.now.UnixMicro(), Reference: "p-1"})
	if err == nil {
		_, err = o.custody.Pay(t.Context(), [][]byte{word})
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, page := clerk.get("/shop/balance"); !strings.Contains(page, "1290.50 RUB") || !strings.Contains(page, "1 shipment") {
		t.Errorf("%s", page)
	}
	act, err := o.money.Settle(t.Context(), o.merchant.ID, "4711", "RUB", "operator")
	if err != nil {
		t.Fatal(err)
	}
	_, page := clerk.get("/shop/balance")
	if !strings.Contains(page, "Nothing at the moment.") || !strings.Contains(page, "4711") || !strings.Contains(page, "1290.50 RUB") {
		t.Errorf("%s", page)
	}
	if answer, paper := clerk.get("/shop/balance/" + strconv.FormatInt(act.Number, 10)); answer.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(paper, "%PDF-") {
		t.Errorf("%v %s", answer.Header, paper)
	}
}
