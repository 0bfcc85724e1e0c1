package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lockstep/guard/statement"
)

// Entry is a record with its private part.
type Entry struct {
	Record  Record
	Private []byte // salted, see Seal; empty where the kind has none
}

// line is what a frame holds: the two parts of an entry.
type line struct {
	Public  []byte `cbor:"1,keyasint"`
	Private []byte `cbor:"2,keyasint,omitempty"`
}

// Log is a locker's journal in a directory of segments.
//
// A segment is a file named after its first record. A frame in it is: length (4 bytes, big-endian), CRC-32C of those four
// bytes (4), the line, and the record's chain hash (32). The length has a check of its own so that a changed length cannot
// pass for a frame that was cut short.
//
// When the power goes in the middle of a write, any of its sectors may be there and any not. So that a sector that was lost can
// be told from a byte that was changed, no write has fewer than shortest bytes in any sector: it begins in the next one where
// fewer are left (zeros stand before it), and is filled up with fillers where fewer would lie in its last.
type Log struct {
	dir   string
	file  File
	open  func(path string, flag int) (File, error)
	good  int64 // bytes of the newest segment that are durable
	end   Position
	index []place // of every retained record, by rising number
	first uint64  // number of index[0]
	fault error   // set when the disk can no longer be trusted; ends with a restart
	segs  []segment
}

type place struct {
	segment int
	offset  int64
	size    int32
}

type segment struct {
	path  string
	first uint64
}

// File is what the log needs of one; *os.File is one.
type File interface {
	io.Writer
	io.ReaderAt
	io.Closer
	Sync() error
	Truncate(size int64) error
	Seek(offset int64, whence int) (int64, error)
}

const (
	frameHead = 8
	frameTail = 32
	maxLine   = 8 << 20
	// SegmentSize is the size in bytes after which a segment should be closed with a checkpoint.
	SegmentSize = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrCorrupt is in the tree of every error about a journal that holds a changed byte. Such a journal is not opened.
var ErrCorrupt = errors.New("the journal is not as it was written")

// Open reads a journal, checks every retained byte, and hands each entry from the newest checkpoint on (or from the first
// record) to apply. A frame that was cut short at the very end was never acted on and is taken away.
func Open(dir string, apply func(Entry) error) (*Log, error) {
	return OpenWith(dir, openFile, apply)
}

func openFile(path string, flag int) (File, error) { return os.OpenFile(path, flag, 0o600) }

// OpenWith is Open with another way to open files, for tests of disks that fail.
func OpenWith(dir string, open func(path string, flag int) (File, error), apply func(Entry) error) (*Log, error) {
	l := &Log{dir: dir, open: open, first: 1}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := syncDir(filepath.Dir(dir), open); err != nil {
		return nil, err
	}
	if err := l.findSegments(); err != nil {
		return nil, err
	}
	var entries []Entry // since the newest checkpoint
	for i := range l.segs {
		if err := l.scan(i, &entries); err != nil {
			return nil, err
		}
	}
	for _, e := range entries {
		if err := apply(e); err != nil {
			return nil, fmt.Errorf("%w: record %d: %w", ErrCorrupt, e.Record.Number, err)
		}
	}
	return l, l.openLast()
}

func (l *Log) findSegments() error {
	entries, err := os.ReadDir(l.dir) // by rising name
	if err != nil {
		return err // a folder that cannot be read is not an empty one
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".journal") {
			continue
		}
		var first uint64
		if _, err := fmt.Sscanf(e.Name(), "%d.journal", &first); err != nil {
			return fmt.Errorf("%w: %s has no number", ErrCorrupt, e.Name())
		}
		l.segs = append(l.segs, segment{filepath.Join(l.dir, e.Name()), first})
	}
	if len(l.segs) > 0 {
		l.first = l.segs[0].first
		l.end.Number = l.first - 1
	}
	return nil
}

