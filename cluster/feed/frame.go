package feed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// The sizes of frames.
const (
	// FrameLeaves is the most leaves of a frame; no frame crosses a multiple of it.
	FrameLeaves = 256
	// MaxFrame is the most bytes of a frame, and of what it holds unpacked.
	MaxFrame = 17 << 20
	// maxPlainItem bounds one item: a record is at most one raft entry of 64 KiB, and
	// its leaf and seed come on top.
	maxPlainItem = 66 << 10
	headerSize   = 8 + 32 + 8 + 8 + 8 + 4 + 4 + 4 + 32
)

// The kinds of box.
const (
	boxFrame       = 1
	boxBucket      = 2
	boxRevocations = 3
)

// header is the clear part of a box: 108 bytes, numbers big-endian.
type header struct {
	kind byte
	feed [32]byte
	// epoch; first leaf, or the bucket's number; size of the feed that a bucket or a
	// revocation set belongs to, 0 for frames.
	epoch, first, size uint64
	count              uint32
	// plain is the number of bytes unpacked, key the generation of the content key.
	plain, key uint32
	// siv is the synthetic name of header and plain bytes, see synthetic.
	siv [32]byte
}

// boxMagic begins every box; its last byte is the format.
const boxMagic = "VIGIEF\x01"

func (h header) bytes() []byte {
	b := append([]byte(boxMagic), h.kind)
	b = append(b, h.feed[:]...)
	b = binary.BigEndian.AppendUint64(b, h.epoch)
	b = binary.BigEndian.AppendUint64(b, h.first)
	b = binary.BigEndian.AppendUint64(b, h.size)
	b = binary.BigEndian.AppendUint32(b, h.count)
	b = binary.BigEndian.AppendUint32(b, h.plain)
	b = binary.BigEndian.AppendUint32(b, h.key)
	return append(b, h.siv[:]...)
}

func parseHeader(b []byte) (h header, body []byte, err error) {
	if len(b) < headerSize || len(b) > MaxFrame || string(b[:7]) != boxMagic {
		return h, nil, reject(Malformed, "box")
	}
	h.kind = b[7]
	copy(h.feed[:], b[8:])
	h.epoch, h.first, h.size = binary.BigEndian.Uint64(b[40:]), binary.BigEndian.Uint64(b[48:]), binary.BigEndian.Uint64(b[56:])
	h.count, h.plain, h.key = binary.BigEndian.Uint32(b[64:]), binary.BigEndian.Uint32(b[68:]), binary.BigEndian.Uint32(b[72:])
	copy(h.siv[:], b[76:])
	if h.plain > MaxFrame {
		return h, nil, reject(Flood, "declared size")
	}
	return h, b[headerSize:], nil
}

// Codec packs and opens boxes. It is safe for concurrent use.
type Codec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

// NewCodec makes a Codec. Its encoder's settings are part of the format's practice:
// with the same library they give the same bytes on every node, and a test pins them.
func NewCodec() (*Codec, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true), zstd.WithZeroFrames(true))
	if err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxFrame), zstd.WithDecoderMaxWindow(MaxFrame))
	if err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	return &Codec{enc: enc, dec: dec}, nil
}

// seal packs plain bytes under a content key: each part one zstd frame, then AES-256-GCM under a key that is
// derived of the synthetic name, so that a key is used for one text alone and the
// zero nonce is safe. Nothing random is in it.
func (c *Codec) seal(h header, feed ID, key []byte, parts plainBytes) ([]byte, error) {
	plain := parts.join()
	if len(plain) > MaxFrame {
		return nil, reject(Flood, "frame")
	}
	h.feed, h.plain = sha256.Sum256([]byte(feed.line())), uint32(len(plain))
	mac, enc, err := contentKeys(key)
	if err != nil {
		return nil, err
	}
	copy(h.siv[:], synthetic(mac, h.bytes()[:headerSize-32], plain))
	gcm, err := frameCipher(enc, h.siv[:])
	if err != nil {
		return nil, err
	}
	head := h.bytes()
	var packed []byte
	for i, p := range parts {
		if i == 0 || len(p) > 0 {
			packed = c.enc.EncodeAll(p, packed)
		}
	}
	out := gcm.Seal(head, make([]byte, gcm.NonceSize()), packed, head)
	if len(out) > MaxFrame {
		return nil, reject(Flood, "frame")
	}
	return out, nil
}

func frameCipher(enc, siv []byte) (cipher.AEAD, error) {
	k, err := hkdf.Expand(sha256.New, enc, domain+"box "+string(siv), 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// open is the reverse of seal; it never unpacks more than the header declares.
func (c *Codec) open(b []byte, kind byte, feed ID, keys ContentKeys) (header, []byte, error) {
	h, body, err := parseHeader(b)
	if err != nil {
		return h, nil, err
	}
	if h.kind != kind || h.feed != sha256.Sum256([]byte(feed.line())) {
		return h, nil, reject(WrongFeed, "box")
	}
	key, ok := keys[h.key]
	if !ok {
		return h, nil, reject(UnknownKey, "")
	}
	mac, enc, err := contentKeys(key)
	if err != nil {
		return h, nil, err
	}
	gcm, err := frameCipher(enc, h.siv[:])
	if err != nil {
		return h, nil, err
	}
	packed, err := gcm.Open(nil, make([]byte, gcm.NonceSize()), body, b[:headerSize])
	if err != nil {
		return h, nil, reject(Malformed, "box does not open: changed, cut or of another key")
	}
	plain, err := c.unpack(packed, h.plain)
	if err != nil {
		return h, nil, err
	}
	if !hmac.Equal(synthetic(mac, b[:headerSize-32], plain), h.siv[:]) {
		return h, nil, reject(Malformed, "box")
	}
	return h, plain, nil
}

// unpack decompresses zstd frames that hold exactly size bytes in all, the first of which says
// its share. The decoder takes no more than MaxFrame for them.
func (c *Codec) unpack(packed []byte, size uint32) ([]byte, error) {
	var zh zstd.Header
	if err := zh.Decode(packed); err != nil || zh.Skippable || !zh.HasFCS || zh.FrameContentSize > uint64(size) || zh.DictionaryID != 0 {
		return nil, reject(Malformed, "size of the packed bytes")
	}
	plain, err := c.dec.DecodeAll(packed, make([]byte, 0, size))
	if err != nil || len(plain) != int(size) {
		return nil, reject(Malformed, "packed bytes")
	}
	return plain, nil
}

// ContentKeys are content keys by generation.
type ContentKeys map[uint32][]byte

// Frame packs the items of the leaves from first on, at most up to the next multiple
// of FrameLeaves. key is the content key of generation.
func (c *Codec) Frame(feed ID, epoch, first uint64, items []Item, generation uint32, key []byte) ([]byte, error) {
	if n := uint64(len(items)); n == 0 || first/FrameLeaves != (first+n-1)/FrameLeaves {
		return nil, reject(Malformed, "a frame has 1 to 256 leaves and crosses no multiple of 256")
	}
	plain, err := encodeItems(items)
	if err != nil {
		return nil, err
	}
	if len(plain.join()) > len(items)*maxPlainItem {
		return nil, reject(Flood, "items")
	}
	return c.seal(header{kind: boxFrame, epoch: epoch, first: first, count: uint32(len(items)), key: generation}, feed, key, plain)
}
