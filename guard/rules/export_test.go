package rules

import (
	"fmt"

	"lockstep/guard/statement"
)

// Picture is everything in a state, what it points to included: two pictures are the same exactly when nothing has changed.
func (s State) Picture() string {
	picture := fmt.Sprintf("%x %+v", statement.Encode(s.Facts), s.Scene)
	if s.visit != nil {
		picture += fmt.Sprintf(" %+v", *s.visit)
	}
	if s.session != nil {
		picture += fmt.Sprintf(" %+v", *s.session)
	}
	if s.service != nil {
		picture += fmt.Sprintf(" %+v", *s.service)
	}
	if s.override != nil {
		picture += fmt.Sprintf(" %+v", *s.override)
	}
	return picture
}
