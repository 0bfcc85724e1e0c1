package sheet_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"

	"lockstep/internal/fault"
	"lockstep/internal/sheet"
)

var columns = []string{"locker", "recipient_name", "phone", "reference"}

func wide(text string, order binary.AppendByteOrder) (out []byte) {
	for _, u := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, u)
	}
	return out
}

func in(page *charmap.Charmap, text string) []byte {
	out, err := page.NewEncoder().String(text)
	if err != nil {
		panic(err)
	}
	return []byte(out)
}

// TestCodePagesAndDelimiters reads one table however it was saved.
func TestCodePagesAndDelimiters(t *testing.T) {
	const table = "locker,recipient_name,phone\r\nl1,Ёлкина «Анна» — №7,+79031112233\r\nl2,\"O'Neil, Bob\",\r\n"
	pages := map[string]func(string) []byte{
		"utf-8":                  func(s string) []byte { return []byte(s) },
		"utf-8 with a mark":      func(s string) []byte { return []byte("\ufeff" + s) },
		"utf-16le with a mark":   func(s string) []byte { return wide("\ufeff"+s, binary.LittleEndian) },
		"utf-16be with a mark":   func(s string) []byte { return wide("\ufeff"+s, binary.BigEndian) },
		"utf-16le":               func(s string) []byte { return wide(s, binary.LittleEndian) },
		"utf-16be":               func(s string) []byte { return wide(s, binary.BigEndian) },
		"windows-1251":           func(s string) []byte { return in(charmap.Windows1251, s) },
		"lines end with returns": func(s string) []byte { return []byte(strings.ReplaceAll(s, "\r\n", "\r")) },
		"lines end with feeds":   func(s string) []byte { return []byte(strings.ReplaceAll(s, "\r\n", "\n")) },
		"no end of the last":     func(s string) []byte { return []byte(strings.TrimRight(s, "\r\n")) },
	}
	for _, delimiter := range []string{",", ";", "\t"} {
		text := strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(table, "O'Neil, Bob", "O'Neil~ Bob"), ",", delimiter), "~", ",")
		for name, page := range pages {
			s, err := sheet.Read(page(text), columns, 10)
			if err != nil || len(s.Rows) != 2 || string(s.Delimiter) != delimiter {
				t.Errorf("%s, %q: %+v, %v", name, delimiter, s, err)
				continue
			}
			a, b := s.Rows[0], s.Rows[1]
			if a.Line != 2 || a.Cells["locker"] != "l1" || a.Cells["recipient_name"] != "Ёлкина «Анна» — №7" || a.Cells["phone"] != "+79031112233" ||
				b.Line != 3 || b.Cells["recipient_name"] != "O'Neil, Bob" || b.Cells["phone"] != "" || b.Cells["reference"] != "" {
				t.Errorf("%s, %q: %+v", name, delimiter, s.Rows)
			}
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	good := "locker,phone\nl1,+7\n"
	tests := []struct{ what, file, code string }{
		{"nothing", "", "empty_file"},
		{"a mark alone", "\ufeff", "empty_file"},
		{"blank lines", "\n\r\n\n", "empty_file"},
		{"names alone", "locker,phone\n", "empty_file"},
		{"names and blanks", "locker,phone\n,\n ,\t\n", "empty_file"},
		{"a strange column", "locker,fax\nl1,1\n", "unknown_column"},
		{"no names", "l1,+79031112233\n", "unknown_column"},
		{"a strange delimiter", "locker|phone\nl1|+7\n", "unknown_column"},
		{"a column twice", "locker,Phone,PHONE\nl1,1,2\n", "repeated_column"},
		{"too many", "locker\n" + strings.Repeat("l1\n", 11), "too_many_rows"},
		{"a zero", "locker,phone\nl1,+7\x00\n", "unreadable_text"},
		{"half of a UTF-16 letter", string(wide(good, binary.LittleEndian)) + "x", "unreadable_text"},
		{"half of a pair", string(wide(good, binary.LittleEndian)) + "\x00\xd8", "unreadable_text"},
		{"UTF-32", "\xff\xfe\x00\x00l\x00\x00\x00", "unreadable_text"},
		{"a lost letter", "locker,phone\nl1,\ufffd\n", "unreadable_text"},
		{"a Western page", "locker,recipient_name\nl1,Caf\xe9 M\xfcller\n", "unreadable_text"},
		{"DOS", "locker,recipient_name\nl1," + string(in(charmap.CodePage866, "Анна Иванова")) + "\n", "unreadable_text"},
		{"KOI8, named by what it makes", "locker,recipient_name\nl1,\x98\n", "unreadable_text"},
		{"a spreadsheet's own file", "PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00", "unreadable_text"},
		{"open quote in the names", "locker,\"phone\nl1,1\n", "broken_row"},
	}
	for _, tt := range tests {
		s, err := sheet.Read([]byte(tt.file), columns, 10)
		if code, _ := fault.Public(err); code != tt.code || fault.KindOf(err) != fault.Invalid || len(s.Rows) > 0 {
			t.Errorf("%s: %v, %d rows", tt.what, err, len(s.Rows))
		}
	}
}

