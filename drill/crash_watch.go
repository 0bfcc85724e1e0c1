package drill

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lockstep/internal/bare"
	"lockstep/internal/tracer"
)

// Touch is one call by which a guard changes what lasts or what is seen outside: the N-th of its kind on such a thing in a flow.
type Touch struct {
	Kind string // open · read · write · sync · truncate · rename · remove · mkdir · bind · listen · chmod · chown · pulse · reply
	On   string // key · segment · journal folder · state folder · folder above · line · socket
	N    int

	After string // of a reply: the touch before it, of which it is the first
}

func (t Touch) String() string {
	if t.After != "" {
		return fmt.Sprintf("%s %s after %s", t.Kind, t.On, t.After)
	}
	return fmt.Sprintf("%s %s #%d", t.Kind, t.On, t.N)
}

// onDisk says whether the disk has a part in it.
func (t Touch) onDisk() bool { return t.On != "line" && t.On != "socket" }

// found is a touch as a recording saw it.
type found struct {
	Touch
	size int      // of a write
	lost []string // the ways in which a disk could forget something right after it
}

// blow is what is done at one touch.
type blow struct {
	at  Touch
	way string
}

func (b blow) String() string { return fmt.Sprintf("%s, %s", b.at, b.way) }

// The ways of a blow, beside those of a disk that forgets.
const (
	killBefore = "killed before"
	killAfter  = "killed after"
	heldUp     = "held up, then killed, and all is forgotten"
	tornByte   = "torn after a byte"
	tornSector = "torn at a sector's edge"
	tornLast   = "torn before its last byte"
)

var faults = map[string]syscall.Errno{"ENOSPC": unix.ENOSPC, "EROFS": unix.EROFS, "EIO": unix.EIO}

// refusing is what calls a disk refuses that is full or read-only; one that fails, fails once.
var refusing = map[syscall.Errno]string{unix.ENOSPC: "open write sync mkdir", unix.EROFS: "open write sync truncate rename remove mkdir"}

// watch stands beside the calls of one bench's guard. It numbers them while it is armed, keeps the disk's model, and strikes once.
type watch struct {
	bench  *Bench
	frames map[string]bool // that fire a latch
	blow   *blow           // nil for a recording

	mu      sync.Mutex
	status  unix.WaitStatus // how the process ended that it stood beside last
	err     error
	armed   bool
	said    bool // a reply has been counted since anything else was touched: all until then are alike
	last    string
	counts  map[Touch]int
	seen    []found
	struck  chan struct{} // closed by the blow
	broken  syscall.Errno // the disk, until it is mended
	refuses string        // the kinds of touches that it then refuses
	platter *platter
	making  map[*tracer.Call]*made
}

// made is a call that is under way.
type made struct {
	touch Touch
	kill  bool
	apply func() // to the model, when it has succeeded
}

func (b *Bench) watch(blow *blow) (*watch, error) {
	w := &watch{bench: b, blow: blow, frames: map[string]bool{}, counts: map[Touch]int{}, struck: make(chan struct{}), making: map[*tracer.Call]*made{}}
	for _, c := range b.Locker.Compartments {
		w.frames[string(b.openFrame(c))] = true
	}
	var err error
	w.platter, err = readPlatter(b.dir, "state")
	return w, err
}

// start runs a command with w beside it, on a thread of its own.
func (w *watch) start(cmd *exec.Cmd, ended func()) error {
	thread, err := bare.New()
	if err != nil {
		return err
	}
	started := make(chan error)
	go func() {
		thread.Do(func() {
			t, err := tracer.Start(cmd, w.see)
			started <- err
			if err == nil {
				status, err := t.Follow()
				w.mu.Lock()
				w.status, w.err = status, err
				w.mu.Unlock()
				ended()
			}
		})
		thread.End()
	}()
	return <-started
}

// trouble is what went wrong with the tracer itself.
func (w *watch) trouble() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// spoil has the disk refuse some kinds of touches from now on, until it is mended.
func (w *watch) spoil(fault syscall.Errno, kinds string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken, w.refuses = fault, kinds
}

// arm begins to number.
func (w *watch) arm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed, w.last = true, "the beginning"
}

// mend lets the disk work again, and nothing be struck any more.
func (w *watch) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed, w.broken = false, 0
}

