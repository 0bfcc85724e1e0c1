package line_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"lockstep/guard/door"
	"lockstep/guard/statement"
	"lockstep/internal/line"
)

var locker = []line.FromLocker{
	{Kind: line.Hello, Version: line.Version, Locker: "l1", Position: 9, First: 2, Down: 4},
	{Kind: line.Hello, Version: line.Version, Locker: "l1"},
	{Kind: line.Upload, Stretch: []byte{1}},
	{Kind: line.Beat, Stretch: []byte{1}},
	{Kind: line.Taken, Down: 5},
	{Kind: line.Taken, Down: 4, Reason: "signature"},
	{Kind: line.Judged},
	{Kind: line.Judged, Reason: "cause"},
	{Kind: line.Bye, Reason: "enough"},
}

var hub = []line.FromHub{
	{Kind: line.Welcome},
	{Kind: line.Welcome, Position: 9},
	{Kind: line.Uploaded, Position: 9},
	{Kind: line.Uploaded, Position: 8, Reason: "fork", Hold: 600_000},
	{Kind: line.Down, Number: 5, Statement: []byte{1}},
	{Kind: line.Receipt, Statement: []byte{1}},
	{Kind: line.Persons, Statement: []byte{1}},
	{Kind: line.Bye, Reason: line.Superseded},
}

func TestFramesSurviveTheWire(t *testing.T) {
	for _, f := range locker {
		var wire bytes.Buffer
		if err := f.Write(&wire); err != nil {
			t.Fatalf("%+v: %v", f, err)
		}
		if got, err := line.ReadFromLocker(&wire); err != nil || fmt.Sprint(got) != fmt.Sprint(f) {
			t.Errorf("sent %+v, read %+v, %v", f, got, err)
		}
	}
	for _, f := range hub {
		var wire bytes.Buffer
		if err := f.Write(&wire); err != nil {
			t.Fatalf("%+v: %v", f, err)
		}
		if got, err := line.ReadFromHub(&wire); err != nil || fmt.Sprint(got) != fmt.Sprint(f) {
			t.Errorf("sent %+v, read %+v, %v", f, got, err)
		}
	}
}

func TestFieldsBelongToTheirKind(t *testing.T) {
	for _, f := range []line.FromLocker{
		{},
		{Kind: line.Welcome},
		{Kind: line.Hello, Locker: "l1"},
		{Kind: line.Hello, Version: 1},
		{Kind: line.Hello, Version: 1, Locker: strings.Repeat("l", 33)},
		{Kind: line.Hello, Version: 1, Locker: "l1", Reason: "because"},
		{Kind: line.Upload},
		{Kind: line.Beat, Stretch: []byte{1}, Position: 3},
		{Kind: line.Beat, Stretch: []byte{1}, Reason: "because"},
		{Kind: line.Taken, Position: 5},
		{Kind: line.Judged, Down: 5},
		{Kind: line.Bye, Reason: "a\nline"},
		{Kind: line.Bye, Reason: strings.Repeat("a", 65)},
	} {
		checkRefused(t, f, f.Write(&bytes.Buffer{}))
		_, err := line.DecodeFromLocker(statement.Encode(f))
		checkRefused(t, f, err)
	}
	for _, f := range []line.FromHub{
		{},
		{Kind: line.Hello},
		{Kind: line.Welcome, Number: 1},
		{Kind: line.Uploaded, Hold: 5},
		{Kind: line.Uploaded, Reason: "fork", Hold: -5},
		{Kind: line.Down, Statement: []byte{1}},
		{Kind: line.Down, Number: 1},
		{Kind: line.Down, Number: 1, Statement: make([]byte, line.MaxStatement+1)},
		{Kind: line.Receipt, Number: 1, Statement: []byte{1}},
		{Kind: line.Persons},
		{Kind: line.Persons, Number: 1, Statement: []byte{1}},
		{Kind: line.Bye, Position: 1},
	} {
		checkRefused(t, f, f.Write(&bytes.Buffer{}))
		_, err := line.DecodeFromHub(statement.Encode(f))
		checkRefused(t, f, err)
	}
}

func checkRefused(t *testing.T, frame any, err error) {
	t.Helper()
	var refused *line.ErrFrame
	if !errors.As(err, &refused) {
		t.Errorf("%+v: got %v, want a refusal", frame, err)
	}
}

