package pickpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// object is a JSON object as clients of many years send it: keys in any case, numbers as strings and strings as numbers, "" or null for
// what is not given, an empty array for an absent object. What cannot be read as what is asked for counts as not given; whether that
// will do is the method's business.
type object map[string]any // by lower-case key

var errNoObject = errors.New("the body is not a JSON object")

// parse reads a request's body. Nothing at all is an empty object. Text that is no UTF-8 is taken for Windows-1251, which old shops speak.
func parse(body []byte) (object, error) {
	body = bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF"))
	if !utf8.Valid(body) {
		decoded, err := charmap.Windows1251.NewDecoder().Bytes(body)
		if err != nil {
			return nil, errNoObject
		}
		body = decoded
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return object{}, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, errNoObject
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNoObject
	}
	o := asObject(tree)
	if o == nil {
		return nil, errNoObject
	}
	return o, nil
}

// asObject is nil for everything that is no object.
func asObject(v any) object {
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	o := make(object, len(m))
	for key, v := range m {
		folded := strings.ToLower(key)
		if _, twice := o[folded]; twice && folded != key {
			continue // of two keys that differ in case only the one in lower case counts
		}
		o[folded] = v
	}
	return o
}

// any is the first of some names, which are in lower case, that is given.
func (o object) any(names ...string) any {
	for _, name := range names {
		if v := o[name]; v != nil && v != "" {
			return v
		}
	}
	return nil
}

// text is a string or a number as it was written, without white space around it; "" where none is given.
func (o object) text(names ...string) string { return asText(o.any(names...)) }

func asText(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(strings.ReplaceAll(v, "\x00", ""))
	case json.Number:
		return v.String()
	}
	return ""
}

// decimal is a number, or a string that is one: with a point or a comma, with spaces between thousands.
func (o object) decimal(names ...string) (n float64, given bool) {
	text := strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", ",", ".").Replace(o.text(names...))
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
}

// whole is a decimal without a fraction that fits into 32 bits.
func (o object) whole(names ...string) (n int, given bool) {
	d, given := o.decimal(names...)
	if !given || d != math.Trunc(d) || math.Abs(d) > math.MaxInt32 {
		return 0, false
	}
	return int(d), true
}

// maxMoney bounds an amount, in kopecks: ten million roubles.
const maxMoney = 10_000_000_00

// kopecks is an amount in roubles as hundredths of one, rounded half away from zero. Not given where it is negative or beyond maxMoney.
func (o object) kopecks(names ...string) (n int64, given bool) {
	d, given := o.decimal(names...)
	if !given || d < 0 || d*100 > maxMoney {
		return 0, false
	}
	return int64(math.Round(d * 100)), true
}

// object is an object within, nil where none is given.
func (o object) object(names ...string) object { return asObject(o.any(names...)) }

// list is an array within, flattened: some clients wrap it once more. What is no array is an array of one.
func (o object) list(names ...string) []any {
	switch v := o.any(names...).(type) {
	case nil:
		return nil
	case []any:
		return flat(nil, v)
	default:
		return []any{v}
	}
}

func flat(into, list []any) []any {
	for _, v := range list {
		if inner, ok := v.([]any); ok {
			into = flat(into, inner)
		} else {
			into = append(into, v)
		}
	}
	return into
}

// objects are the objects of an array within.
func (o object) objects(names ...string) (list []object) {
	for _, v := range o.list(names...) {
		if inner := asObject(v); inner != nil {
			list = append(list, inner)
		}
	}
	return list
}

// texts are the strings and numbers of an array within that are not empty.
func (o object) texts(names ...string) (list []string) {
	for _, v := range o.list(names...) {
		if text := asText(v); text != "" {
			list = append(list, text)
		}
	}
	return list
}
