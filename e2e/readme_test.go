//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"lockstep/demo"
	"lockstep/internal/debian"
)

// TestReadme does what the README has people type into a shell, in its order: against the hub's API, holding each answer that it shows
// against the one that comes, and then on the command line.
func TestReadme(t *testing.T) {
	ctx, n := start(t)
	r := &readme{T: t, n: n, dir: t.TempDir()}
	debian.Program(t, "curl", "curl")
	blocks := fences(t, "../README.md")
	for i, b := range blocks {
		if !strings.Contains(b, "curl ") {
			continue
		}
		said := r.typed(b)
		if i+1 < len(blocks) && strings.Contains(blocks[i+1], "{") {
			r.agrees(blocks[i+1], said)
		}
		switch r.calls++; r.calls {
		case 1:
			must(t, n.Until(ctx, "200010000001", "dispatched"))
			r.agrees(blocks[i+2], r.typed(strings.Replace(b, `"size":"S"`, `"size":"M"`, 1)))
			r.agrees(blocks[i+3], r.typed(strings.NewReplacer("order-1001", "order-1002", "+79161234567", "12345").Replace(b)))
		case 2:
			_, err := n.Announce(ctx, demo.Announcement{Phone: "+79161234567", Size: "S", DwellHours: 72}) // with the page's button
			must(t, err)
			for name, begins := range map[string]string{"label.pdf": "%PDF", "label.zpl": "^XA"} {
				if data, err := os.ReadFile(filepath.Join(r.dir, name)); err != nil || !strings.Contains(string(data[:min(len(data), 100)]), begins) {
					t.Errorf("%s: %d bytes, %v", name, len(data), err)
				}
			}
		}
	}
	r.commands(blocks)
	if r.calls != 4 || r.compared != 5 {
		t.Errorf("%d blocks with calls were run and %d answers compared", r.calls, r.compared)
	}
}

type readme struct {
	*testing.T
	n               *demo.Network
	dir             string
	calls, compared int
}

// fences are the blocks of code of a page.
func fences(t *testing.T, page string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	must(t, err)
	for i, part := range strings.Split(string(text), "\n```") {
		if i%2 == 1 {
			blocks = append(blocks, part)
		}
	}
	return blocks
}

// typed runs a block in a shell, at the network's addresses and with its key.
func (r *readme) typed(block string) string {
	r.Helper()
	block = regexp.MustCompile(`KEY=lsk_\S+`).ReplaceAllString(block, "")
	shell := exec.CommandContext(r.Context(), "bash", "-ec", strings.ReplaceAll(block, "http://127.0.0.1:8401", r.n.Hub))
	shell.Dir, shell.Env = r.dir, append(os.Environ(), "KEY="+r.n.APIKey)
	said, err := shell.Output()
	if err != nil {
		r.Fatalf("%v\n%s\n%s", err, block, said)
	}
	return string(said)
}

// commands types what stands behind a $, with the demo kept in net.
func (r *readme) commands(blocks []string) {
	r.Helper()
	for name, is := range map[string]string{"net": filepath.Dir(filepath.Dir(r.n.Log("hub"))), "bin": bin} {
		place, err := filepath.Abs(is)
		must(r.T, err)
		must(r.T, os.Symlink(place, filepath.Join(r.dir, name)))
	}
	script, count := "shopt -s expand_aliases", 0
	for _, line := range strings.Split(strings.Join(blocks, "\n"), "\n") {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			script += "\n" + command
			count++
		}
	}
	said := r.typed(script)
	for _, words := range []string{"lockers  online", "7701-015  Demo locker", "0 differences", "Every opening of compartment 1"} {
		if !strings.Contains(said, words) {
			r.Errorf("%s is not in\n%s", words, said)
		}
	}
	if count != 6 {
		r.Errorf("%d commands", count)
	}
}

// agrees holds a JSON answer against the one that is shown, where … stands for whatever there is.
func (r *readme) agrees(shown, said string) {
	r.Helper()
	r.compared++
	var want, got any
	text := regexp.MustCompile(`,\s*…`).ReplaceAllString(shown[strings.Index(shown, "{"):], "")
	must(r.T, json.Unmarshal([]byte(text), &want))
	if err := json.Unmarshal([]byte(said[max(0, strings.Index(said, "{")):]), &got); err != nil {
		r.Fatalf("%v: %s", err, said)
	}
	if err := alike("", want, got); err != nil {
		r.Errorf("%v\nshown: %s\nsaid: %s", err, shown, said)
	}
}

func alike(at string, want, got any) error {
	switch want := want.(type) {
	case map[string]any:
		object, _ := got.(map[string]any)
		for key, value := range want {
			if err := alike(at+"."+key, value, object[key]); err != nil {
				return err
			}
		}
		return nil
	case []any:
		list, _ := got.([]any)
		if len(list) != len(want) {
			return fmt.Errorf("%s has %d elements, not %d", at, len(list), len(want))
		}
		for i, value := range want {
			if err := alike(fmt.Sprint(at, ".", i), value, list[i]); err != nil {
				return err
			}
		}
		return nil
	case string:
		text, _ := got.(string)
		if same(want, text) {
			return nil
		}
	default:
		if want == got {
			return nil
		}
	}
	return fmt.Errorf("%s is %v, not %v", at, got, want)
}

// same says whether a text is as it is shown: up to …, but for identifiers, and at whatever time and address.
func same(shown, said string) bool {
	if demos := regexp.MustCompile(`^http://127\.0\.0\.1:84\d\d`); demos.MatchString(shown) {
		shown, said = demos.ReplaceAllString(shown, ""), regexp.MustCompile(`^http://127\.0\.0\.1:\d+`).ReplaceAllString(said, "")
	}
	if begin, _, cut := strings.Cut(shown, "…"); cut {
		begin = begin[:len(begin)-len(regexp.MustCompile(`[0-9a-zA-Z+-]+$`).FindString(begin))]
		return strings.HasPrefix(said, begin) && len(said) > len(begin)
	}
	if _, err := time.Parse(time.RFC3339, shown); err == nil {
		_, err = time.Parse(time.RFC3339, said)
		return err == nil
	}
	return shown == said
}
