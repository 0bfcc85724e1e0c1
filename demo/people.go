package demo

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"lockstep/cabinet"
	"lockstep/guard/statement"
)

// Stage brings the people of a network before its locker: a courier with a phone, recipients with messages.
type Stage struct {
	*Network
	Screen *Screen
	Phone  *Phone
}

// Open brings them on.
func (n *Network) Open(ctx context.Context) (*Stage, error) {
	phone, err := Enrol(ctx, n.Hub, n.Enrol)
	if err != nil {
		return nil, err
	}
	return &Stage{n, Watch(ctx, n.Kiosk), phone}, nil
}

// NoRoom says by the courier's phone that the locker has no room for a parcel, and gives where to take it.
func (s *Stage) NoRoom(ctx context.Context, barcode string) (locker string, err error) {
	var stop struct{ ID string }
	err = s.AskCarrier(ctx, http.MethodPost, "/courier/v1/lockers/"+s.Locker+"/parcels/"+barcode+"/no-room", nil, &stop)
	return stop.ID, err
}

// AskCarrier asks the carrier something as the courier's enrolled phone does.
func (s *Stage) AskCarrier(ctx context.Context, method, path string, body, into any) error {
	at := s.Clock.Now().UnixMicro()
	proof, err := sign(s.Phone.key, fmt.Appendf(nil, "lockstep courier request %s %s %d", method, path, at))
	if err != nil {
		return err
	}
	return call(ctx, method, s.Hub+path, map[string]string{"Lockstep-Courier": courierID, "Lockstep-At": strconv.FormatInt(at, 10),
		"Lockstep-Proof": base64.StdEncoding.EncodeToString(proof)}, body, into)
}

// Courier is what the cabinet's judge calls the courier.
const Courier = "courier of house"

// BeginSession has the courier touch the screen and point the phone at it.
func (s *Stage) BeginSession(ctx context.Context) error {
	if _, err := s.Screen.Wait(ctx, "an idle screen", func(v ScreenState) bool { return settled(v) && v.OutOfOrder == "" }); err != nil {
		return err
	}
	answer, err := s.Screen.IAmACourier(ctx)
	if err != nil {
		return err
	}
	if !answer.Accepted {
		return fmt.Errorf("no challenge: %s", answer.Reason)
	}
	view, err := s.Screen.Wait(ctx, "a challenge", func(v ScreenState) bool { return v.QR != nil && strings.HasPrefix(v.QR.Text, "LSQ:") })
	if err != nil {
		return err
	}
	return s.Phone.Point(view.QR.Text)
}

func settled(v ScreenState) bool {
	return v.Guard && (v.Stage == "idle" || v.Stage == "done" || v.Stage == "failed")
}

// Wish shows the phone with one wish to the scanner and returns what the screen says of it. A wish that must wait for the
// budget waits: the clock is turned.
func (s *Stage) Wish(ctx context.Context, want statement.Want, barcode string, size uint8) (Answer, error) {
	for {
		text, err := s.Phone.Show(want, barcode, size)
		if err != nil {
			return Answer{}, err
		}
		before := s.Screen.See().Scan.Number
		if err := s.Front.Scan(ctx, text); err != nil {
			return Answer{}, err
		}
		view, err := s.Screen.Wait(ctx, "that it was scanned", func(v ScreenState) bool { return v.Scan.Number > before })
		if err != nil || view.Scan.Reason != "budget" {
			return view.Scan, err
		}
		if err := s.LetPass(ctx, time.Duration(view.Scan.Wait)*time.Millisecond+time.Second); err != nil {
			return Answer{}, err
		}
	}
}

// insist is Wish for what must not fail because a board was not heard of just then: the phone is shown again.
func (s *Stage) insist(ctx context.Context, want statement.Want, barcode string) error {
	for range 5 {
		answer, err := s.Wish(ctx, want, barcode, 0)
		if err != nil || answer.Accepted {
			return err
		}
		if answer.Reason != "out of order" {
			return fmt.Errorf("a wish about %s: %s", barcode, answer.Reason)
		}
		if _, err := s.Screen.Wait(ctx, "boards that answer", func(v ScreenState) bool { return v.OutOfOrder == "" }); err != nil {
			return err
		}
	}
	return fmt.Errorf("a wish about %s: five times a board was silent", barcode)
}