func TestTheLargestFitBothSockets(t *testing.T) {
	largest := make([]byte, line.MaxStatement)
	if err := (line.FromHub{Kind: line.Down, Number: 1<<64 - 1, Statement: largest}).Write(&bytes.Buffer{}); err != nil {
		t.Error(err)
	}
	request := door.LinkRequest{Verb: door.Receipt, Number: 1<<64 - 1, Statement: largest}
	if err := door.Send(&bytes.Buffer{}, door.MaxFrame, request); err != nil {
		t.Error(err)
	}
	stretch := make([]byte, door.MaxJournalFrame-16) // no guard's reply holds more
	if err := (line.FromLocker{Kind: line.Upload, Stretch: stretch}).Write(&bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}

func TestCode(t *testing.T) {
	code := line.Code{Locker: "north.1", Secret: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", Authority: "ABCDEFGHIJKLMNOP"}
	got, err := line.ParseCode(" " + code.Text() + "\n")
	if err != nil || got != code {
		t.Fatalf("got %q, %v", got.Text(), err)
	}
	if shown := fmt.Sprintf("%v %+v %#v %s", code, code, code, code.Secret); strings.Contains(shown, "ABCDEF") {
		t.Errorf("the code is printed: %s", shown)
	}
	for _, bad := range []string{"", "l1", "l1.ABCDEFGHIJKLMNOP", ".ABCDEFGHIJKLMNOP.ABCDEFGHIJKLMNOP", "l1.ABCDEFGHIJKLMNO.ABCDEFGHIJKLMNOP",
		"l1.ABCDEFGHIJKLMNOP.ABCDEFGHIJKLMNO", "l1.ABCDEFGHIJKLMNOP.ABCDEFGHIJKLMNO1", "L 1.ABCDEFGHIJKLMNOP.ABCDEFGHIJKLMNOP"} {
		if _, err := line.ParseCode(bad); !errors.Is(err, line.ErrCode) {
			t.Errorf("%q was read as a code: %v", bad, err)
		}
	}
}

// FuzzFrames reads frames of any bytes as either end does: a frame has one encoding, and is one end's only, but for a bye.
func FuzzFrames(f *testing.F) {
	for _, frame := range locker {
		f.Add(statement.Encode(frame))
	}
	for _, frame := range hub {
		f.Add(statement.Encode(frame))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		up, upErr := line.DecodeFromLocker(payload)
		down, downErr := line.DecodeFromHub(payload)
		var wire bytes.Buffer
		if upErr == nil && (up.Write(&wire) != nil || !bytes.Equal(wire.Bytes()[4:], payload)) {
			t.Errorf("a locker's frame is not written as it was read: %x", payload)
		}
		wire.Reset()
		if downErr == nil && len(payload) <= line.MaxFromHub && (down.Write(&wire) != nil || !bytes.Equal(wire.Bytes()[4:], payload)) {
			t.Errorf("a hub's frame is not written as it was read: %x", payload)
		}
		if upErr == nil && downErr == nil && up.Kind != line.Bye {
			t.Errorf("both ends take a %s", up.Kind)
		}
	})
}

// FuzzCode: an enrolment code that is read is written the same way, however it was typed; any text makes a reason.
func FuzzCode(f *testing.F) {
	f.Add("north.1.ABCDEFGHIJKLMNOPQRSTUVWXYZ.ABCDEFGHIJKLMNOP")
	f.Add(" n.ABCDEFGHIJKLMNOP.abcdefghijklmn27\n")
	f.Add("a.b\x00\x1b[2J\u202e")
	f.Fuzz(func(t *testing.T, text string) {
		if err := (line.FromHub{Kind: line.Bye, Reason: line.Word(text)}).Check(); err != nil {
			t.Errorf("%q is no reason: %v", line.Word(text), err)
		}
		code, err := line.ParseCode(text)
		if err != nil {
			return
		}
		again, err := line.ParseCode(code.Text())
		if err != nil || again != code || !strings.EqualFold(strings.TrimSpace(text), code.Text()) {
			t.Errorf("%q was read as %q, then as %q, %v", text, code.Text(), again.Text(), err)
		}
	})
}
