package text

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func facts(kind Kind, language string, n int) Facts {
	zone, err := time.LoadLocation("Asia/Yekaterinburg")
	if err != nil {
		panic(err)
	}
	f := Facts{Kind: kind, Language: language, Merchant: "Книги", Place: "Ленина 5", Address: "Екатеринбург, пр. Ленина, 5", Zone: zone,
		Due: time.Date(2026, 12, 12, 13, 30, 0, 0, time.UTC), At: time.Date(2026, 12, 11, 20, 5, 0, 0, time.UTC)}
	for i := range n {
		f.Parcels = append(f.Parcels, Parcel{Barcode: fmt.Sprintf("10000000%04d", 1234+i), Code: "123456789", Tracking: "https://hub/t/x"})
	}
	if kind.ShowsCode() {
		f.Link = "https://n/c/#AQ"
	}
	return f
}

func because(f Facts, reason string) Facts {
	f.Reason = reason
	return f
}

// owing has the first so many parcels wait for a payment.
func owing(f Facts, n int) Facts {
	for i := range n {
		f.Parcels[i].Unpaid = true
	}
	return f
}

// elsewhere has the parcels come to another locker than they were meant for.
func elsewhere(f Facts) Facts {
	f.Meant = "Мира 7, Екатеринбург, ул. Мира, 7"
	return f
}

// with adds what waits in the locker besides, and how many more.
func with(f Facts, others, beyond int) Facts {
	for i := range others {
		f.Others = append(f.Others, Parcel{Barcode: fmt.Sprintf("10000000%04d", 5678+i), Code: "987654321"})
	}
	f.Beyond = beyond
	return f
}

