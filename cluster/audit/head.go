package audit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
)

// The head file says how many events were surely on disk, so that a log whose
// end was cut off is told from one that ends there. It has two slots, written
// in turn, so that a torn write spoils one of them only.
const (
	slotLen  = 4096
	slots    = 2
	maxHead  = slotLen - frameLen
	headSize = slotLen * slots
)

// head is the content of a slot.
type head struct {
	Count uint64 `cbor:"1,keyasint"`
	Hash  []byte `cbor:"2,keyasint"`
}

// headFile writes heads. It belongs to the writer goroutine.
type headFile struct {
	f    *os.File
	seal Sealer
	slot int64
}

// readHead returns the newest sound head in dir, or a zero head when there is
// none. A head file whose two slots are both unreadable is an error.
func readHead(dir string, o Opener) (head, int64, error) {
	b, err := os.ReadFile(filepath.Join(dir, headName))
	if errors.Is(err, fs.ErrNotExist) {
		return head{}, -1, nil
	}
	if err != nil {
		return head{}, -1, fmt.Errorf("reading the audit head: %w", err)
	}
	best, slot := head{}, int64(-1)
	written := false
	for i := range int64(slots) {
		if int64(len(b)) < (i+1)*slotLen {
			continue
		}
		s := b[i*slotLen : (i+1)*slotLen]
		n := binary.LittleEndian.Uint32(s)
		if n == 0 {
			continue
		}
		written = true
		h, ok := openSlot(s, o)
		if !ok {
			continue
		}
		if slot < 0 || h.Count > best.Count {
			best, slot = h, i
		}
	}
	if written && slot < 0 {
		return head{}, -1, &CorruptError{Segment: headName, Reason: "the head's seal is broken in every slot"}
	}
	return best, slot, nil
}

// openHead opens the head file for writing, after the slot last used.
func openHead(dir string, s Sealer, last int64) (*headFile, error) {
	f, err := os.OpenFile(filepath.Join(dir, headName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the audit head: %w", err)
	}
	if err := f.Truncate(headSize); err != nil {
		return nil, errors.Join(fmt.Errorf("sizing the audit head: %w", err), f.Close())
	}
	return &headFile{f: f, seal: s, slot: (last + 1) % slots}, nil
}

// write makes the head durable in the slot that holds the older one.
func (h *headFile) write(p position) error {
	plain, err := encMode.Marshal(head{Count: p.seq, Hash: p.hash})
	if err != nil {
		return fmt.Errorf("encoding the audit head: %w", err)
	}
	sealed, err := h.seal.Seal(plain, []byte(adHead))
	if err != nil {
		return fmt.Errorf("sealing the audit head: %w", err)
	}
	slot := make([]byte, 0, slotLen)
	slot = frame(slot, sealed)[:slotLen]
	if _, err := h.f.WriteAt(slot, h.slot*slotLen); err != nil {
		return fmt.Errorf("writing the audit head: %w", diskError(err))
	}
	if err := h.f.Sync(); err != nil {
		return fmt.Errorf("syncing the audit head: %w", err)
	}
	h.slot = (h.slot + 1) % slots
	return nil
}

// HeadSlots tells how many slots of the head were ever written, and how many of
// those are sound. Of two written slots one may be spoilt by a power cut.
func HeadSlots(dir string, o Opener) (written, sound int, err error) {
	b, err := os.ReadFile(filepath.Join(dir, headName))
	if err != nil {
		return 0, 0, fmt.Errorf("reading the audit head: %w", err)
	}
	for i := 0; i+slotLen <= len(b); i += slotLen {
		s := b[i : i+slotLen]
		if binary.LittleEndian.Uint32(s) == 0 {
			continue
		}
		written++
		if _, ok := openSlot(s, o); ok {
			sound++
		}
	}
	return written, sound, nil
}

// openSlot reads one slot.
func openSlot(s []byte, o Opener) (h head, ok bool) {
	n := binary.LittleEndian.Uint32(s)
	if n > maxHead || crc32.Checksum(s[frameLen:frameLen+n], castTab) != binary.LittleEndian.Uint32(s[4:]) {
		return h, false
	}
	plain, err := o.Open(s[frameLen:frameLen+n], []byte(adHead))
	if err != nil {
		return h, false
	}
	err = decMode.Unmarshal(plain, &h)
	return h, err == nil && len(h.Hash) == hashLen
}
