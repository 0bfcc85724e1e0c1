// Package clock reads the machine's two clocks: the wall, which may be wrong, and the time since start, which only runs
// forward. Builds with the tag "development" add an offset to each from one file, so that days pass in seconds; other
// builds lack that code and refuse to be given such a file.
package clock

import "time"

// A Clock tells both times.
type Clock struct {
	start time.Time
	shift offsets
	skip  time.Duration // the running offset at the start
}

// New starts a clock. offsetFile must be empty unless this is a development build; the file holds two whole numbers of
// microseconds, to be added to the wall and to the running time, and may be rewritten at any moment.
func New(offsetFile string) (*Clock, error) {
	shift, err := newOffsets(offsetFile)
	if err != nil {
		return nil, err
	}
	_, skip := shift.read()
	return &Clock{time.Now(), shift, skip}, nil
}

// File is the file that this clock goes on reading; empty but in development builds.
func (c *Clock) File() string { return c.shift.path() }

// Now is the wall clock.
func (c *Clock) Now() time.Time {
	wall, _ := c.shift.read()
	return time.Now().Add(wall)
}

// Running is the time since New.
func (c *Clock) Running() time.Duration {
	_, running := c.shift.read()
	return time.Since(c.start) + running - c.skip
}
