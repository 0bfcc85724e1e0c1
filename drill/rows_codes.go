package drill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
)

// Corpus is every attack that is played.
func Corpus() []Row {
	var all []Row
	for _, rows := range [][]Row{lineRows, peopleRows, courierRows, codeRows, staffRows, powerRows, guardRows, fleetRows, hubRows, webRows} {
		all = append(all, rows...)
	}
	return all
}

// codeRows: codes and recipients.
var codeRows = []Row{
	{ID: "D01", Attack: "24 h of guesses at the keypad, 60 live parcels", Slow: true,
		Expect: "at most 339 guesses are judged; an honest code works within 5 min at any time", On: sixty, Do: guessing},
	{ID: "D02", Attack: "a used code: after pickup, after a new deposit in its compartment, after 29 days", Expect: "refused", On: stocked, Do: oldCode},
	{ID: "D06", Attack: "every code of an 80-compartment locker, at the best pace", Holds: of(holdsNotifier, holdsUnsealed), Slow: true,
		Expect: "at most 26 doors in any 10 min, 50 in any hour; alarm within 10 min", On: full, Do: allCodes, Limits: Limits{Exposed: 80}},
	{ID: "D10", Attack: "a right code and QR secret for a parcel that is not paid for, with the hub's word for it, another parcel's and another locker's payment", Holds: of(holdsHub),
		Expect: "refused, until a payment key says so; then it opens", On: stocked, Do: unpaid},
	{ID: "C04", Attack: "codes as fast as the kiosk's socket takes them, 24 h", Holds: of(holdsKiosk), Slow: true,
		Expect: "at most 339 judged; a QR code still opens within 5 s", On: stocked, Do: bruteForce},
}

func sixty(ctx context.Context, y *Yard) (*Bench, error) { return y.Stocked(ctx, 80, 60) }

// guess is a code of the right form that is nobody's here.
func (b *Bench) guess(random *rand.Rand) string {
	for {
		code := statement.CompleteCode(fmt.Sprintf("%08d", random.IntN(1e8)))
		free := true
		for _, c := range b.Codes {
			free = free && c.Code != code
		}
		if free {
			return code
		}
	}
}

func guessing(ctx context.Context, b *Bench) (string, error) {
	random := rand.New(rand.NewPCG(1, 1))
	judged, end := 0, b.Lived()+24*time.Hour
	for b.Lived() < end {
		reply, err := b.Kiosk(ctx, door.KioskRequest{Verb: door.Code, Code: b.guess(random)})
		switch {
		case err != nil:
			return "", err
		case reply.Accepted:
			return "", breach("a guess was accepted")
		case reply.Reason == door.WrongCode:
			judged++
			b.press(Thief)
		}
		if reply.Wait > (5 * time.Minute).Milliseconds() {
			return "", breach("an honest code would wait %d s", reply.Wait/1000)
		}
		if err := b.hurry(ctx, max(time.Second, time.Duration(reply.Wait)*time.Millisecond)); err != nil {
			return "", err
		}
	}
	if judged > 339 {
		return "", breach("%d guesses were judged in 24 h", judged)
	}
	return fmt.Sprintf("%d guesses judged in 24 h, of 10⁸ codes, 60 alive: P(open) ≤ %.1e", judged, float64(judged)*60/1e8), nil
}

func oldCode(ctx context.Context, b *Bench) (string, error) {
	barcode := Barcode(1)
	code := b.Codes[barcode].Code
	if _, err := b.collect(ctx, owner(barcode), code); err != nil {
		return "", err
	}
	at := b.Parcels[barcode]
	refused := 0
	try := func(when string) error {
		reply, err := b.typed(ctx, code)
		if err == nil && reply.Accepted {
			b.press(Thief)
			return breach("%s the old code was accepted", when)
		}
		refused++
		return err
	}
	if err := b.Pass(ctx, 4*time.Minute); err != nil { // grace is over
		return "", err
	}
	if err := try("after pickup"); err != nil {
		return "", err
	}
	if err := b.refill(ctx, at); err != nil {
		return "", err
	}
	if err := try("after a new deposit"); err != nil {
		return "", err
	}
	if err := b.Pass(ctx, 29*24*time.Hour); err != nil {
		return "", err
	}
	return fmt.Sprintf("refused %d times", refused+1), try("after 29 days")
}

