package cabinet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Options say where a running cabinet is reached.
type Options struct {
	Config         Config
	Dir            string    // where lines and the scanner get their names; must exist
	Control        string    // path of the control socket, none if empty
	Listen         string    // address of the page, none if empty
	Token          string    // what the page's URL must carry
	FrameAncestors []string  // origins that may frame the page and speak to it
	Truth          io.Writer // gets the log, one JSON object a line; may be nil
	Log            *slog.Logger
}

// Running is a cabinet that is plugged in.
type Running struct {
	Cabinet *Cabinet
	Ready   Ready
	options Options
	buses   map[string]*bus
	scanner *terminal
	cancel  context.CancelFunc
	wait    sync.WaitGroup
	closers []func()

	hands hands
}

// Ready says where everything is.
type Ready struct {
	Ready   bool              `json:"ready"`
	Page    string            `json:"page,omitempty"`
	Control string            `json:"control,omitempty"`
	Lines   map[string]string `json:"lines"`
	Scanner string            `json:"scanner"`
}

// ScannerName is the scanner's name in Options.Dir.
const ScannerName = "scanner"

// Start plugs a cabinet in. It runs until Stop.
func Start(o Options) (*Running, error) {
	c, err := New(o.Config, o.Truth)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &Running{Cabinet: c, options: o, buses: map[string]*bus{}, cancel: cancel}
	r.Ready = Ready{Lines: map[string]string{}}
	if err := errors.Join(r.startLines(ctx), r.startControl(ctx), r.startPage(ctx)); err != nil {
		r.Stop()
		return nil, err
	}
	r.Ready.Ready = true
	return r, nil
}

// Stop unplugs it and returns when nothing of it runs any more.
func (r *Running) Stop() {
	r.cancel()
	for _, closer := range r.closers {
		closer()
	}
	r.wait.Wait()
}

func (r *Running) startLines(ctx context.Context) error {
	for _, config := range r.options.Config.Boards {
		if r.buses[config.Line] != nil {
			continue
		}
		t, err := r.terminal(config.Line)
		if err != nil {
			return err
		}
		b := newBus(r.Cabinet, config.Line, t, r.options.Log)
		r.buses[config.Line], r.Ready.Lines[config.Line] = b, t.link
		r.wait.Go(func() { b.run(ctx) })
	}
	t, err := r.terminal(ScannerName)
	if err != nil {
		return err
	}
	r.scanner, r.Ready.Scanner = t, t.link
	r.wait.Go(func() { r.keepScanner(ctx) })
	return nil
}

func (r *Running) terminal(name string) (*terminal, error) {
	t, err := openTerminal(r.options.Dir, name)
	if err == nil {
		r.closers = append(r.closers, t.close)
	}
	return t, err
}

func (r *Running) keepScanner(ctx context.Context) {
	for ctx.Err() == nil {
		pause(ctx, 500*time.Millisecond)
		if err := r.scanner.release(); err != nil && ctx.Err() == nil {
			r.options.Log.Warn("cabinet: scanner", "error", err)
		}
	}
}

// Scan shows text to the scanner: it appears on its line, ended by a new line.
func (r *Running) Scan(text string) error {
	if text == "" || len(text) > 4000 || strings.ContainsAny(text, "\r\n") {
		return errors.New("cabinet: a scan is one line of 1 to 4000 bytes")
	}
	if _, err := r.scanner.master.WriteString(text + "\n"); err != nil {
		return fmt.Errorf("cabinet: scanner: %w", err)
	}
	return nil
}

// Inject puts bytes on a line that come from none of its boards.
func (r *Running) Inject(line string, bytes []byte) error {
	b, ok := r.buses[line]
	if !ok {
		return fmt.Errorf("cabinet: no line %q", line)
	}
	select {
	case b.inject <- bytes:
		return nil
	default:
		return fmt.Errorf("cabinet: line %q is busy", line)
	}
}

func (r *Running) startControl(ctx context.Context) error {
	if r.options.Control == "" {
		return nil
	}
	l, err := listenControl(r.options.Control)
	if err != nil {
		return err
	}
	r.Ready.Control = r.options.Control
	r.closers = append(r.closers, func() { _ = l.Close() })
	r.wait.Go(func() { r.serveControl(ctx, l) })
	return nil
}

func (r *Running) startPage(ctx context.Context) error {
	if r.options.Listen == "" {
		return nil
	}
	if len(r.options.Token) < 16 {
		return errors.New("cabinet: the page's token needs 16 characters or more")
	}
	l, err := net.Listen("tcp", r.options.Listen)
	if err != nil {
		return fmt.Errorf("cabinet: page: %w", err)
	}
	r.Ready.Page = "http://" + l.Addr().String() + "/?token=" + r.options.Token
	server := &http.Server{
		Handler: r.pages(), ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx },
	}
	r.closers = append(r.closers, func() { _ = server.Close() })
	r.wait.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			r.options.Log.Error("cabinet: page", "error", err)
		}
	})
	return nil
}

// OpenTruth opens the file that gets the log's copy, which is only ever appended to.
func OpenTruth(path string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Clean(path), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cabinet: %w", err)
	}
	return f, nil
}
