package store

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hotline"
)

// A segment is a file of the journal, <number>.jsonl. A line is the CRC-32C of
// the JSON in eight hex digits, a space, the JSON of one outcome, a newline.
const (
	segmentSuffix = ".jsonl"
	sumDigits     = 8
)

// place is a spot in the journal: a byte of a segment. The zero place is
// before everything.
type place struct {
	segment uint64
	offset  int64
}

func segmentPath(dir string, segment uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%016d%s", segment, segmentSuffix))
}

// segments lists the numbers of the segments in dir, the oldest first.
func segments(dir string) ([]uint64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []uint64
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), segmentSuffix)
		if n, err := strconv.ParseUint(name, 10, 64); ok && err == nil {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list, nil
}

func encodeLine(o hotline.Outcome) ([]byte, error) {
	body, err := json.Marshal(o)
	if err != nil {
		return nil, hotline.Errorf(hotline.Invalid, "the outcome of call %s cannot be kept: %w", o.Call, err)
	}
	line := make([]byte, 0, sumDigits+len(body)+2)
	line = hex.AppendEncode(line, binary.BigEndian.AppendUint32(nil, lineSum(body)))
	line = append(append(line, ' '), body...)
	return append(line, '\n'), nil
}

func lineSum(body []byte) uint32 {
	return crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)) // the table is made once by the library
}

// body gives the JSON of a line without its newline, and whether it is whole.
func body(line []byte) (text []byte, whole bool) {
	if len(line) < sumDigits+1 || line[sumDigits] != ' ' {
		return nil, false
	}
	sum, err := hex.DecodeString(string(line[:sumDigits]))
	text = line[sumDigits+1:]
	return text, err == nil && binary.BigEndian.Uint32(sum) == lineSum(text)
}

func decodeLine(line []byte) (o hotline.Outcome, err error) {
	text, whole := body(line)
	if !whole || json.Unmarshal(text, &o) != nil {
		return hotline.Outcome{}, errDamaged
	}
	return o, nil
}

var errDamaged = hotline.Errorf(hotline.Internal, "the line's checksum or form is wrong")

// count gives the number of lines of a segment from offset on, and where the
// last whole line ends; behind that a torn one may follow.
func count(path string, offset int64) (lines int, end int64, err error) {
	data, err := os.ReadFile(path)
	if err != nil || offset > int64(len(data)) {
		return 0, offset, err
	}
	end = offset
	for {
		n := bytes.IndexByte(data[end:], '\n')
		if n < 0 {
			return lines, end, nil
		}
		end += int64(n) + 1
		lines++
	}
}

// cutTornLine cuts what a crash left of a last line, and says what it cut.
func cutTornLine(path string, end int64) (cut int64, err error) {
	info, err := os.Stat(path)
	if err != nil || info.Size() <= end {
		return 0, err
	}
	return info.Size() - end, os.Truncate(path, end)
}