// unpaid is somebody who has a code and does not pay, and a hub that helps.
func unpaid(ctx context.Context, b *Bench) (string, error) {
	barcodes, err := b.expectUnder(ctx, 2, statement.CodeAndPaid)
	if err != nil {
		return "", err
	}
	p, err := b.challenged(ctx)
	if err != nil {
		return "", err
	}
	for _, barcode := range barcodes {
		if _, err := p.deposit(ctx, barcode); err != nil {
			return "", err
		}
	}
	if err := b.leave(ctx); err != nil {
		return "", err
	}
	if _, err := b.Records(ctx); err != nil { // the notifier's ear
		return "", err
	}
	mine := barcodes[0]
	code := b.Codes[mine]
	tries := 0
	try := func(what string) error {
		tries++
		if err := b.refused(ctx, "a code "+what, door.KioskRequest{Verb: door.Code, Code: code.Code}, door.Unpaid); err != nil {
			return err
		}
		return b.refused(ctx, "a QR secret "+what, door.KioskRequest{Verb: door.Secret, Secret: code.Secret[:]}, door.Unpaid)
	}
	if err := try("without a payment"); err != nil {
		return "", err
	}
	said := statement.Paid{Locker: b.Locker.ID, Barcode: mine, Amount: 129000, Currency: "RUB", At: b.Now(), Reference: "p-1"}
	other, elsewhere := said, said
	other.Barcode, elsewhere.Locker = barcodes[1], "another"
	for _, forged := range []struct {
		what string
		by   *statement.Signer
		says statement.Paid
	}{{"with dispatch's word", b.Network.Dispatch, said}, {"with the house carrier's word", b.Network.Carrier, said}, {"with another parcel's payment", b.Network.Payment, other}, {"with another locker's payment", b.Network.Payment, elsewhere}} {
		if _, err := b.payment(ctx, forged.by, forged.says); err != nil {
			return "", err
		}
		if err := try(forged.what); err != nil {
			return "", err
		}
	}
	if err := b.Kill(); err != nil {
		return "", err
	}
	if err := b.Start(ctx); err != nil {
		return "", err
	}
	if err := try("after a restart"); err != nil {
		return "", err
	}
	if reply, err := b.payment(ctx, b.Network.Payment, said); err != nil || !reply.Accepted {
		return "", fmt.Errorf("a payment: %s: %v", reply.Reason, err)
	}
	_, err = b.collect(ctx, owner(mine), code.Code)
	return fmt.Sprintf("refused %d times, as code and as QR; opened once it was paid", tries), err
}

// payment brings a statement that something was paid for, as the link would.
func (b *Bench) payment(ctx context.Context, by *statement.Signer, says statement.Paid) (door.LinkReply, error) {
	bundle, err := ceremony.SignAll(says, by)
	if err != nil {
		return door.LinkReply{}, err
	}
	encoded, err := bundle.Encode()
	if err != nil {
		return door.LinkReply{}, err
	}
	return b.Link(ctx, door.LinkRequest{Verb: door.Persons, Statement: encoded})
}

// refill puts parcels in until one lies in the given compartment.
func (b *Bench) refill(ctx context.Context, at uint16) error {
	for range len(b.Locker.Compartments) {
		if err := b.Stock(ctx, 1); err != nil {
			return err
		}
		if b.Parcels[Barcode(b.serial)] == at {
			return nil
		}
	}
	return fmt.Errorf("no parcel came into compartment %d", at)
}

func allCodes(ctx context.Context, b *Bench) (string, error) {
	begun := b.Lived()
	alarm := time.Duration(0)
	for _, code := range b.Codes {
		if b.Lived()-begun > 70*time.Minute {
			break
		}
		if _, err := b.collect(ctx, Thief, code.Code); err != nil {
			return "", err
		}
		if n, err := b.count(ctx, "alarm", "many openings by recipients"); err != nil {
			return "", err
		} else if n > 0 && alarm == 0 {
			alarm = b.Lived() - begun
		}
	}
	records, err := b.Records(ctx)
	if err != nil {
		return "", err
	}
	var opened []time.Duration // by the guard's clock; each pulse has its record (O4)
	for _, r := range records {
		if r.Kind == journal.CollectIntent || r.Kind == journal.PulseAgain {
			opened = append(opened, time.Duration(r.Powered)*time.Microsecond)
		}
	}
	ten, hour := most(opened, 10*time.Minute), most(opened, time.Hour)
	if ten > 26 || hour > 50 {
		return "", breach("%d doors in ten minutes, %d in an hour", ten, hour)
	}
	if alarm == 0 || alarm > 10*time.Minute {
		return "", breach("the alarm came after %s", alarm)
	}
	return fmt.Sprintf("%d doors in the worst 10 min, %d in the worst hour; alarm after %s of turned clock", ten, hour, alarm.Round(time.Second)), nil
}

// most is the largest number of moments within any span.
func most(times []time.Duration, span time.Duration) (worst int) {
	for i := range times {
		n := 0
		for _, t := range times[i:] {
			if t < times[i]+span {
				n++
			}
		}
		worst = max(worst, n)
	}
	return worst
}

func bruteForce(ctx context.Context, b *Bench) (string, error) {
	random := rand.New(rand.NewPCG(2, 1))
	judged, asked, end := 0, 0, b.Lived()+24*time.Hour
	for b.Lived() < end {
		for range 5 { // as fast as it goes
			reply, err := b.Kiosk(ctx, door.KioskRequest{Verb: door.Code, Code: b.guess(random)})
			if err != nil {
				return "", err
			}
			asked++
			if reply.Accepted {
				return "", breach("a guess was accepted")
			}
			if reply.Reason == door.WrongCode {
				judged++
			}
		}
		if err := b.hurry(ctx, time.Minute); err != nil {
			return "", err
		}
	}
	if judged > 339 {
		return "", breach("%d guesses were judged in 24 h", judged)
	}
	secret := b.Codes[Barcode(1)].Secret
	begun := time.Now()
	if _, err := patiently(func() (door.View, error) {
		reply, err := b.answered(ctx, door.KioskRequest{Verb: door.Secret, Secret: secret[:]})
		if err != nil || !reply.Accepted {
			return door.View{}, fmt.Errorf("refused: %s: %v", reply.Reason, err)
		}
		return b.pressed(ctx, owner(Barcode(1)))
	}); err != nil {
		return "", breach("the QR code did not open: %v", err)
	}
	took := time.Since(begun)
	if _, err := b.shut(ctx, owner(Barcode(1)), b.Parcels[Barcode(1)]); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d asked, %d judged; the QR code opened in %.1f s", asked, judged, took.Seconds()), nil
}