func TestRowsThatAreBroken(t *testing.T) {
	s, err := sheet.Read([]byte("Recipient-Name; LOCKER ;;phone\nA;l1;;1\n\nB;l2;x;2\nC;l3\nD;\"l\"4\";;4\nE;l5;;5;6\nF;l6;;6;\nG;\"l7;;7\nH;l8;;8\n"), columns, 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range s.Rows {
		code, _ := fault.Public(r.Broken)
		if r.Broken == nil {
			code = r.Cells["locker"] + r.Cells["recipient_name"] + r.Cells["phone"]
		}
		got = append(got, fmt.Sprint(r.Line, " ", code))
	}
	if want := "2 l1A1, 4 broken_row, 5 l3C, 6 broken_row, 7 broken_row, 8 l6F6, 9 broken_row"; strings.Join(got, ", ") != want {
		t.Errorf("%s\nwant %s", strings.Join(got, ", "), want)
	}
	if _, message := fault.Public(s.Rows[len(s.Rows)-1].Broken); !strings.Contains(message, "lines 9 to 10 were not read") {
		t.Errorf("an open quote: %s", message)
	}
}

func TestWriteDisarmsFormulas(t *testing.T) {
	cells := []string{"=1+1", "+7", "-1", "@x", "\tx", "\rx", "\nx", "＝1", "plain", "", "a=b", `q"uote`, "с;запятой,"}
	out := sheet.Write(';', [][]string{{"locker", "reference"}, cells})
	const want = "\ufefflocker;reference\r\n'=1+1;'+7;'-1;'@x;'\tx;\"'x\";\"'\r\nx\";'＝1;plain;;a=b;\"q\"\"uote\";\"с;запятой,\"\r\n"
	if string(out) != want {
		t.Errorf("%q\nwant %q", out, want)
	}
}

// FuzzRead: whatever is read is text that every database keeps, in known columns and rising lines, and reads the same when it is written
// and read again; whatever is not read is the sender's fault.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{"locker,phone\nl1,+7\n", "\ufeffLocker;Recipient name\r\nl1;\"=a\nb\"\r\n", "locker\tphone\rl1\t\r", "locker\n\"l1\n", "l\x00o\x00", "locker;phone\n\xc0\xed\xed\xe0;1;2"} {
		f.Add([]byte(seed))
	}
	f.Add(wide("\ufefflocker,reference\nl1,Анна\n", binary.LittleEndian))
	f.Fuzz(func(t *testing.T, data []byte) {
		const most = 20
		s, err := sheet.Read(data, columns, most)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatal(err)
			}
			return
		}
		if len(s.Rows) == 0 || len(s.Rows) > most {
			t.Fatalf("%d rows", len(s.Rows))
		}
		table, line := [][]string{columns}, 0
		for _, r := range s.Rows {
			if r.Line <= line || (r.Broken != nil) != (r.Cells == nil) || r.Broken != nil && fault.KindOf(r.Broken) != fault.Invalid {
				t.Fatalf("%+v after line %d", r, line)
			}
			if line = r.Line; r.Broken != nil {
				continue
			}
			var cells []string
			for _, name := range columns {
				cells = append(cells, r.Cells[name])
				if strings.ContainsAny(r.Cells[name], "\x00\ufffd") || strings.TrimSpace(r.Cells[name]) != r.Cells[name] {
					t.Fatalf("%q", r.Cells[name])
				}
			}
			table = append(table, cells)
		}
		if len(table) > 1 {
			again(t, s.Delimiter, table)
		}
	})
}

func again(t *testing.T, delimiter rune, table [][]string) {
	t.Helper()
	s, err := sheet.Read(sheet.Write(delimiter, table), columns, len(table))
	if err != nil || len(s.Rows) != len(table)-1 {
		t.Fatalf("%d rows of %d, %v", len(s.Rows), len(table)-1, err)
	}
	for i, r := range s.Rows {
		for k, name := range columns {
			want, got := strings.ReplaceAll(table[i+1][k], "\r", ""), strings.ReplaceAll(r.Cells[name], "\r", "") // line ends may change
			if got != want && got != "'"+want {
				t.Fatalf("%q was written and %q read", want, got)
			}
		}
	}
}
