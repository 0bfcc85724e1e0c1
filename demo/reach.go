package demo

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// bringPrograms copies the programs into the network's own directory where other users cannot reach them, as under /root.
func (n *Network) bringPrograms() error {
	bin, err := filepath.Abs(n.options.Bin)
	if err != nil || n.users.hub == 0 || reachable(bin) {
		return err
	}
	n.options.Bin = n.path("bin")
	if err := os.Mkdir(n.options.Bin, 0o755); err != nil {
		return err
	}
	for _, name := range programNames {
		if err := copyProgram(filepath.Join(bin, name), n.bin(name)); err != nil {
			return err
		}
	}
	return nil
}

// reachable says whether any user may walk down to a directory given by its absolute path.
func reachable(dir string) bool {
	for ; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil || info.Mode()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

func copyProgram(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
