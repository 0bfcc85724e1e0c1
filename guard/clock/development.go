//go:build development

package clock

import (
	"fmt"
	"os"
	"sync"
	"time"
)

type offsets struct{ file *offsetFile }

type offsetFile struct {
	path string

	mu            sync.Mutex
	checked       time.Time
	wall, running time.Duration
}

// reread is how long a value read from the file is used.
const reread = 20 * time.Millisecond

func newOffsets(path string) (offsets, error) {
	if path == "" {
		return offsets{}, nil
	}
	f := &offsetFile{path: path}
	return offsets{f}, f.load()
}

func (o offsets) path() string {
	if o.file == nil {
		return ""
	}
	return o.file.path
}

func (o offsets) read() (wall, running time.Duration) {
	if o.file == nil {
		return 0, 0
	}
	return o.file.read()
}

func (f *offsetFile) read() (wall, running time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.checked) > reread {
		_ = f.load() // a file that is being rewritten leaves the offsets as they were
	}
	return f.wall, f.running
}

func (f *offsetFile) load() error {
	data, err := os.ReadFile(f.path)
	if err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	var wall, running int64
	if _, err := fmt.Sscan(string(data), &wall, &running); err != nil {
		return fmt.Errorf("clock: %s: want two whole numbers of microseconds: %w", f.path, err)
	}
	f.wall, f.running = time.Duration(wall)*time.Microsecond, time.Duration(running)*time.Microsecond
	f.checked = time.Now()
	return nil
}
