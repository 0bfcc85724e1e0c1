package contact_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"lockstep/internal/contact"
	"lockstep/internal/fault"
)

func TestNewPerson(t *testing.T) {
	for _, row := range []struct {
		name, phone, code string
	}{
		{"Тестов Тест", "+79274269594", ""},
		{" Склад ", " 8 (495) 123-45-67 доб. 12 ", ""},
		{strings.Repeat("ё", 100), "12345", ""},
		{"", "+79274269594", "invalid_person"},
		{strings.Repeat("ё", 101), "+79274269594", "invalid_person"},
		{"A\nB", "+79274269594", "invalid_person"},
		{"A", "", "invalid_person_phone"},
		{"A", "1234", "invalid_person_phone"},
		{"A", "+7927\x004269594", "invalid_person_phone"},
		{"A", strings.Repeat("1", 101), "invalid_person_phone"},
		{"A\xff", "+79274269594", "invalid_person"},
	} {
		p, err := contact.NewPerson(row.name, row.phone)
		if row.code == "" {
			if err != nil || p.Name != strings.TrimSpace(row.name) || p.Phone != strings.TrimSpace(row.phone) {
				t.Errorf("%q, %q: %v", row.name, row.phone, err)
			}
			continue
		}
		if code, message := fault.Public(err); code != row.code || row.phone != "" && strings.Contains(message, row.phone) {
			t.Errorf("%q, %q: %q %q, want %s", row.name, row.phone, code, message, row.code)
		}
	}
}

func TestAPersonIsNotPrinted(t *testing.T) {
	p, err := contact.NewPerson("Тестов Тест", "+79274269594")
	if err != nil {
		t.Fatal(err)
	}
	data, _ := json.Marshal(p)
	for _, text := range []string{fmt.Sprint(p), fmt.Sprintf("%+v", p), fmt.Sprintf("%#v", p), string(data), p.LogValue().String()} {
		if strings.Contains(text, "Тест") || strings.Contains(text, "9594") {
			t.Error(text)
		}
	}
}

func FuzzPerson(f *testing.F) {
	f.Add([]byte(`{"name":"A","phone":"12345"}`))
	f.Add([]byte(`{"name":1}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := contact.DecodePerson(data)
		if err != nil {
			return
		}
		again, err := contact.DecodePerson(p.Encode())
		if err != nil || again != p {
			t.Errorf("%q: %v", data, err)
		}
	})
}
