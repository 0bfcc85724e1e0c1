package drill

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"lockstep/guard/door"
)

// Crash is what became of one blow.
type Crash struct {
	Flow string
	blow
	Missed bool          // the guard never came to the touch
	Back   time.Duration // until it answered and its boards were read
	Err    error         // nil where all held
}

// back is how soon a guard is in service again; on a busy machine in proportion to its load.
const back = 2 * time.Second

// CrashOptions choose what of the enumeration is played.
type CrashOptions struct {
	Flow   string   // only flows whose name contains it
	Sample int      // every so-manieth blow; 0 and 1 mean each
	ways   []string // only these; none means all
	Out    io.Writer
}

// Crash kills the guard before and after each of its calls that lasts or is seen outside, in every flow, tears its writes, lets the
// disk forget what was not synced, and has its calls fail; and sees each time that nothing opened that may not, that it comes back,
// and that people get on. It returns what it played, and of how many.
func (y *Yard) Crash(ctx context.Context, o CrashOptions) (all []Crash, total int, err error) {
	work, err := y.blows(ctx, o)
	if err != nil {
		return nil, 0, err
	}
	total = len(work)
	if o.Sample > 1 {
		var sample []func() Crash
		for some := range slices.Chunk(work, o.Sample) {
			sample = append(sample, some[0])
		}
		work = sample
	}
	begun := time.Now()
	for c := range playAll(work) {
		if all = append(all, c); c.Err != nil || c.Missed {
			fmt.Fprintln(o.Out, c)
		}
		if len(all)%50 == 0 {
			fmt.Fprintf(o.Out, "%d of %d blows, %s\n", len(all), len(work), time.Since(begun).Round(time.Second))
		}
	}
	return all, total, verdict(all)
}

// playAll plays blows, several side by side.
func playAll(work []func() Crash) <-chan Crash {
	results := make(chan Crash)
	go func() {
		places := make(chan struct{}, struckAbreast)
		var under sync.WaitGroup
		for _, play := range work {
			places <- struct{}{}
			under.Go(func() { results <- play(); <-places })
		}
		under.Wait()
		close(results)
	}()
	return results
}

