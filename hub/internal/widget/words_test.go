package widget

import (
	"reflect"
	"regexp"
	"slices"
	"testing"
)

var filled = regexp.MustCompile(`\{[a-z]+\}`)

// Every word is there in both languages, and has the same places to be filled in.
func TestEveryWordIsThere(t *testing.T) {
	ru, en := reflect.ValueOf(words["ru"]), reflect.ValueOf(words["en"])
	for i := range ru.NumField() {
		name := ru.Type().Field(i).Name
		if ru.Field(i).IsZero() || en.Field(i).IsZero() {
			t.Errorf("%s is missing: %q, %q", name, ru.Field(i), en.Field(i))
		}
		if ru.Field(i).Kind() != reflect.String {
			continue
		}
		if a, b := filled.FindAllString(ru.Field(i).String(), -1), filled.FindAllString(en.Field(i).String(), -1); !slices.Equal(a, b) {
			t.Errorf("%s fills in %v and %v", name, a, b)
		}
	}
}
