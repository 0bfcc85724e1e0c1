//go:build !development

package clock

import (
	"errors"
	"time"
)

type offsets struct{}

func newOffsets(path string) (offsets, error) {
	if path != "" {
		return offsets{}, errors.New("clock: this build takes no clock file; only development builds do")
	}
	return offsets{}, nil
}

func (offsets) read() (wall, running time.Duration) { return 0, 0 }

func (offsets) path() string { return "" }