// blows is all that is to be done, each ready to be played.
func (y *Yard) blows(ctx context.Context, o CrashOptions) (work []func() Crash, err error) {
	var chosen []flow
	for _, f := range flows {
		if f.name == o.Flow {
			chosen = []flow{f}
			break
		}
		if strings.Contains(f.name, o.Flow) {
			chosen = append(chosen, f)
		}
	}
	recorded := make([][]found, len(chosen))
	group, recording := errgroup.WithContext(ctx)
	group.SetLimit(struckAbreast)
	for i, f := range chosen {
		group.Go(func() (err error) {
			if recorded[i], err = y.record(recording, f, o.Sample > 1); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for i, f := range chosen {
		blows := slices.DeleteFunc(blowsAt(recorded[i]), func(b blow) bool { return len(o.ways) > 0 && !slices.Contains(o.ways, b.way) })
		fmt.Fprintf(o.Out, "%-28s %4d points, %5d blows\n", f.name, len(recorded[i]), len(blows))
		for _, b := range blows {
			work = append(work, func() Crash { return y.reach(ctx, f, b) })
		}
	}
	return work, nil
}

// reach plays a blow until its touch is come to: one flow in many has a touch more or less than the one that was recorded.
func (y *Yard) reach(ctx context.Context, f flow, b blow) (c Crash) {
	for range 4 {
		if c = y.crash(ctx, f, b); !c.Missed || c.Err != nil {
			break
		}
	}
	return c
}

// struckAbreast is how many guards are struck at a time: most of their time is a door's.
const struckAbreast = 14

// killedAtEveryStep is the row of the enumeration: one flow, each kill and what a disk then forgets.
func killedAtEveryStep(ctx context.Context, b *Bench) (string, error) {
	all, _, err := b.Yard.Crash(ctx, CrashOptions{Flow: "collection", Out: io.Discard, ways: []string{killBefore, killAfter, heldUp, forgotAll}})
	slowest := time.Duration(0)
	for _, c := range all {
		if slowest = max(slowest, c.Back); c.Err != nil {
			return "", breach("%v", c)
		}
	}
	return fmt.Sprintf("%d kills: each time the invariants held; back in service after %.1f s at most", len(all), slowest.Seconds()), err
}

func (c Crash) String() string {
	word := "held  "
	if c.Missed {
		word = "missed"
	}
	if c.Err != nil {
		word = "FAILED"
	}
	return fmt.Sprintf("%s %s: %s, back after %s: %v", word, c.Flow, c.blow, c.Back.Round(time.Millisecond), c.Err)
}

// verdict fails where anything did, or where more than one touch in a hundred was never come to.
func verdict(all []Crash) error {
	failed, missed := 0, 0
	for _, c := range all {
		switch {
		case c.Err != nil:
			failed++
		case c.Missed:
			missed++
		}
	}
	if failed > 0 || missed*100 > len(all) || len(all) == 0 {
		return fmt.Errorf("of %d blows %d did not hold, %d were never reached", len(all), failed, missed)
	}
	return nil
}

// blowsAt is everything that is done at what a recording found.
func blowsAt(recorded []found) (blows []blow) {
	for _, f := range recorded {
		var ways []string
		switch f.Kind {
		case "end", "read":
		case "write", "pulse", "reply":
			ways = []string{killBefore, killAfter}
			if f.size > 1 && f.Kind == "write" {
				ways = append(ways, tornByte, tornSector, tornLast)
			} else if f.size > 1 && f.Kind == "pulse" {
				ways = append(ways, tornByte, tornLast)
			}
		default:
			ways = []string{killBefore, killAfter}
		}
		if f.onDisk() && (f.Kind == "write" || f.Kind == "sync") {
			ways = append(ways, heldUp)
		}
		ways = append(ways, f.lost...)
		if f.onDisk() && f.Kind != "end" {
			ways = append(ways, "EIO")
			if f.Kind != "read" {
				ways = append(ways, "ENOSPC", "EROFS")
			}
		}
		for _, way := range ways {
			blows = append(blows, blow{f.Touch, way})
		}
	}
	return blows
}

// atEnd is the touch after the last: the power goes when all is done.
var atEnd = Touch{Kind: "end", On: "of the flow", N: 1}

// record plays a flow twice without a blow and says what it touched both times. A reply that a busy machine gives a little sooner or
// later is not the first after the same touch each time. For a sample, once is enough.
func (y *Yard) record(ctx context.Context, f flow, once bool) ([]found, error) {
	one, err := y.recordOnce(ctx, f)
	if err != nil || once {
		return one, err
	}
	two, err := y.recordOnce(ctx, f)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(one, func(a found) bool {
		return !slices.ContainsFunc(two, func(b found) bool { return a.Touch == b.Touch })
	}), nil
}

func (y *Yard) recordOnce(ctx context.Context, f flow) ([]found, error) {
	b, err := y.flowBench(ctx, f, nil)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if err := f.do(ctx, b); err != nil {
		return nil, err
	}
	b.beside.mend()
	b.beside.mu.Lock()
	defer b.beside.mu.Unlock()
	return append(b.beside.seen, found{Touch: atEnd, lost: b.beside.platter.ways()}), b.beside.err
}

// crash plays one blow, and again where the guard did not come to its touch.
func (y *Yard) crash(ctx context.Context, f flow, blow blow) (c Crash) {
	for range 3 {
		if c = y.crashOnce(ctx, f, blow); !c.Missed {
			break
		}
	}
	return c
}

func (y *Yard) crashOnce(ctx context.Context, f flow, blow blow) (c Crash) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	c = Crash{Flow: f.name, blow: blow}
	b, err := y.flowBench(ctx, f, &blow)
	if err != nil {
		c.Err = fmt.Errorf("the bench: %w", err)
		return c
	}
	defer b.Close()
	done := b.doUntilStruck(ctx, f.do)
	switch {
	case blow.at == atEnd && done != nil:
		c.Err = fmt.Errorf("the flow: %w", done)
		return c
	case blow.at != atEnd && !b.beside.hasStruck():
		c.Missed = true
		return c
	}
	c.Back, c.Err = b.recover(ctx, f, blow)
	if c.Err == nil {
		c.Err = b.getsOn(ctx, f)
	}
	return c
}

// doUntilStruck does a flow until it is done or the guard was struck; what it then says is of no more interest.
func (b *Bench) doUntilStruck(ctx context.Context, do func(context.Context, *Bench) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	result := make(chan error, 1)
	go func() { result <- do(ctx, b) }()
	select {
	case err := <-result:
		return err
	case <-b.beside.struck:
	}
	if faults[b.beside.blow.way] != 0 { // the guard may go on, or end because it cannot trust its disk
		time.AfterFunc(1500*time.Millisecond, cancel)
	}
	select {
	case <-b.ended:
	case <-ctx.Done():
	}
	cancel()
	return <-result
}

// recover has power, disk and supervisor back, and says how long it took until the locker served.
func (b *Bench) recover(ctx context.Context, f flow, blow blow) (took time.Duration, err error) {
	b.hangUp()
	kill := faults[blow.way] == 0
	if kill && b.guard != nil && b.guard.Process != nil {
		b.guard.Process.Kill()
		<-b.ended
	}
	b.beside.mend()
	if err := b.beside.trouble(); err != nil {
		return 0, fmt.Errorf("the tracer: %w", err)
	}
	if slices.Contains(forgetful, blow.way) {
		if err := b.beside.platter.spill("state", blow.way); err != nil {
			return 0, err
		}
	}
	begun := time.Now()
	switch {
	case f.again != nil:
		b.beside = nil
		if err := f.again(ctx, b); err != nil {
			return 0, err
		}
		begun = time.Now()
		err = b.Start(ctx)
	case b.guard == nil || b.hasEnded():
		b.beside = nil
		err = b.Start(ctx)
	default:
		if err = b.connect(ctx); err != nil && b.hasEnded() {
			b.beside, begun = nil, time.Now()
			err = b.Start(ctx)
		}
	}
	if took = time.Since(begun); err == nil && took > b.inGoodTime() {
		err = breach("back in service after %s", took.Round(time.Millisecond))
	}
	return took, err
}

// inGoodTime is back, in proportion to the machine's load.
func (b *Bench) inGoodTime() time.Duration {
	return time.Duration(float64(back) * float64(soon()) / float64(30*time.Second))
}

// getsOn holds what must hold after a crash: O1 to O4, the flow's own people get through, and so does an honest visit.
func (b *Bench) getsOn(ctx context.Context, f flow) error {
	if err := b.holds(ctx); err != nil {
		return err
	}
	if err := first(func() error { return b.tidy(ctx) }, func() error { return b.SetTime(ctx) }, func() error { return f.after(ctx, b) }); err != nil {
		return breach("afterwards: %v", err)
	}
	if err := b.honest(ctx); err != nil {
		return err
	}
	return b.holds(ctx)
}

// holds is judge for a locker whose journal tells of pulses from before this cabinet.
func (b *Bench) holds(ctx context.Context) error {
	if err := b.judge(ctx, Limits{Locked: true}); err != nil {
		return err
	}
	if pulses, told := b.pulses(), intents(b.records)-b.toldBefore; pulses > told {
		return breach("O4: %d pulses, %d in the journal", pulses, told)
	}
	return nil
}

// tidy is what anybody does who comes to a locker: a prompt is ended, and a door that is about to open waited for; a courier whose door
// stands open, and whose parcel is in no other, lays it in; then whatever stands open is shut, and what stands on the screen ended.
func (b *Bench) tidy(ctx context.Context) error {
	var v door.View
	err := b.until(ctx, "a screen that stands still", func() bool {
		now, err := b.View(ctx)
		if err != nil {
			return false
		}
		switch v = now; v.Stage {
		case door.Press, door.Jammed:
			b.leave(ctx) // what is there then is looked at again
			return false
		case door.Pulsed:
			return false
		}
		return true
	})
	if err != nil {
		return err
	}
	if lies, gone := b.whereIs(b.subject); b.subject != "" && !lies && !gone && v.Stage == door.Open && v.Errand == door.Depositing {
		if err := (&Phone{Bench: b}).lay(b.subject, v.Compartment); err != nil {
			return err
		}
	}
	return first(func() error { return b.shutAll(honestCourier) }, func() error { return b.glide(ctx, 3*time.Second) }, func() error { return b.leave(ctx) })
}

// flowBench is a locker at which a flow is about to begin, with somebody beside its guard.
func (y *Yard) flowBench(ctx context.Context, f flow, blow *blow) (*Bench, error) {
	s, err := y.flowStock(ctx, f)
	if err != nil {
		return nil, err
	}
	b, err := y.laid(s)
	if err != nil {
		return nil, err
	}
	b.records, b.read, b.toldBefore = slices.Clone(s.records), s.read, intents(s.records)
	if f.lay != nil {
		err = f.lay(b)
	}
	if err == nil {
		b.beside, err = b.watch(blow)
	}
	if err == nil && !f.down {
		err = first(func() error { return b.Start(ctx) }, func() error { return b.SetTime(ctx) })
	}
	if err != nil {
		b.Close()
		return nil, err
	}
	b.beside.arm()
	return b, nil
}

// flowStock is what a flow begins with, made once.
func (y *Yard) flowStock(ctx context.Context, f flow) (*stock, error) {
	if f.ready == nil {
		return y.stock(ctx, f.size(), f.parcels())
	}
	y.mu.Lock()
	if y.ready == nil {
		y.ready = map[string]func() (*stock, error){}
	}
	ready := y.ready[f.name]
	if ready == nil {
		ready = sync.OnceValues(func() (*stock, error) { return y.makeReady(ctx, f) })
		y.ready[f.name] = ready
	}
	y.mu.Unlock()
	return ready()
}

func (y *Yard) makeReady(ctx context.Context, f flow) (*stock, error) {
	b, err := y.Stocked(ctx, f.size(), f.parcels())
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if err := f.ready(ctx, b); err != nil {
		return nil, fmt.Errorf("making ready: %w", err)
	}
	if _, err := b.Records(ctx); err != nil {
		return nil, err
	}
	return b.keep(filepath.Join(y.Dir, "ready."+strings.ReplaceAll(f.name, " ", "-")))
}
