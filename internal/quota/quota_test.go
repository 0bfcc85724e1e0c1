package quota

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// said are the headers of an answer.
func (l Left) said() string {
	var list []string
	l.Headers(func(name, value string) { list = append(list, name+" "+value) })
	return strings.Join(list, ", ")
}

func TestBuckets(t *testing.T) {
	q := New(2, 3)
	for i, row := range []struct {
		who   string
		after time.Duration
		want  string
	}{
		{"anna", 0, "RateLimit-Limit 3, RateLimit-Remaining 2, RateLimit-Reset 1"},
		{"anna", 0, "RateLimit-Limit 3, RateLimit-Remaining 1, RateLimit-Reset 1"},
		{"anna", 0, "RateLimit-Limit 3, RateLimit-Remaining 0, RateLimit-Reset 2"},
		{"anna", 0, "RateLimit-Limit 3, RateLimit-Remaining 0, RateLimit-Reset 2, Retry-After 1"},
		{"boris", 0, "RateLimit-Limit 3, RateLimit-Remaining 2, RateLimit-Reset 1"},
		{"anna", 500 * time.Millisecond, "RateLimit-Limit 3, RateLimit-Remaining 0, RateLimit-Reset 2"},
		{"anna", -time.Hour, "RateLimit-Limit 3, RateLimit-Remaining 0, RateLimit-Reset 2, Retry-After 1"}, // a clock that was set back
		{"anna", time.Hour, "RateLimit-Limit 3, RateLimit-Remaining 2, RateLimit-Reset 1"},
	} {
		if l := q.Take(row.who, noon.Add(row.after)); l.said() != row.want || l.Allowed == strings.Contains(row.want, "Retry") {
			t.Errorf("%d: %s, %v; want %s", i, l.said(), l.Allowed, row.want)
		}
	}
}

func TestGivenBack(t *testing.T) {
	q := New(0.001, 2)
	for range 100 {
		if l := q.Take("anna", noon); !l.Allowed || l.Remaining != 1 {
			t.Fatal(l)
		}
		q.Give("anna", noon)
	}
	q.Give("anna", noon)
	if l := q.Take("anna", noon); l.Remaining != 1 {
		t.Errorf("more than it holds: %+v", l)
	}
}

func TestEmpty(t *testing.T) {
	q := New(1, 2)
	for i, want := range []bool{false, false, true, true} {
		for range 3 { // looking takes nothing
			if q.Empty("anna", noon) != want {
				t.Errorf("after %d: not %v", i, want)
			}
		}
		q.Take("anna", noon)
	}
	if q.Empty("boris", noon) || q.Empty("anna", noon.Add(time.Second)) {
		t.Error("another, or a second later: empty")
	}
}

func TestNothingBounded(t *testing.T) {
	q := New(0, 0)
	if q.Empty("anna", noon) {
		t.Error("nothing is bounded, and is empty")
	}
	q.Give("anna", noon)
	for range 1000 {
		if l := q.Take("anna", noon); !l.Allowed || l.said() != "" {
			t.Fatal(l)
		}
	}
}

// However many come, only so many are remembered; who comes all the time is among them.
func TestMemory(t *testing.T) {
	q := New(1, 1)
	q.Take("anna", noon)
	for i := range 5 * kept {
		q.Take(fmt.Sprint("stranger ", i), noon)
		if i%1000 == 0 && q.Take("anna", noon).Allowed {
			t.Fatalf("forgotten after %d strangers", i)
		}
	}
	if n := len(q.now) + len(q.before); n > 2*kept {
		t.Errorf("%d are remembered", n)
	}
}
