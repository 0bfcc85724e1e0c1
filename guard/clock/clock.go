// Package clock reads the machine's two clocks: the wall, which may be wrong, and the time since start, which only runs
// forward. Builds with the tag "development" add an offset to each from one file, so that days pass in seconds; other
// builds lack that code and refuse to be given such a file.
package clock

import "time"

// A Clock tells both times. Its zero value is the machine's own.
type Clock struct {
	start time.Time
	shift offsets
}

// New starts a clock. offsetFile must be empty unless this is a development build; the file holds two whole numbers of
// microseconds, to be added to the wall and to the running time, and may be rewritten at any moment.
func New(offsetFile string) (*Clock, error) {
	shift, err := newOffsets(offsetFile)
	return &Clock{time.Now(), shift}, err
}

// Now is the wall clock.
func (c *Clock) Now() time.Time {
	wall, _ := c.shift.read()
	return time.Now().Add(wall)
}

// Running is the time since New.
func (c *Clock) Running() time.Duration {
	_, running := c.shift.read()
	return time.Since(c.start) + running
}