// LetPass turns the clock. To the guard its boards were silent for so long; it goes on when it has looked at them again.
func (s *Stage) LetPass(ctx context.Context, d time.Duration) error {
	if err := s.Clock.Advance(d); err != nil {
		return err
	}
	if err := pause(ctx, 400*time.Millisecond); err != nil {
		return err
	}
	_, err := s.Screen.Wait(ctx, "boards that answer", func(v ScreenState) bool { return v.OutOfOrder == "" })
	return err
}

// PressAndOpen presses the button and waits for the door that the screen names. Where nothing happens it presses again, as
// people do.
func (s *Stage) PressAndOpen(ctx context.Context, person string) (uint16, error) {
	before, err := s.Screen.Wait(ctx, "a prompt to press", prompts)
	if err != nil {
		return 0, err
	}
	for range 3 {
		if err := s.Front.Press(ctx, person); err != nil {
			return 0, err
		}
		if _, err = s.Screen.WaitFor(ctx, 3*time.Second, "the pulse", func(v ScreenState) bool { return v.Stage != before.Stage }); err == nil {
			break
		}
	}
	view, err := s.Screen.Wait(ctx, "an open door", func(v ScreenState) bool {
		return v.Stage == "open" || v.Stage == "jammed" || v.Stage == "failed"
	})
	if err == nil && view.Stage != "open" {
		err = &NotOpened{view.Compartment, view.Stage, view.Outcome}
	}
	return view.Compartment, err
}

func prompts(v ScreenState) bool { return v.Stage == "press" || v.Stage == "jammed" }

// NotOpened is a press after which the door stayed shut.
type NotOpened struct {
	Compartment    uint16
	Stage, Outcome string
}

func (e *NotOpened) Error() string {
	return fmt.Sprintf("door %d did not open: %s %s", e.Compartment, e.Stage, e.Outcome)
}

// Close shuts a door and waits for the visit's end.
func (s *Stage) Close(ctx context.Context, person string, compartment uint16, outcome string) error {
	if err := s.Front.CloseDoor(ctx, person, compartment); err != nil {
		return err
	}
	_, err := s.Screen.Wait(ctx, "outcome "+outcome, func(v ScreenState) bool { return v.Outcome == outcome })
	return err
}

// Deposit puts one parcel in, from the wish to the closed door.
func (s *Stage) Deposit(ctx context.Context, p Parcel) (uint16, error) {
	if err := s.insist(ctx, statement.WantDeposit, p.Barcode); err != nil {
		return 0, err
	}
	at, err := s.PressAndOpen(ctx, Courier)
	if err != nil {
		return at, err
	}
	return at, s.PutIn(ctx, p, at)
}

// PutIn lays a parcel behind the open door and shuts it.
func (s *Stage) PutIn(ctx context.Context, p Parcel, at uint16) error {
	if err := s.Front.Put(ctx, Courier, at, cabinet.Parcel{Barcode: p.Barcode, Owner: p.Owner, Bearers: p.Bearers}); err != nil {
		return err
	}
	return s.Close(ctx, Courier, at, "stored")
}

// Withdraw has the courier take a parcel out that is overdue or a return, within a session.
func (s *Stage) Withdraw(ctx context.Context, barcode string) error {
	if err := s.insist(ctx, statement.WantWithdraw, barcode); err != nil {
		return err
	}
	at, err := s.PressAndOpen(ctx, Courier)
	if err != nil {
		return err
	}
	if _, err := s.Front.Take(ctx, Courier, at, barcode); err != nil {
		return err
	}
	return s.Close(ctx, Courier, at, "withdrawn")
}

