package drill

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// sector is the smallest unit that a disk writes whole.
const sector = 512

// platter is a model of one folder on a disk: what the programs see, and what would be left if the power went now. A file's bytes
// are safe once it was synced after them; a name is, once its folder was.
type platter struct {
	above string // the folder's parent, of which only the one name is of interest
	root  *node  // of above
}

// node is a file or a folder.
type node struct {
	names, safeNames map[string]*node // of a folder
	now, safe        []byte           // of a file
}

func newFolder() *node { return &node{names: map[string]*node{}, safeNames: map[string]*node{}} }

// readPlatter takes what lies in a folder below above for safe.
func readPlatter(above, folder string) (*platter, error) {
	p := &platter{above, newFolder()}
	err := filepath.WalkDir(filepath.Join(above, folder), func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case d.IsDir():
			p.mkdir(path)
			return nil
		}
		data, err := os.ReadFile(path)
		p.create(path, false)
		p.write(path, 0, data)
		return err
	})
	p.root.settle()
	return p, err
}

// settle makes everything at and below a node safe.
func (n *node) settle() {
	n.safe, n.safeNames = bytes.Clone(n.now), maps.Clone(n.names)
	for _, child := range n.names {
		child.settle()
	}
}

// find is the node at a path, and its folder and name; nil where there is none.
func (p *platter) find(path string) (at, folder *node, name string) {
	if path == p.above {
		return p.root, nil, ""
	}
	rest, ok := strings.CutPrefix(path, p.above+"/")
	if !ok {
		return nil, nil, ""
	}
	at = p.root
	for part := range strings.SplitSeq(rest, "/") {
		if at == nil || at.names == nil {
			return nil, nil, ""
		}
		at, folder, name = at.names[part], at, part
	}
	return at, folder, name
}

func (p *platter) create(path string, empty bool) {
	at, folder, name := p.find(path)
	switch {
	case folder == nil:
	case at == nil:
		folder.names[name] = &node{}
	case empty:
		at.now = nil
	}
}

func (p *platter) mkdir(path string) {
	if _, folder, name := p.find(path); folder != nil {
		folder.names[name] = newFolder()
	}
}

func (p *platter) write(path string, offset int64, data []byte) {
	at, _, _ := p.find(path)
	if at == nil {
		return
	}
	if need := int(offset) + len(data) - len(at.now); need > 0 {
		at.now = append(at.now, make([]byte, need)...)
	}
	copy(at.now[offset:], data)
}

func (p *platter) truncate(path string, size int64) {
	if at, _, _ := p.find(path); at != nil {
		at.now = append(at.now[:min(int(size), len(at.now)):min(int(size), len(at.now))], make([]byte, max(0, int(size)-len(at.now)))...)
	}
}

func (p *platter) sync(path string) {
	if at, _, _ := p.find(path); at != nil {
		at.safe, at.safeNames = bytes.Clone(at.now), maps.Clone(at.names)
	}
}

func (p *platter) remove(path string) {
	if _, folder, name := p.find(path); folder != nil {
		delete(folder.names, name)
	}
}

func (p *platter) rename(from, to string) {
	at, folder, name := p.find(from)
	_, next, as := p.find(to)
	if at != nil && next != nil {
		delete(folder.names, name)
		next.names[as] = at
	}
}

// What a disk may have forgotten when the power goes: of names, of bytes, of the sectors of what was written last.
const (
	forgotAll   = "all is forgotten"
	forgotBytes = "its bytes are forgotten, its names are not"
	forgotNames = "its names are forgotten"
	lostAll     = "every sector lost, the length kept"
	lostFirst   = "the first sector lost"
	lostLast    = "the last sector lost"
	lostOdd     = "every other sector lost"
)

// forgetful are the ways after which the folder is what the disk kept.
var forgetful = []string{heldUp, forgotAll, forgotBytes, forgotNames, lostAll, lostFirst, lostLast, lostOdd}

// ways is how the disk could forget something now.
func (p *platter) ways() (ways []string) {
	names, data, sectors := p.root.unsafe()
	if names || data {
		ways = append(ways, forgotAll)
	}
	if names && data {
		ways = append(ways, forgotBytes, forgotNames)
	}
	if data {
		ways = append(ways, lostAll)
	}
	if sectors > 1 {
		ways = append(ways, lostFirst, lostLast)
	}
	if sectors > 2 {
		ways = append(ways, lostOdd)
	}
	return ways
}

// unsafe says what at and below a node is not safe; sectors is the most that one file would lose.
func (n *node) unsafe() (names, data bool, sectors int) {
	names = !maps.Equal(n.names, n.safeNames)
	sectors = len(n.changed())
	data = sectors > 0
	for _, child := range n.names {
		childNames, childData, most := child.unsafe()
		names, data, sectors = names || childNames, data || childData, max(sectors, most)
	}
	return names, data, sectors
}

// changed are the numbers of the sectors in which a file differs from what is safe.
func (n *node) changed() (sectors []int) {
	for at := 0; at < max(len(n.now), len(n.safe)); at += sector {
		if !bytes.Equal(part(n.now, at), part(n.safe, at)) {
			sectors = append(sectors, at/sector)
		}
	}
	return sectors
}

// part is the sector of a file that begins at a byte, shorter or empty at and behind its end.
func part(data []byte, at int) []byte { return data[min(at, len(data)):min(at+sector, len(data))] }

// left is a file's bytes after the power went.
func (n *node) left(way string) []byte {
	lost := n.changed()
	switch {
	case way == forgotAll, way == heldUp, way == forgotBytes:
		return n.safe
	case way == forgotNames, len(lost) == 0:
		return n.now
	case way == lostFirst:
		lost = lost[:1]
	case way == lostLast:
		lost = lost[len(lost)-1:]
	case way == lostOdd:
		for i := 1; i < len(lost); i++ {
			lost = append(lost[:i], lost[i+1:]...)
		}
	}
	data := bytes.Clone(n.now)
	for _, i := range lost {
		old := append(bytes.Clone(part(n.safe, i*sector)), make([]byte, sector)...)
		copy(part(data, i*sector), old)
	}
	return data
}

// spill writes the folder anew as the power left it.
func (p *platter) spill(folder, way string) error {
	path := filepath.Join(p.above, folder)
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	names := p.root.keeps(way)
	if names[folder] == nil {
		return nil
	}
	return errors.Join(names[folder].spill(path, way), walkOwn(path))
}

func (n *node) keeps(way string) map[string]*node {
	if way == forgotAll || way == heldUp || way == forgotNames {
		return n.safeNames
	}
	return n.names
}

func (n *node) spill(path, way string) error {
	if n.names == nil {
		return os.WriteFile(path, n.left(way), 0o600)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	for name, child := range n.keeps(way) {
		if err := child.spill(filepath.Join(path, name), way); err != nil {
			return err
		}
	}
	return nil
}
