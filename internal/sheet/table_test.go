package sheet_test

import (
	"fmt"
	"strings"
	"testing"

	"lockstep/internal/fault"
	"lockstep/internal/sheet"
)

func TestTable(t *testing.T) {
	for _, file := range []string{"\uFEFFname,id\n\"Нижний, Новгород \",1\n\nKazan,2\n", "ID;Name\r\n1;Нижний, Новгород\r\n\r\n2;Kazan\r\n"} {
		rows, err := sheet.Table(strings.NewReader(file), "id", "name", "more")
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
}

func TestWhatIsNoTable(t *testing.T) {
	for file, line := range map[string]int{"": 1, "id,nothing\n": 1, "id,id\n": 1, "id,name\n1,2,3\n": 2, "id,name\n1,a\n2,\"" + strings.Repeat("я", 1001) + "\"\n": 3, "id,name\n1,2\n3,a\"b\n": 3, "id,name\n1,\"2\n": 2,
		"id\n" + strings.Repeat("1\n", 100_001): 1, "id\n" + strings.Repeat(strings.Repeat("1", 999)+"\n", 17<<10): 1} {
		rows, err := sheet.Table(strings.NewReader(file), "id", "name")
		if fault.KindOf(err) != fault.Invalid || !strings.HasPrefix(err.Error(), fmt.Sprintf("line %d:", line)) {
			t.Errorf("%.20q: %d rows, %v", file, len(rows), err)
		}
	}
}