// EndSession has the courier see the receipt and leave.
func (s *Stage) EndSession(ctx context.Context) error {
	if _, err := s.Wish(ctx, statement.WantReceipt, "", 0); err != nil {
		return err
	}
	if _, err := s.Screen.Wait(ctx, "a receipt", func(v ScreenState) bool { return v.Session != nil && v.Session.Over }); err != nil {
		return err
	}
	_, err := s.Screen.Cancel(ctx)
	return err
}

// BringBack has a customer type the code of a return, put the parcel in and shut the door.
func (s *Stage) BringBack(ctx context.Context, p Parcel) error {
	if err := s.enter(ctx, p, s.Screen.TypeReturn); err != nil {
		return err
	}
	at, err := s.PressAndOpen(ctx, p.Owner)
	if err != nil {
		return err
	}
	if err := s.Front.Put(ctx, p.Owner, at, cabinet.Parcel{Barcode: p.Barcode, Owner: p.Owner, Bearers: p.Bearers}); err != nil {
		return err
	}
	return s.Close(ctx, p.Owner, at, "stored")
}

// Parcel is one of the play's parcels.
type Parcel struct {
	Announced
	Owner, Phone, Email string
	Bearers             []string // who else may have it before them
	At                  uint16
	Code                string
}

// Collect has a recipient type the code, press, take the parcel and shut the door.
func (s *Stage) Collect(ctx context.Context, p Parcel) error {
	if err := s.EnterCode(ctx, p); err != nil {
		return err
	}
	at, err := s.PressAndOpen(ctx, p.Owner)
	if err != nil {
		return err
	}
	taken, err := s.Front.Take(ctx, p.Owner, at, "")
	if err != nil {
		return err
	}
	if taken.Barcode != p.Barcode {
		return fmt.Errorf("the code of %s opened the door of %s", p.Barcode, taken.Barcode)
	}
	return s.Close(ctx, p.Owner, at, "collected")
}

// EnterCode types a pickup code, waiting where a budget says so.
func (s *Stage) EnterCode(ctx context.Context, p Parcel) error {
	return s.enter(ctx, p, s.Screen.Type)
}

func (s *Stage) enter(ctx context.Context, p Parcel, typed func(context.Context, string) (Answer, error)) error {
	for {
		if _, err := s.Screen.Wait(ctx, "a settled screen", settled); err != nil {
			return err
		}
		answer, err := typed(ctx, p.Code)
		if err != nil || answer.Accepted {
			return err
		}
		if answer.Reason != "budget" && answer.Reason != "slow" {
			return fmt.Errorf("the code of %s: %s", p.Barcode, answer.Reason)
		}
		if err := s.LetPass(ctx, time.Duration(answer.Wait)*time.Millisecond+time.Second); err != nil {
			return err
		}
	}
}

// Message is one that the inbox caught.
type Message struct {
	ID      string   `json:"id"`
	Channel string   `json:"channel"`
	To      string   `json:"to"`
	Text    string   `json:"text"`
	Codes   []string `json:"codes"`
	Links   []string `json:"links"`
}

// Messages is everything that was sent.
func (n *Network) Messages(ctx context.Context) ([]Message, error) {
	var raw json.RawMessage
	if err := call(ctx, http.MethodGet, n.Inbox+"/messages", nil, nil, &raw); err != nil {
		return nil, err
	}
	var list []Message
	if err := json.Unmarshal(raw, &list); err == nil {
		return list, nil
	}
	var wrapped struct{ Messages []Message }
	return wrapped.Messages, json.Unmarshal(raw, &wrapped)
}

// ReadCode waits for the message that brings a parcel's code to its recipient.
func (s *Stage) ReadCode(ctx context.Context, p Parcel) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		messages, err := s.Messages(ctx)
		if err != nil {
			return "", err
		}
		i := slices.IndexFunc(messages, func(m Message) bool { return (m.To == p.Phone || m.To == p.Email) && len(m.Codes) > 0 })
		if i >= 0 {
			return messages[i].Codes[0], nil
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return "", fmt.Errorf("no code came for %s: %w", p.Barcode, err)
		}
	}
}
