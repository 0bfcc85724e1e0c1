package kiosk

import (
	"bytes"
	"io"
	"reflect"
	"strings"
	"testing"

	"lockstep/guard/door"
	"lockstep/guard/statement"
	"lockstep/internal/base45"
)

func secrets(n int) []byte {
	out := make([]byte, n*secretSize)
	for i := range out {
		out[i] = byte(i)
	}
	return out
}

// bundle is one statement under the signatures of two, as lockstep-sign would write it.
func bundle(t testing.TB, s statement.Statement) []byte {
	t.Helper()
	var b statement.Bundle
	for range 2 {
		signer, err := statement.SignerFromSeed(statement.NewSeed())
		if err != nil {
			t.Fatal(err)
		}
		envelope, err := statement.Sign(signer, s)
		if err != nil {
			t.Fatal(err)
		}
		b.Envelopes = append(b.Envelopes, envelope)
	}
	data, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var (
	anOverride = statement.Override{Locker: "l1", Boot: 1, Counter: 1, Compartment: 7, Reason: "the recipient cannot reach it"}
	aLift      = statement.Lift{Locker: "l1", Record: 812}
)

func TestTextsWeTake(t *testing.T) {
	presentation := statement.Encode(statement.Presentation{Answer: []byte{1, 2, 3}})
	three := secrets(3)
	order, lift := bundle(t, anOverride), bundle(t, aLift)
	tests := map[string]struct {
		text string
		want []door.KioskRequest
	}{
		"one secret": {"LSC:" + base45.Encode(secrets(1)), []door.KioskRequest{{Verb: door.Secret, Secret: secrets(1)}}},
		"three secrets": {"LSC:" + base45.Encode(three), []door.KioskRequest{
			{Verb: door.Secret, Secret: three[:16]}, {Verb: door.Secret, Secret: three[16:32]}, {Verb: door.Secret, Secret: three[32:]}}},
		"courier's phone": {"LSA:" + base45.Encode(presentation), []door.KioskRequest{{Verb: door.Present, Presentation: presentation}}},
		"an override":     {"LSO:" + base45.Encode(order), []door.KioskRequest{{Verb: door.Cosigned, Presentation: order}}},
		"a lift":          {"LSO:" + base45.Encode(lift), []door.KioskRequest{{Verb: door.Cosigned, Presentation: lift}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseText(test.text)
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestTextsWeRefuse(t *testing.T) {
	presentation := statement.Encode(statement.Presentation{Answer: []byte{1}})
	order := bundle(t, anOverride)
	texts := map[string]string{
		"nothing": "", "prefix alone": "LSC:", "a label": "460010000016", "a web page": "https://example.org/LSC:" + base45.Encode(secrets(1)),
		"small letters": "lsc:" + base45.Encode(secrets(1)), "our own challenge": "LSQ:" + base45.Encode(presentation), "not base45": "LSC:abc",
		"short secret": "LSC:" + base45.Encode(secrets(1)[:15]), "a secret and a half": "LSC:" + base45.Encode(secrets(2)[:24]),
		"too many secrets": "LSC:" + base45.Encode(secrets(maxSecrets+1)), "too long": "LSA:" + strings.Repeat("0", maxText),
		"not CBOR": "LSA:" + base45.Encode([]byte{0xff, 1}), "trailing byte": "LSA:" + base45.Encode(append(presentation, 0)),
		"no answer": "LSA:" + base45.Encode(statement.Encode(statement.Presentation{Certificate: []byte{1}})), "a space before": " LSC:" + base45.Encode(secrets(1)),
		"an order as an answer": "LSA:" + base45.Encode(order), "an answer as an order": "LSO:" + base45.Encode(presentation), "an order cut short": "LSO:" + base45.Encode(order[:len(order)-1]),
		"an order and more": "LSO:" + base45.Encode(append(bytes.Clone(order), 0)), "an order of nothing": "LSO:", "an order nobody signed": "LSO:" + base45.Encode([]byte{0xa2, 1, 0x40, 2, 0x80}),
		"a restriction that several signed": "LSO:" + base45.Encode(bundle(t, statement.Restriction{Locker: "l1", Number: 1, Kind: statement.Pause, Minutes: 5})),
		"one envelope instead of a bundle":  "LSO:" + base45.Encode(envelope(t)),
	}
	for hostile, text := range hostile {
		for _, prefix := range []string{"", "LSC:", "LSA:", "LSO:"} {
			texts[prefix+" "+hostile] = prefix + text
		}
	}
	for name, text := range texts {
		if got, err := parseText(text); err == nil {
			t.Errorf("%s: taken as %v", name, got)
		} else if len(text) > 8 && strings.Contains(err.Error(), text[4:8]) {
			t.Errorf("%s: the error quotes the text: %v", name, err)
		}
	}
}

// hostile is what else people print on labels and phones (C05).
var hostile = map[string]string{
	"SQL": "'; DROP TABLE parcels; --", "shell": "$(reboot)`reboot`;reboot", "HTML": "<script>fetch('/cancel')</script>", "NUL": "AB\x00CD", "right to left": "AB\u202eCD",
	"GS1 controls": "\x1d010460010000016\x1d21", "UTF-7": "+ADw-script+AD4-", "four kilobytes": strings.Repeat("A", 4096), "too long": strings.Repeat("0", maxText+1),
	"broken UTF-8": "\xff\xfe", "small letters": "bb8", "a line end": "BB8\nBB8", "odd length": "0", "more than two bytes": ":::",
}

func envelope(t *testing.T) []byte {
	t.Helper()
	signer, err := statement.SignerFromSeed(statement.NewSeed())
	if err != nil {
		t.Fatal(err)
	}
	e, err := statement.Sign(signer, aLift)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestWhoseRequestItIs(t *testing.T) {
	key, err := statement.SignerFromSeed(statement.NewSeed())
	if err != nil {
		t.Fatal(err)
	}
	present := func(s statement.Statement) []byte {
		e, err := statement.Sign(key, s)
		if err != nil {
			t.Fatal(err)
		}
		return statement.Encode(statement.Presentation{Answer: e})
	}
	for want, r := range map[string]door.KioskRequest{
		"code": {Verb: door.Code}, "return": {Verb: door.Larger}, "override": {Verb: door.Cosigned, Presentation: bundle(t, anOverride)},
		"lift":       {Verb: door.Cosigned, Presentation: bundle(t, aLift)},
		"courier":    {Verb: door.Present, Presentation: present(statement.Answer{Locker: "l1", Number: 1, Want: statement.WantReceipt})},
		"technician": {Verb: door.Present, Presentation: present(statement.Service{Locker: "l1", Number: 1, Task: statement.TaskWalk})},
	} {
		if got := about(r); got != want {
			t.Errorf("%s is taken to be about %q, not %q", r.Verb, got, want)
		}
	}
}

// slowReader gives one byte at a time, as a serial line may.
type slowReader struct{ r io.Reader }

func (s slowReader) Read(p []byte) (int, error) { return s.r.Read(p[:1]) }

func TestLines(t *testing.T) {
	long := strings.Repeat("x", maxText)
	in := "one\r\n\n\rtwo\n" + long + "\n" + long + "y\nthree\rleft over"
	var got []string
	if err := readLines(slowReader{bytes.NewReader([]byte(in))}, func(line string) { got = append(got, line) }); err != io.EOF {
		t.Fatal(err)
	}
	if want := []string{"one", "two", long, "three"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %d lines: %.40q", len(got), got)
	}
}