func (l *Log) scan(i int, entries *[]Entry) error {
	data, err := os.ReadFile(l.segs[i].path)
	if err != nil {
		return err
	}
	last := i == len(l.segs)-1
	offset := 0
	for offset < len(data) {
		entry, size, err := decodeFrame(data[offset:])
		if n := filling(data, offset); err != nil && n > 0 {
			offset += n
			continue
		}
		if last && (errors.Is(err, errTorn) || err != nil && unwritten(data, offset) && !actedOn(data[offset:])) {
			break
		}
		if err != nil {
			return fmt.Errorf("%w: %s, byte %d: %w", ErrCorrupt, filepath.Base(l.segs[i].path), offset, err)
		}
		if err := l.follow(entry.Record); err != nil {
			return err
		}
		if entry.Record.Kind == Checkpoint {
			*entries = (*entries)[:0]
		}
		*entries = append(*entries, entry)
		l.index = append(l.index, place{i, int64(offset), int32(size)})
		offset += size
	}
	l.good = int64(offset)
	return nil
}

// follow checks that r continues the chain. The oldest retained record is taken as it is: what came before it is gone.
func (l *Log) follow(r Record) error {
	oldest := len(l.index) == 0 && l.first > 1
	if r.Number != l.end.Number+1 || (!oldest && r.Prev != l.end.Hash) {
		return fmt.Errorf("%w: record %d does not follow record %d", ErrCorrupt, r.Number, l.end.Number)
	}
	l.end = Position{r.Number, r.Hash()}
	return nil
}

var errTorn = errors.New("a frame that was cut short")

// decodeFrame reads one frame. errTorn means that the file ends inside it.
func decodeFrame(data []byte) (Entry, int, error) {
	if len(data) < frameHead {
		return Entry{}, 0, errTorn
	}
	length := binary.BigEndian.Uint32(data)
	if crc32.Checksum(data[:4], castagnoli) != binary.BigEndian.Uint32(data[4:]) {
		return Entry{}, 0, errors.New("a length that was changed")
	}
	size := frameHead + int(length) + frameTail
	if length > maxLine {
		return Entry{}, 0, errors.New("a length beyond all bounds")
	}
	if len(data) < size {
		return Entry{}, 0, errTorn
	}
	entry, err := decodeLine(data[frameHead:frameHead+length], data[size-frameTail:size])
	return entry, size, err
}

const (
	sector   = 512 // bytes, the smallest unit that a disk writes whole
	shortest = 32  // bytes of zeros that no changed byte makes of what was written
	filler   = 0xFF
)

// unwritten says whether some sector after offset was never written, or nothing at all.
func unwritten(data []byte, offset int) bool {
	if allZero(data[offset:]) {
		return true
	}
	for offset < len(data) {
		end := min(offset-offset%sector+sector, len(data))
		if end-offset >= shortest && allZero(data[offset:end]) {
			return true
		}
		offset = end
	}
	return false
}

// filling is how many bytes from offset on hold no frame: fillers, or the zeros before a write that begins in the next sector.
func filling(data []byte, offset int) (n int) {
	for offset+n < len(data) && data[offset+n] == filler && n < shortest {
		n++
	}
	if left := sector - offset%sector; n == 0 && left < shortest && offset+left < len(data) && allZero(data[offset:offset+left]) {
		return left
	}
	return n
}

// actedOn says that frames of more than one write can be read beyond a broken one, which was therefore durable once: the
// entries of one write have one powered time.
func actedOn(data []byte) bool {
	var powered []int64
	for at := 1; at+frameHead < len(data); at++ {
		e, size, err := decodeFrame(data[at:])
		if err != nil {
			continue
		}
		if powered = append(powered, e.Record.Powered); e.Record.Powered != powered[0] {
			return true
		}
		at += size - 1
	}
	return false
}

func allZero(data []byte) bool { return len(bytes.Trim(data, "\x00")) == 0 }

