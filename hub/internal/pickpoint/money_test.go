package pickpoint_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const (
	lanes  = "from_city,to_city,zone,days,priority,coefficient\n1726,992,-1,2-4,1,1.5\n"
	prices = "zone,mode,size,max_kg,name,price,vat\n-1,standard,S,5,До 5 кг,100,20\n-1,standard,L,30,До 30 кг,200,20\n-1,priority,L,30,Быстро,400,20\n"
)

func (d *desk) priced() {
	d.Helper()
	_, err1 := d.tariffs.ImportLanes(d.Context(), strings.NewReader(lanes))
	_, err2 := d.tariffs.ImportPrices(d.Context(), strings.NewReader(prices))
	if err1 != nil || err2 != nil {
		d.Fatal(err1, err2)
	}
}

func TestZones(t *testing.T) {
	each(t, func(d *desk) {
		d.priced()
		for _, body := range []string{`"FromCity":"Казань"`, `"FromCity":"казань","FromRegion":"Респ. Татарстан","ToPT":"7701-015","IKN":"9990003041"`, `"FromCity":"г. Казань","ToPT":""`} {
			var answer struct {
				Zones []struct {
					FromCity, ToCity, ToPT, Zone, DeliveryMode string
					DeliveryMin, DeliveryMax                   int
					Koeff                                      float64
				}
				ErrorCode *int
			}
			d.into(d.raw(http.MethodPost, "/api/getzone", d.with(body)), &answer)
			if got := fmt.Sprint(answer.Zones); got != "[{Казань Москва 7701-015 -1 Standard 2 4 1.5} {Казань Москва 7701-015 -1 Priority 1 1 1.5}]" || answer.ErrorCode == nil || *answer.ErrorCode != 0 {
				d.Errorf("%s: %s", body, got)
			}
		}
		for body, code := range map[string]int{`"FromCity":"Тверь"`: 21, `"FromCity":""`: 21, `"FromCity":"Казань","FromRegion":"Тата"`: 21, `"FromCity":"Казань","ToPT":"7701-999"`: 21, `"FromCity":"Москва"`: 21, `"IKN":"1","FromCity":"Казань"`: 30} {
			if r := d.post("/api/getzone", d.with(body)); r.code() != code || r.text("Error") == "" {
				d.Errorf("%s: %v", body, r)
			}
		}
	})
}

func TestTariff(t *testing.T) {
	each(t, func(d *desk) {
		d.priced()
		number, _ := d.one(invoice(`"PayType":1`, `"PayType":1,"SenderCity":{"CityName":"Казань","RegionName":"Татарстан респ."}`))
		from := `"IKN":"9990003041","FromCity":"Казань","FromRegion":"Татарстан респ.",`
		for body, want := range map[string]string{
			from + `"PTNumber":"7701-015","Length":30,"Depth":7,"Width":20,"Weight":1`:                   "[До 5 кг 150 25 Standard] [Быстро 600 100 Priority]",
			from + `"PtNumber":"7701-015","Length":"30","Depth":"7","Width":"20"`:                        "[До 5 кг 150 25 Standard] [Быстро 600 100 Priority]",
			from + `"ToCity":"Москва","ToRegion":"Московская обл.","Length":30,"Depth":30,"Width":30`:    "[До 30 кг 300 50 Standard] [Быстро 600 100 Priority]",
			from + `"PTNumber":"7701-015","EncloseCount":2,"Length":60,"Depth":7,"Width":30,"Weight":12`: "[До 30 кг 600 100 Standard] [Быстро 1200 200 Priority]",
			from + `"PTNumber":"7701-015","EncloseCount":"2","Length":120,"Depth":7,"Width":30`:          "[До 5 кг 300 50 Standard] [Быстро 1200 200 Priority]",
			`"InvoiceNumber":"` + number + `"`:                                                           "[До 30 кг 300 50 Standard] [Быстро 600 100 Priority]",
		} {
			var answer struct {
				SessionID                                        string `json:"SessionId"`
				Services                                         []struct{ Name, Tariff, NDS, DeliveryMode any }
				DPMin, DPMax, DPMinPriority, DPMaxPriority, Zone int
				ErrorCode                                        *int
			}
			d.into(d.raw(http.MethodPost, "/api/calctariff", d.with(body)), &answer)
			var got []string
			for _, s := range answer.Services {
				got = append(got, fmt.Sprint([]any{s.Name, s.Tariff, s.NDS, s.DeliveryMode}))
			}
			if strings.Join(got, " ") != want || answer.Zone != -1 || answer.DPMin != 2 || answer.DPMax != 4 || answer.DPMinPriority != 1 || answer.DPMaxPriority != 1 || answer.SessionID != d.session || *answer.ErrorCode != 0 {
				d.Errorf("%s: %v", body, answer)
			}
		}
		for body, code := range map[string]int{
			`"FromCity":"Казань","ToCity":"Москва","ToRegion":"Моско"`:                         21,
			`"FromCity":"Казань","PTNumber":"7701-999"`:                                        20,
			`"FromCity":"Казань"`:                                                              21,
			`"FromCity":"Москва","PTNumber":"7701-015"`:                                        21,
			`"FromCity":"Казань","PTNumber":"7701-015","Weight":31`:                            21,
			`"FromCity":"Казань","PTNumber":"7701-015","Weight":-1`:                            20,
			`"FromCity":"Казань","PTNumber":"7701-015","EncloseCount":0`:                       20,
			`"FromCity":"Казань","PTNumber":"7701-015","EncloseCount":1e9`:                     20,
			`"FromCity":"Казань","PTNumber":"7701-015","Length":300,"Depth":300,"Width":300`:   20,
			`"FromCity":"Казань","PTNumber":"7701-015","InvoiceNumber":"15000000000"`:          25,
			`"FromCity":["Казань"],"PTNumber":{"a":1},"Length":true,"EncloseCount":{},"IKN":1`: 30,
		} {
			if r := d.post("/api/calctariffcms", d.with(body)); r.code() != code || r.text("ErrorMessage") == "" {
				d.Errorf("%s: %v", body, r)
			}
		}
	})
}

func TestCosts(t *testing.T) {
	each(t, func(d *desk) {
		d.priced()
		number, _ := d.one(invoice(`"PayType":1`, `"PayType":1,"SenderCity":{"CityName":"Казань","RegionName":""}`))
		other, _ := d.one(invoice(`order-1`, `order-2`))
		var list []struct {
			InvoiceNumber, SenderInvoiceNumber string
			Tariff, NDS                        float64
		}
		d.into(d.raw(http.MethodPost, "/api/getdeliverycost", d.with(`"Sendings":[{"InvoiceNumber":"`+number+`"},{"SenderInvoiceNumber":"order-1"},{"InvoiceNumber":`+other+`},{"InvoiceNumber":"1"},{},7]`)), &list)
		if fmt.Sprint(list) != fmt.Sprintf("[{%[1]s order-1 300 50} {%[1]s order-1 300 50}]", number) {
			d.Errorf("%v", list)
		}
		d.into(d.raw(http.MethodPost, "/api/getdeliverycost", d.with(`"Sendings":null`)), &list)
		if list == nil || len(list) != 0 {
			d.Errorf("%v", list)
		}
	})
}
