//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"lockstep/demo"
	"lockstep/internal/debian"
)

// shop is a merchant's own software, a program in another language that was written from PickPoint's reference (shop/).
type shop struct {
	*testing.T
	program []string
	env     []string
	session string // the file in which it keeps its session, if it does
}

// shops are two programs with one merchant's login, by the prefix of their orders.
func shops(t *testing.T, n *demo.Network) map[string]*shop {
	node, python := debian.Program(t, "node", "nodejs"), debian.Program(t, "python3", "python3")
	env := append(os.Environ(), "PICKPOINT_LOGIN=apitest", "PICKPOINT_PASSWORD=apitest", "PICKPOINT_IKN=9990003041")
	session := filepath.Join(t.TempDir(), "session")
	return map[string]*shop{
		"N": {t, []string{node, "shop/shop.mjs"}, append(slices.Clone(env), "PICKPOINT_URL="+n.Hub+"/apitest/", "PICKPOINT_SESSION="+session), session},
		"P": {t, []string{python, "shop/shop.py"}, append(slices.Clone(env), "PICKPOINT_URL="+n.Hub+"/api", "PYTHONIOENCODING=utf-8"), ""},
	}
}

// told is what a verb reads or prints.
type told = map[string]any

// do has the shop do something that must succeed.
func (s *shop) do(verb string, in, out any) {
	s.Helper()
	printed, failed := s.run(verb, in)
	if failed {
		s.Fatalf("%s %s %+v: %s", s.program[1], verb, in, printed)
	}
	if out == nil {
		var said struct{ Done bool }
		if err := json.Unmarshal(printed, &said); err != nil || !said.Done {
			s.Fatalf("%s %s %+v: %s", s.program[1], verb, in, printed)
		}
		return
	}
	if err := json.Unmarshal(printed, out); err != nil {
		s.Fatalf("%s %s: %v: %s", s.program[1], verb, err, printed)
	}
}

// refusal is what the service says of what cannot be.
type refusal struct {
	Code int
	Text string
}

// refused has the shop do something that the service must refuse.
func (s *shop) refused(verb string, in any) refusal {
	s.Helper()
	printed, failed := s.run(verb, in)
	var said struct{ Refused refusal }
	if err := json.Unmarshal(printed, &said); err != nil || !failed || said.Refused.Text == "" {
		s.Fatalf("%s %s %+v was not refused: %s", s.program[1], verb, in, printed)
	}
	return said.Refused
}

func (s *shop) run(verb string, in any) (printed []byte, failed bool) {
	s.Helper()
	input, err := json.Marshal(in)
	must(s.T, err)
	var wrong bytes.Buffer
	program := exec.CommandContext(s.Context(), s.program[0], append(s.program[1:], verb)...)
	program.Env, program.Stdin, program.Stderr = s.env, bytes.NewReader(input), &wrong
	printed, err = program.Output()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && (!ended || len(printed) == 0) {
		s.Fatalf("%s %s: %v\n%s", s.program[1], verb, err, wrong.String())
	}
	return printed, err != nil
}

// paper has the shop fetch a document.
func (s *shop) paper(verb string, in told) {
	s.Helper()
	in["file"] = filepath.Join(s.TempDir(), "paper.pdf")
	s.do(verb, in, &struct{}{})
	if data, err := os.ReadFile(in["file"].(string)); err != nil || !bytes.HasPrefix(data, []byte("%PDF")) || !bytes.Contains(data, []byte("%%EOF")) {
		s.Errorf("%s: %d bytes, %v", verb, len(data), err)
	}
}

// box is a place of an order, in centimetres and kilograms.
type box struct {
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
	Depth  float64 `json:"depth"`
	Weight float64 `json:"weight"`
}

var (
	small  = box{20, 7.5, 30, 0.4}
	medium = box{30, 15, 25, 2}
	large  = box{40, 36, 38, 11.25}
)

// order is what a shop has sold. It becomes a sending when it is registered.
type order struct {
	ID    string  `json:"id"`
	Name  string  `json:"name"`
	Phone string  `json:"phone"`
	Sum   float64 `json:"sum,omitempty"`
	Boxes []box   `json:"boxes"`

	number   string
	barcodes []string
	codes    []string
	story    []chapter
}

// chapter is something that happened to a sending, in PickPoint's word, and between when.
type chapter struct {
	state      int
	begun, end time.Time
}

// step is a state as the service tells it.
type step struct {
	State int
	Text  string
	At    time.Time
}
