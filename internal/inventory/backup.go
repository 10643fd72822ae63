package inventory

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"
)

// A backup is a source's inventory as text: all rows of its table, tombstones, feeds and what modules remember (numbers)
// included, so that a store that begins with it goes on as if nothing had been. One line of JSON each:
//
//	{"backup":"inventory.main","taken":"2026-12-01T10:00:00Z"}
//	{"key":"server/web001","raw":"AQAH…"}                      the row as stored, base64
//	{"rows":100003,"sha256":"9f86d0…"}                          the last line, over all keys and values
//
// A file without its last line, or with another sum, is refused.

// Bounds of a backup.
const (
	MaxBackup     = 1 << 30 // octets
	maxBackupLine = 256 << 10
)

// backupLine is any of the three.
type backupLine struct {
	Backup string    `json:"backup,omitempty"`
	Taken  time.Time `json:"taken,omitzero"`
	Key    string    `json:"key,omitempty"`
	Raw    []byte    `json:"raw,omitempty"`
	Rows   *int      `json:"rows,omitempty"`
	SHA256 string    `json:"sha256,omitempty"`
}

// BackupWriter writes a backup. Close writes the last line; without it the text is no backup.
type BackupWriter struct {
	enc  *json.Encoder
	sum  hash.Hash
	rows int
}

// NewBackupWriter begins the backup of a table.
func NewBackupWriter(w io.Writer, table string, taken time.Time) (*BackupWriter, error) {
	b := &BackupWriter{enc: json.NewEncoder(w), sum: sha256.New()}
	b.enc.SetEscapeHTML(false)
	return b, b.enc.Encode(backupLine{Backup: table, Taken: taken.UTC().Truncate(time.Second)})
}

// Row writes one row.
func (b *BackupWriter) Row(key string, raw []byte) error {
	b.rows++
	addRow(b.sum, key, raw)
	return b.enc.Encode(backupLine{Key: key, Raw: raw})
}

// Close ends the backup and says how many rows it has. The writer below is the caller's to close.
func (b *BackupWriter) Close() (rows int, err error) {
	return b.rows, b.enc.Encode(backupLine{Rows: &b.rows, SHA256: hex.EncodeToString(b.sum.Sum(nil))})
}

func addRow(sum hash.Hash, key string, raw []byte) {
	var b [2 * binary.MaxVarintLen64]byte
	sum.Write(binary.AppendUvarint(binary.AppendUvarint(b[:0], uint64(len(key))), uint64(len(raw))))
	sum.Write([]byte(key))
	sum.Write(raw)
}

// BackupRow is a row of a backup.
type BackupRow struct {
	Key string
	Raw []byte
}

// ReadBackup reads and checks a whole backup of at most limit entities and tombstones.
func ReadBackup(r io.Reader, limit int) (table string, rows []BackupRow, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxBackupLine)
	sum := sha256.New()
	last, entities := "", 0
	for number := 1; lines.Scan(); number++ {
		var l backupLine
		dec := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		dec.DisallowUnknownFields()
		err := dec.Decode(&l)
		switch {
		case err != nil:
		case number == 1:
			if table = l.Backup; !strings.HasPrefix(table, "inventory.") {
				err = errors.New("no backup of an inventory")
			}
		case l.Rows != nil:
			switch {
			case *l.Rows != len(rows):
				err = fmt.Errorf("%d rows announced, %d came", *l.Rows, len(rows))
			case l.SHA256 != hex.EncodeToString(sum.Sum(nil)):
				err = errors.New("the sum over all rows differs: the file was changed or damaged")
			case lines.Scan():
				err = errors.New("something follows the last line")
			default:
				return table, rows, lines.Err()
			}
		case entities == limit:
			err = fmt.Errorf("more than %d entities and tombstones", limit)
		case l.Key <= last:
			err = errors.New("keys must ascend")
		default:
			last = l.Key
			addRow(sum, l.Key, l.Raw)
			rows = append(rows, BackupRow{l.Key, l.Raw})
			if _, _, entity := SplitKey(l.Key); entity {
				entities++
			}
			err = checkBackupRow(l.Key, l.Raw)
		}
		if err != nil {
			return "", nil, fmt.Errorf("backup, line %d: %w", number, err)
		}
	}
	return "", nil, errors.Join(errors.New("the backup ends before its last line"), lines.Err())
}

// checkBackupRow wants a row that a rules stage can read.
func checkBackupRow(key string, raw []byte) error {
	if kind, id, ok := SplitKey(key); ok {
		_, err := DecodeRow(raw)
		return errors.Join(checkKind(kind), checkID(id), err)
	}
	if name, ok := FeedOf(key); ok {
		_, err := DecodeFeed(raw)
		return errors.Join(CheckFeed(name), err)
	}
	if role, ok := RoleOf(key); ok {
		return NewNumbers().Load(role, raw)
	}
	if !strings.HasPrefix(key, "@") {
		return fmt.Errorf("bad key %.80q", key)
	}
	return nil
}