func (w *watch) see(call *tracer.Call) tracer.Order {
	w.mu.Lock()
	defer w.mu.Unlock()
	if call.Made {
		return w.leave(call)
	}
	touch, size, offset, apply := w.classify(call)
	if touch.Kind == "" {
		return tracer.Order{}
	}
	order := w.enter(&touch, size, offset)
	if order.Kill || order.Fail != 0 {
		return order
	}
	order.Watch = true
	w.making[call] = &made{touch, order.Most > 0, apply}
	if w.hit(touch) && w.blow.way != killBefore {
		w.making[call].kill = true
	}
	return order
}

// hit says whether a touch is the one to strike at.
func (w *watch) hit(t Touch) bool { return w.armed && w.blow != nil && w.blow.at == t && t.N > 0 }

// enter numbers a touch and says what is to become of it.
func (w *watch) enter(t *Touch, size int, offset int64) tracer.Order {
	// A reply before the sync is about what was before the write, and one beside a read about nothing new.
	between := strings.HasPrefix(w.last, "write ") || strings.HasPrefix(w.last, "read ")
	if !w.armed || t.Kind == "reply" && (w.said || between) {
		return tracer.Order{Fail: w.refused(*t)}
	}
	if w.said = t.Kind == "reply"; w.said {
		t.N, t.After = 1, w.last
	} else {
		w.counts[*t]++
		t.N = w.counts[*t]
		w.last = t.String()
	}
	w.seen = append(w.seen, found{Touch: *t, size: size})
	if !w.hit(*t) {
		return tracer.Order{Fail: w.refused(*t)}
	}
	if fault, ok := faults[w.blow.way]; ok {
		w.strike()
		if refusing[fault] != "" {
			w.broken, w.refuses = fault, refusing[fault]
		}
		return tracer.Order{Fail: fault}
	}
	switch w.blow.way {
	case killBefore:
		w.strike()
		return tracer.Order{Kill: true}
	case heldUp: // what does not wait for the disk goes on
		w.strike()
		return tracer.Order{Kill: true, Hold: 300 * time.Millisecond}
	case tornByte:
		return tracer.Order{Most: 1}
	case tornSector:
		return tracer.Order{Most: uint64(edgeIn(offset, size))}
	case tornLast:
		return tracer.Order{Most: uint64(size - 1)}
	}
	return tracer.Order{}
}

// edgeIn is how many bytes of a write lie before the first edge of a sector, half of them where there is none.
func edgeIn(offset int64, size int) int {
	if edge := int(sector - offset%sector); edge < size {
		return edge
	}
	return size / 2
}

// refused is the error of a disk that is broken, for a call that it would refuse.
func (w *watch) refused(t Touch) syscall.Errno {
	if w.broken != 0 && t.onDisk() && strings.Contains(w.refuses, t.Kind) {
		return w.broken
	}
	return 0
}

func (w *watch) strike() { close(w.struck) }

func (w *watch) hasStruck() bool {
	select {
	case <-w.struck:
		return true
	default:
		return false
	}
}

// leave takes a call that has been made into the model, and strikes after it where that was asked for.
func (w *watch) leave(call *tracer.Call) tracer.Order {
	m := w.making[call]
	delete(w.making, call)
	if interrupted(call.Return) {
		w.uncount(m.touch)
		return tracer.Order{}
	}
	if call.Return >= 0 && m.apply != nil {
		m.apply()
	}
	if n := len(w.seen); n > 0 && w.seen[n-1].Touch == m.touch {
		w.seen[n-1].lost = w.platter.ways()
	}
	if m.kill && !w.hasStruck() {
		w.strike()
		return tracer.Order{Kill: true}
	}
	return tracer.Order{}
}

// interrupted says that a call did nothing and will be made again: a signal came, or a line was not ready.
func interrupted(gave int64) bool {
	const restart, block = -512, -516 // the kernel's own, which a program never sees
	return gave == -int64(unix.EINTR) || gave == -int64(unix.EAGAIN) || gave <= restart && gave >= block
}

// uncount takes a touch back that was none.
func (w *watch) uncount(t Touch) {
	if n := len(w.seen); n > 0 && w.seen[n-1].Touch == t {
		w.seen = w.seen[:n-1]
	}
	if t.N > 0 && t.After == "" {
		w.counts[Touch{Kind: t.Kind, On: t.On}]--
	}
}

