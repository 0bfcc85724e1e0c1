package sheet_test

import (
	"fmt"
	"strings"
	"testing"

	"lockstep/internal/fault"
	"lockstep/internal/sheet"
)

func TestRead(t *testing.T) {
	rows, err := sheet.Read(strings.NewReader("\uFEFFname,id\n\"Нижний, Новгород \",1\n\nKazan,2\n"), "id", "name", "more")
	if err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	if got := fmt.Sprint(rows[0].Text("name"), rows[0].Text("id"), rows[0].Text("more"), rows[1].Text("name")); got != fmt.Sprint("Нижний, Новгород", "1", "", "Kazan") {
		t.Error(got)
	}
	if err := rows[1].Wrong("it is %s", "odd"); fault.KindOf(err) != fault.Invalid || err.Error() != "line 4: it is odd" {
		t.Error(err)
	}
}

func TestWhatIsNoTable(t *testing.T) {
	for file, line := range map[string]int{"": 1, "id,nothing\n": 1, "id,id\n": 1, "id,name\n1\n": 2, "id,name\n1,\xff\n": 2, "id,name\n1,a\n2,\"" + strings.Repeat("я", 1001) + "\"\n": 3, "id\n\x00\n": 2, "id,name\n1,2\n3,a\"b\n": 3, "id,name\n1,\"2\n": 2,
		"id\n" + strings.Repeat("1\n", 100_001): 100_002, "id\n" + strings.Repeat(strings.Repeat("1", 999)+"\n", 17<<10): 16_779} {
		rows, err := sheet.Read(strings.NewReader(file), "id", "name")
		if fault.KindOf(err) != fault.Invalid || !strings.HasPrefix(err.Error(), fmt.Sprintf("line %d:", line)) {
			t.Errorf("%.20q: %d rows, %v", file, len(rows), err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("id,name\n1,a\n"))
	f.Add([]byte("\uFEFFid\r\n\"1\"\"\",\r\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		rows, err := sheet.Read(strings.NewReader(string(file)), "id", "name")
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
		for _, row := range rows {
			if strings.ContainsRune(row.Text("id")+row.Text("name"), 0) {
				t.Errorf("%q %q", row.Text("id"), row.Text("name"))
			}
		}
	})
}