func decodeLine(data, sum []byte) (Entry, error) {
	var l line
	if err := statement.Decode(data, &l); err != nil {
		return Entry{}, err
	}
	if chain := hash(l.Public); !bytes.Equal(chain[:], sum) {
		return Entry{}, errors.New("a record that does not have its hash")
	}
	r, err := Decode(l.Public)
	if err != nil {
		return Entry{}, err
	}
	return Entry{r, l.Private}, checkPrivate(r, l.Private)
}

// encodeFrame also returns the record's chain hash.
func encodeFrame(e Entry) ([]byte, statement.Hash) {
	public := e.Record.Encode()
	payload := statement.Encode(line{public, e.Private})
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, frameHead+len(payload)+frameTail), uint32(len(payload)))
	frame = binary.BigEndian.AppendUint32(frame, crc32.Checksum(frame[:4], castagnoli))
	frame = append(frame, payload...)
	sum := hash(public)
	return append(frame, sum[:]...), sum
}

func (l *Log) openLast() error {
	if len(l.segs) == 0 {
		return l.newSegment()
	}
	file, err := l.open(l.segs[len(l.segs)-1].path, os.O_RDWR)
	if err != nil {
		return err
	}
	l.file = file
	if err := file.Truncate(l.good); err != nil {
		return err
	}
	if _, err := file.Seek(l.good, io.SeekStart); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return syncDir(l.dir, l.open) // whoever began the segment may have been ended before its name was safe
}

func (l *Log) newSegment() error {
	first := l.end.Number + 1
	path := filepath.Join(l.dir, fmt.Sprintf("%012d.journal", first))
	file, err := l.open(path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return err
	}
	// One that is there was begun on a disk that failed, and is empty.
	if size, err := file.Seek(0, io.SeekEnd); err != nil || size > 0 {
		return errors.Join(fmt.Errorf("%s holds %d bytes that nobody has read", filepath.Base(path), size), err, file.Close())
	}
	if err := syncDir(l.dir, l.open); err != nil {
		return errors.Join(err, file.Close(), os.Remove(path))
	}
	if l.file != nil {
		l.file.Close()
	}
	l.file, l.good = file, 0
	l.segs = append(l.segs, segment{path, first})
	return nil
}

// SyncDir makes the names in a folder durable. One that may not be read is left: whoever may not read it has made no name in it.
func SyncDir(dir string) error { return syncDir(dir, openFile) }