func compose(t *testing.T, f Facts) Text {
	t.Helper()
	text, err := Compose(f)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Every kind can be said in every language for one and for many, whole, with the code where it belongs and nowhere else.
func TestEveryKind(t *testing.T) {
	for _, language := range []string{"en", "ru", "ru-RU", "de", ""} {
		for _, kind := range Kinds {
			for _, n := range []int{1, 2, 5, 21} {
				text := compose(t, facts(kind, language, n))
				for part, s := range map[string]string{"subject": text.Subject, "short": text.Short, "plain": text.Plain, "html": text.HTML} {
					if s == "" || strings.Contains(s, "<no value>") || strings.Contains(s, "{{") {
						t.Errorf("%s %s %d %s: %q", language, kind, n, part, s)
					}
					if has := strings.Contains(s, "123 456 789"); part != "subject" && has != kind.ShowsCode() {
						t.Errorf("%s %s %d %s: holds the code: %v", language, kind, n, part, has)
					}
				}
				if strings.ContainsAny(text.Subject, "\r\n") || strings.Contains(text.Subject, "123") {
					t.Errorf("subject %q", text.Subject)
				}
			}
		}
	}
}

func TestWords(t *testing.T) {
	rows := []struct {
		facts Facts
		want  string
	}{
		{owing(facts(Stored, "ru", 1), 1), "Посылка от «Книги» в постамате Ленина 5. Код 123 456 789, до 12 декабря, 18:30. Ячейка откроется после оплаты: как оплатить, написал магазин. https://n/c/#AQ"},
		{owing(facts(Stored, "en", 2), 1), "2 parcels from Книги are in the locker Ленина 5. Codes 123 456 789, 123 456 789, until 12 December, 18:30. One of them opens once it is paid for, as the shop told you. https://n/c/#AQ"},
		{elsewhere(facts(Stored, "ru", 1)), "Посылка от «Книги» в постамате Ленина 5. Код 123 456 789, до 12 декабря, 18:30. Это не тот постамат, что был выбран (Мира 7, Екатеринбург, ул. Мира, 7). https://n/c/#AQ"},
		{elsewhere(facts(Stored, "en", 2)), "2 parcels from Книги are in the locker Ленина 5. Codes 123 456 789, 123 456 789, until 12 December, 18:30. That is another locker than the one planned, Мира 7, Екатеринбург, ул. Мира, 7. https://n/c/#AQ"},
		{owing(facts(Collected, "en", 1), 1), compose(t, facts(Collected, "en", 1)).Short},
		{facts(Stored, "ru", 1), "Посылка от «Книги» в постамате Ленина 5. Код 123 456 789, до 12 декабря, 18:30. https://n/c/#AQ"},
		{facts(Stored, "ru", 2), "2 посылки от «Книги» в постамате Ленина 5. Коды 123 456 789, 123 456 789, до 12 декабря, 18:30. https://n/c/#AQ"},
		{facts(Stored, "ru", 5), "5 посылок от «Книги» в постамате"},
		{with(facts(Stored, "ru", 1), 1, 0), "до 12 декабря, 18:30. Там же ждёт ещё 1 ваша посылка: 987 654 321. https://n/c/#AQ"},
		{with(facts(Stored, "ru", 2), 2, 5), "Там же ждут ещё 2 ваши посылки: 987 654 321, 987 654 321. Есть ещё 5, их коды — в других сообщениях. https://n/c/#AQ"},
		{with(facts(Stored, "en", 6), 0, 1), "until 12 December, 18:30. There is 1 more, whose code is in another message. https://n/c/#AQ"},
		{with(facts(Reissued, "en", 1), 2, 0), "The old code no longer works. 2 more parcels of yours wait there: 987 654 321, 987 654 321. https://n/c/#AQ"},
		{facts(Stored, "en", 1), "Your parcel from Книги is in the locker Ленина 5. Code 123 456 789, until 12 December, 18:30. https://n/c/#AQ"},
		{facts(Collected, "en", 1), "on 12 December, 01:05"},
		{because(facts(Override, "en", 1), "the door is jammed"), "with two operators' word on 12 December, 01:05. Their reason: the door is jammed. We tell"},
		{because(facts(Removed, "ru", 1), "дверца заклинила"), "Их причина: дверца заклинила. Ячейка теперь пуста"},
		{facts(Override, "en", 1), "01:05. We tell you of every opening."},
		{facts(Extended, "en", 1), "now waits in the locker Ленина 5 until 12 December, 18:30. Your code stays the same."},
		{facts(Reissued, "ru", 1), "Новый код для посылки от «Книги» в постамате Ленина 5: 123 456 789, до 12 декабря, 18:30. Старый код больше не действует. https://n/c/#AQ"},
		{facts(Repaired, "en", 1), "The locker Ленина 5 was repaired. What is inside is taken out by hand before that, your parcel from Книги too. Its code no longer works."},
		{facts(Repaired, "ru", 5), "и ваши 5 посылок от «Книги» тоже. Их коды больше не действуют. Как их получить, сообщит магазин или перевозчик."},
		{facts(Dark, "ru", 1), "Нет связи с постаматом Ленина 5 с 12 декабря, 01:05."},
	}
	for _, r := range rows {
		if got := compose(t, r.facts).Short; !strings.Contains(got, r.want) {
			t.Errorf("got  %q\nwant %q", got, r.want)
		}
	}
}

// A letter names each parcel beside its code, those told of now first; what is alone has no name.
func TestLetterOfSeveral(t *testing.T) {
	text := compose(t, with(facts(Stored, "en", 2), 1, 3))
	for part, s := range map[string]string{"plain": text.Plain, "html": text.HTML} {
		last := -1
		for _, want := range []string{"123 456 789", "parcel …1234", "parcel …1235", "Until 12 December", "Another parcel of yours waits there", "987 654 321", "parcel …5678", "There are 3 more", "https://n/c/#AQ"} {
			at := strings.Index(s, want)
			if at <= last {
				t.Errorf("%s: %q is not there, or not after what comes before it:\n%s", part, want, s)
			}
			last = max(last, at)
		}
	}
	if text := compose(t, facts(Stored, "en", 1)); strings.Contains(text.Plain+text.HTML, "parcel …") {
		t.Error(text.Plain)
	}
}

// An SMS of as many codes as fit has at most ten parts of 67 letters with common names, and its link.
func TestSMSIsBounded(t *testing.T) {
	f := facts(Stored, "ru", 1)
	f = with(f, 5, 2)
	f.Link = "https://notifier.example/c/#" + strings.Repeat("A", (3+6*25+5+70)*4/3) // codepage.Ticket's layout, 70 bytes of names
	if n := len([]rune(compose(t, f).Short)); n > 670 {
		t.Errorf("%d letters", n)
	}
}

func TestNoDeadlineIsNotInvented(t *testing.T) {
	f := facts(Stored, "en", 1)
	f.Due = time.Time{}
	text := compose(t, f)
	if strings.Contains(strings.ToLower(text.Short+text.Plain), "until") {
		t.Errorf("%q", text.Short)
	}
}

// The hub names lockers; a name cannot become markup, another line or another message.
func TestHostileName(t *testing.T) {
	for _, f := range []Facts{facts(Stored, "en", 1), facts(Override, "en", 1)} {
		hostile(t, f)
	}
}

func hostile(t *testing.T, f Facts) {
	t.Helper()
	for _, name := range []string{"x\r\nBcc: a@b<script>" + strings.Repeat("y", 1000), "Pay at https://evil.example/now", "evil.com"} {
		f.Place, f.Address, f.Merchant, f.Reason = name, name, name, name
		text := compose(t, f)
		all := text.Subject + text.Short + text.Plain + text.HTML
		if strings.Contains(text.HTML, "<script>") || strings.ContainsAny(text.Subject, "\r\n") || len(text.Short) > 600 ||
			strings.Contains(all, "evil.") && !strings.Contains(all, "evil. ") || strings.Contains(all, "://evil") {
			t.Errorf("%q", text.Short)
		}
	}
}

func TestNothingPrints(t *testing.T) {
	f := facts(Stored, "en", 1)
	text := compose(t, f)
	for _, s := range []string{fmt.Sprintf("%v %+v %#v %s", f, f, f, f), fmt.Sprintf("%v %+v %#v %q", text, text, text, text), fmt.Sprint(f.Parcels)} {
		if strings.Contains(s, "123") {
			t.Error(s)
		}
	}
}