// classify says what a call touches, and how the model changes when it succeeds. The Touch is zero where it touches nothing.
func (w *watch) classify(c *tracer.Call) (t Touch, size int, offset int64, apply func()) {
	p := w.platter
	switch c.Number {
	case unix.SYS_OPENAT:
		path := c.Path(1)
		if t.On = w.thing(path); t.On == "" || t.On == "socket" {
			return Touch{}, 0, 0, nil
		}
		t.Kind = "read"
		if c.Args[2]&(unix.O_CREAT|unix.O_TRUNC) != 0 {
			t.Kind, apply = "open", func() { p.create(path, c.Args[2]&unix.O_TRUNC != 0) }
		}
	case unix.SYS_WRITE, unix.SYS_PWRITE64:
		path := c.File(c.Args[0])
		if size = int(c.Args[2]); w.thing(path) != "" {
			if offset = c.Offset(c.Args[0]); c.Number == unix.SYS_PWRITE64 {
				offset = int64(c.Args[3])
			}
			data, _ := c.Bytes(c.Args[1], size)
			return Touch{Kind: "write", On: w.thing(path)}, size, offset, func() { p.write(path, offset, data[:min(int(c.Return), len(data))]) }
		}
		return w.spoken(c, path), size, 0, nil
	case unix.SYS_SENDTO, unix.SYS_SENDMSG:
		return w.spoken(c, c.File(c.Args[0])), 0, 0, nil
	case unix.SYS_FSYNC, unix.SYS_FDATASYNC:
		path := c.File(c.Args[0])
		t, apply = Touch{Kind: "sync", On: w.thing(path)}, func() { p.sync(path) }
	case unix.SYS_FTRUNCATE:
		path := c.File(c.Args[0])
		t, apply = Touch{Kind: "truncate", On: w.thing(path)}, func() { p.truncate(path, int64(c.Args[1])) }
	case unix.SYS_RENAME:
		from, to := c.Path(0), c.Path(1)
		t, apply = Touch{Kind: "rename", On: w.thing(to)}, func() { p.rename(from, to) }
	case unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2:
		from, to := c.Path(1), c.Path(3)
		t, apply = Touch{Kind: "rename", On: w.thing(to)}, func() { p.rename(from, to) }
	case unix.SYS_UNLINKAT:
		path := c.Path(1)
		t, apply = Touch{Kind: "remove", On: w.thing(path)}, func() { p.remove(path) }
	case unix.SYS_MKDIRAT:
		path := c.Path(1)
		t, apply = Touch{Kind: "mkdir", On: w.thing(path)}, func() { p.mkdir(path) }
	case unix.SYS_BIND:
		t = Touch{Kind: "bind", On: "socket"}
	case unix.SYS_LISTEN:
		t = Touch{Kind: "listen", On: "socket"}
	case unix.SYS_FCHOWNAT:
		t = Touch{Kind: "chown", On: w.thing(c.Path(1))}
	case unix.SYS_FCHMODAT:
		t = Touch{Kind: "chmod", On: w.thing(c.Path(1))}
	}
	if t.On == "" {
		return Touch{}, 0, 0, nil
	}
	return t, 0, 0, apply
}

// spoken is a write to whoever is outside: a frame that fires a latch, or the answer on a socket. Polls recur for ever and say
// nothing.
func (w *watch) spoken(c *tracer.Call, path string) Touch {
	if strings.HasPrefix(path, "socket:") {
		return Touch{Kind: "reply", On: "socket"}
	}
	if data, _ := c.Bytes(c.Args[1], min(int(c.Args[2]), 64)); strings.HasPrefix(path, "/dev/") && w.frames[string(data)] {
		return Touch{Kind: "pulse", On: "line"}
	}
	return Touch{}
}

// thing is what lies at a path, "" for what is none of the guard's.
func (w *watch) thing(path string) string {
	state := w.bench.path("state")
	switch {
	case path == state:
		return "state folder"
	case path == filepath.Dir(state):
		return "folder above"
	case path == filepath.Join(state, "journal"):
		return "journal folder"
	case strings.HasPrefix(path, state+"/journal/"):
		return "segment"
	case strings.HasPrefix(path, state+"/"):
		return "key"
	case strings.HasPrefix(path, w.bench.path("doors")+"/"):
		return "socket"
	}
	return ""
}
