package pickpoint

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

func TestParse(t *testing.T) {
	for body, want := range map[string]bool{``: true, `  `: true, `{}`: true, "\xEF\xBB\xBF{}": true, `{"a":1} `: true,
		`[]`: false, `null`: false, `"x"`: false, `{`: false, `{"a":1}{}`: false, `SessionId=1`: false, "\xff\xfe{\x00}\x00": false,
		strings.Repeat(`{"a":`, 20_000): false} {
		if o, err := parse([]byte(body)); (err == nil) != want || want != (o != nil) {
			t.Errorf("%.30q: %v, %v", body, o, err)
		}
	}
}

// What clients really send (the reference's list of quirks).
func TestQuirks(t *testing.T) {
	o, err := parse([]byte(`{"login":"a","Password":" b ","SessionId":null,"Sum":"1 234,50","PostageType":"10003","GettingType":102.0,"EDTN":14,
		"Width":"","Weight":"0.5","ClientReturnAddress":[],"UnclaimedReturnAddress":{"CityName":"Казань"},"SuBEncloses":[[{"Name":"x"},7],[]],
		"Invoices":[15000000001,"15000000002","",null,{}],"One":{"a":1},"Broken":"12x","Huge":1e400,"Zero":"x\u0000y"}`))
	if err != nil {
		t.Fatal(err)
	}
	if o.text("login") != "a" || o.text("password") != "b" || o.text("edtn") != "14" || o.text("sessionid", "login") != "a" || o.text("width") != "" || o.text("zero") != "xy" {
		t.Errorf("texts of %v", o)
	}
	if n, given := o.kopecks("sum"); n != 123450 || !given {
		t.Errorf("sum %d, %v", n, given)
	}
	for name, want := range map[string]int{"postagetype": 10003, "gettingtype": 102, "edtn": 14} {
		if n, given := o.whole(name); n != want || !given {
			t.Errorf("%s %d, %v", name, n, given)
		}
	}
	for _, name := range []string{"width", "sessionid", "broken", "huge", "absent", "one"} {
		if n, given := o.decimal(name); given {
			t.Errorf("%s is given as %v", name, n)
		}
	}
	if n, given := o.decimal("weight"); n != 0.5 || !given {
		t.Errorf("weight %v, %v", n, given)
	}
	if _, given := o.whole("weight"); given {
		t.Error("half a kilogram is a whole number")
	}
	if o.object("clientreturnaddress") != nil || o.object("unclaimedreturnaddress").text("cityname") != "Казань" {
		t.Error("objects")
	}
	if list := o.objects("subencloses"); len(list) != 1 || list[0].text("name") != "x" {
		t.Errorf("enclosures %v", list)
	}
	if list := o.objects("one"); len(list) != 1 {
		t.Errorf("an object in the place of an array is %v", list)
	}
	if list := o.texts("invoices"); !slices.Equal(list, []string{"15000000001", "15000000002"}) {
		t.Errorf("numbers %q", list)
	}
}

func TestWindows1251(t *testing.T) {
	body, err := charmap.Windows1251.NewEncoder().Bytes([]byte(`{"RecipientName":"Анна Петрова"}`))
	if err != nil {
		t.Fatal(err)
	}
	if o, err := parse(body); err != nil || o.text("recipientname") != "Анна Петрова" {
		t.Errorf("%v, %v", o, err)
	}
}

// FuzzParse: whatever comes is an object or refused; whatever is asked of it, the answer is bounded by what came.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"Sendings":[{"EDTN":"1","IKN":9990003041,"Invoice":{"Sum":"0.00","Places":[[{"Width":1}]]}}]}`))
	f.Add([]byte("{\"a\":\"\xc0\xed\xed\xe0\"}"))
	f.Add([]byte(`{"A":1,"a":[[[[1]]]]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := parse(body)
		if err != nil {
			return
		}
		for name := range o {
			for _, text := range append(o.texts(name), o.text(name)) {
				if strings.ContainsRune(text, 0) || len(text) > 3*len(body) {
					t.Fatalf("%q of %q", text, body)
				}
			}
			o.objects(name)
			o.whole(name)
			if n, given := o.kopecks(name); given && (n < 0 || n > maxMoney) {
				t.Fatalf("%d kopecks", n)
			}
		}
		if len(o.texts("a")) > bytes.Count(body, []byte(","))+1 {
			t.Fatalf("%d texts of %q", len(o.texts("a")), body)
		}
	})
}

// FuzzCourierCall: whatever a call for a courier says of day, window and load is understood within bounds, or refused.
func FuzzCourierCall(f *testing.F) {
	f.Add([]byte(`{"Date":"2026.11.24","TimeStart":720,"TimeEnd":"1020","Number":"3","Weight":"4,5"}`))
	f.Add([]byte(`{"Date":"24.11.26","TimeStart":-1,"Number":1e9,"Weight":1e300}`))
	f.Add([]byte(`{"Date":{},"TimeStart":[540],"Weight":"NaN"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := parse(body)
		if err != nil {
			return
		}
		if w, err := windowOf(o); err == nil && !isoDay.MatchString(w.Day) {
			t.Fatalf("%q is a day of %q", w.Day, body)
		}
		if l, err := loadOf(o); err == nil && l.WeightG < 0 {
			t.Fatalf("%d g of %q", l.WeightG, body)
		}
	})
}

var isoDay = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
