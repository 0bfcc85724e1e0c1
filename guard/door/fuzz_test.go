package door_test

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"runtime/metrics"
	"slices"
	"testing"

	"lockstep/guard/door"
	"lockstep/guard/statement"
)

var kioskVerbs = []door.KioskVerb{door.Watch, door.Code, door.Secret, door.Return, door.Larger, door.Courier, door.Technician, door.Override,
	door.Present, door.Cosigned, door.Cancel}

var linkVerbs = []door.LinkVerb{door.Hello, door.Records, door.Beat, door.Down, door.Receipt, door.Persons}

// FuzzStream reads frames of any bytes. What was read is what would be written, frame by frame, up to where reading stops; a length
// beyond the bound costs nothing; and no request is one on both sockets.
func FuzzStream(f *testing.F) {
	var all bytes.Buffer
	for _, q := range []any{
		door.KioskRequest{Verb: door.Watch, After: 7}, door.KioskRequest{Verb: door.Code, Code: "123456782"}, door.KioskRequest{Verb: door.Secret, Secret: make([]byte, 16)},
		door.KioskRequest{Verb: door.Present, Presentation: []byte{0xa0}}, door.KioskRequest{Verb: door.Code, After: 1},
		door.LinkRequest{Verb: door.Records, After: 7}, door.LinkRequest{Verb: door.Down, Number: 7, Statement: []byte{0x84}}, door.LinkRequest{Verb: door.Hello},
		door.LinkReply{Accepted: true, Locker: "l1", Position: 9, First: 1, Down: 3},
		door.KioskReply{Reason: door.Slow, Wait: 3000, View: door.View{Version: 3, Locker: "l1", Stage: door.Press, Errand: door.Collecting, Compartment: 7, OpenDoors: []uint16{1},
			Session: &door.Session{Challenge: []byte{1}, Overdue: []string{""}}, Doors: []door.Door{{Number: 1, Size: 1, Low: true}}, Service: &door.Service{Challenge: []byte{2}}}},
	} {
		var one bytes.Buffer
		if err := door.Send(io.MultiWriter(&one, &all), door.MaxFrame, q); err != nil {
			f.Fatal(err)
		}
		f.Add(one.Bytes())
	}
	f.Add(all.Bytes())
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xa1})
	f.Fuzz(func(t *testing.T, wire []byte) {
		var again bytes.Buffer
		rest := bytes.NewReader(wire)
		for {
			var payload []byte
			var err error
			took := allocated(func() { payload, err = door.ReadFrame(rest, door.MaxFrame) })
			if took > 1<<20 {
				t.Fatalf("a frame took %d bytes of memory", took)
			}
			if err != nil {
				if whole := again.Len() == len(wire); errors.Is(err, io.EOF) != whole {
					t.Fatalf("%d of %d bytes were frames: %v", again.Len(), len(wire), err)
				}
				break
			}
			if err := door.WriteFrame(&again, payload, door.MaxFrame); err != nil {
				t.Fatal(err)
			}
			oneSocket(t, payload)
		}
		if !bytes.HasPrefix(wire, again.Bytes()) {
			t.Fatalf("%x was read as %x", wire, again.Bytes())
		}
	})
}

// oneSocket reads a payload as everything that travels here.
func oneSocket(t *testing.T, payload []byte) {
	t.Helper()
	kiosk, isKiosk := canonical[door.KioskRequest](t, payload)
	link, isLink := canonical[door.LinkRequest](t, payload)
	if isKiosk && isLink && slices.Contains(kioskVerbs, kiosk.Verb) && slices.Contains(linkVerbs, link.Verb) {
		t.Fatalf("%x is a request on both sockets", payload)
	}
	if isKiosk && kiosk.Proper() && kiosk.Verb != door.Present && kiosk.Verb != door.Cosigned && kiosk.Presentation != nil {
		t.Fatalf("%+v holds what is not its verb's", kiosk)
	}
	canonical[door.LinkReply](t, payload)
	if reply, ok := canonical[door.KioskReply](t, payload); ok && !reply.View.Same(reply.View) {
		t.Fatalf("a view unlike itself: %+v", reply.View)
	}
}

// canonical reads a payload as a T: there is one encoding of it, and reading it again gives the same.
func canonical[T any](t *testing.T, data []byte) (v T, ok bool) {
	t.Helper()
	if statement.Decode(data, &v) != nil {
		return v, false
	}
	var again T
	if err := statement.Decode(statement.Encode(v), &again); err != nil || !reflect.DeepEqual(v, again) || !bytes.Equal(statement.Encode(v), data) {
		t.Fatalf("%x was read as %+v, then as %+v, %v", data, v, again, err)
	}
	return v, true
}

// allocated is how many bytes something allocates.
func allocated(do func()) uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	before := sample[0].Value.Uint64()
	do()
	metrics.Read(sample)
	return sample[0].Value.Uint64() - before
}