func syncDir(dir string, open func(path string, flag int) (File, error)) error {
	d, err := open(dir, os.O_RDONLY)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Append makes entries durable, in order, with one write and one flush. After an error none of them counts. An error of the
// flush itself is final: what the disk holds is unknown until the journal is opened again.
func (l *Log) Append(entries ...Entry) error {
	if l.fault != nil {
		return l.fault
	}
	if len(entries) == 0 {
		return nil
	}
	if entries[0].Record.Kind == Checkpoint && l.good > 0 {
		if err := l.newSegment(); err != nil {
			return fmt.Errorf("journal: %w", err) // the old segment goes on
		}
	}
	frames, places, end, err := l.frames(entries)
	if err != nil {
		return err
	}
	if _, err := l.file.Write(frames); err != nil {
		return l.undo(err)
	}
	if err := l.file.Sync(); err != nil {
		return l.fail(err)
	}
	l.index, l.end, l.good = append(l.index, places...), end, l.good+int64(len(frames))
	return nil
}

func (l *Log) frames(entries []Entry) (out []byte, places []place, end Position, err error) {
	end = l.end
	if left := sector - l.good%sector; left < shortest {
		out = make([]byte, left)
	}
	for _, e := range entries {
		if e.Record.Number != end.Number+1 || e.Record.Prev != end.Hash {
			return nil, nil, end, fmt.Errorf("journal: record %d does not follow record %d", e.Record.Number, end.Number)
		}
		if err := checkPrivate(e.Record, e.Private); err != nil {
			return nil, nil, end, err
		}
		frame, sum := encodeFrame(e)
		places = append(places, place{len(l.segs) - 1, l.good + int64(len(out)), int32(len(frame))})
		out = append(out, frame...)
		end = Position{e.Record.Number, sum}
	}
	for past := (l.good + int64(len(out))) % sector; past > 0 && past < shortest; past++ {
		out = append(out, filler)
	}
	return out, places, end, nil
}

// undo takes back a write that failed (a full disk, say), for good: what was taken back must not return with the next power cut.
// Where even that fails, the disk can no longer be trusted.
func (l *Log) undo(cause error) error {
	if err := l.file.Truncate(l.good); err != nil {
		return l.fail(cause)
	}
	if err := l.file.Sync(); err != nil {
		return l.fail(cause)
	}
	if _, err := l.file.Seek(l.good, io.SeekStart); err != nil {
		return l.fail(cause)
	}
	return fmt.Errorf("journal: %w", cause)
}

func (l *Log) fail(cause error) error {
	l.fault = fmt.Errorf("journal: the disk cannot be trusted until a restart: %w", cause)
	return l.fault
}

// End is the last durable record's position.
func (l *Log) End() Position { return l.end }

// First is the number of the oldest record still here.
func (l *Log) First() uint64 { return l.first }

// Broken says that the disk can no longer be trusted: every further Append fails until the journal is opened again.
func (l *Log) Broken() bool { return l.fault != nil }

// Segments are the numbers of the first records of the retained segments, oldest first.
func (l *Log) Segments() []uint64 {
	out := make([]uint64, len(l.segs))
	for i, s := range l.segs {
		out[i] = s.first
	}
	return out
}

// WantsCheckpoint says that the newest segment is long enough to be closed.
func (l *Log) WantsCheckpoint() bool { return l.good > SegmentSize }

// Public reads the public parts of records after a number, as many as fit into size bytes, at least one where there is one.
func (l *Log) Public(after uint64, size int) ([][]byte, error) {
	if after+1 < l.first {
		return nil, fmt.Errorf("journal: records up to %d are gone", l.first-1)
	}
	var out [][]byte
	for n := after + 1; n <= l.end.Number; n++ {
		public, err := l.public(l.index[n-l.first])
		if err != nil {
			return nil, err
		}
		size -= len(public) + 3
		if size < 0 && len(out) > 0 {
			break
		}
		out = append(out, public)
	}
	return out, nil
}

func (l *Log) public(p place) ([]byte, error) {
	file := l.file
	if p.segment != len(l.segs)-1 {
		older, err := l.open(l.segs[p.segment].path, os.O_RDONLY)
		if err != nil {
			return nil, err
		}
		defer older.Close()
		file = older
	}
	frame := make([]byte, p.size)
	if _, err := file.ReadAt(frame, p.offset); err != nil {
		return nil, err
	}
	entry, _, err := decodeFrame(frame)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return entry.Record.Encode(), nil
}

// Forget removes segments all of whose records come before number. The newest segment stays. Each is durably gone before the next
// goes: the power must not leave an older one without what follows it.
func (l *Log) Forget(number uint64) error {
	for len(l.segs) > 1 && l.segs[1].first <= number {
		if err := os.Remove(l.segs[0].path); err != nil {
			return err
		}
		dropped := l.segs[1].first - l.first
		l.segs, l.index, l.first = l.segs[1:], slices.Clone(l.index[dropped:]), l.segs[1].first
		for i := range l.index {
			l.index[i].segment--
		}
		if err := syncDir(l.dir, l.open); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the newest segment.
func (l *Log) Close() error { return l.file.Close() }

// Exists says whether a directory holds a journal.
func Exists(dir string) bool {
	names, _ := os.ReadDir(dir)
	return slices.ContainsFunc(names, func(e os.DirEntry) bool { return strings.HasSuffix(e.Name(), ".journal") })
}
