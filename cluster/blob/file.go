package blob

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"vigie/watchlist"
)

// writeDurable puts sealed bytes in place so that a power cut leaves either
// nothing or all of them.
func (s *Store) writeDurable(id watchlist.BlobID, sealed []byte) error {
	dir := filepath.Dir(s.path(id))
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("making a blob folder: %w", err)
	}
	f, err := os.CreateTemp(s.tmpDir(), string(id[:8])+"-*")
	if err != nil {
		return fmt.Errorf("making a temporary blob: %w", err)
	}
	_, err = f.Write(sealed)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), s.path(id))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing a blob: %w", err), os.Remove(f.Name()))
	}
	return s.syncFolders(id)
}

// syncFolders makes a blob's name durable. The outer folder is synced as well:
// whoever made the inner one may not have come that far.
func (s *Store) syncFolders(id watchlist.BlobID) error {
	return errors.Join(s.syncDir(filepath.Dir(s.path(id))), s.syncDir(s.dir))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("opening a blob folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("syncing a blob folder: %w", err)
	}
	return nil
}

// diskError adds watchlist.ErrDiskFull to errors that mean it.
func diskError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return errors.Join(watchlist.ErrDiskFull, err)
	}
	return err
}

func (s *Store) partialPath(id watchlist.BlobID, piece int) string {
	return filepath.Join(s.partialDir(), fmt.Sprintf("%s.%d", id, piece))
}

func partialAD(id watchlist.BlobID, piece int) []byte { return fmt.Appendf(nil, "%s.%d", id, piece) }

// savePartial keeps one piece, after the blob's size, for a later try. It is not
// synced: a torn piece breaks its seal and is fetched again.
func (s *Store) savePartial(id watchlist.BlobID, piece, total int, plain []byte) error {
	body := append(binary.LittleEndian.AppendUint32(nil, uint32(total)), plain...)
	sealed, err := s.opt.Sealer.Seal(body, partialAD(id, piece))
	if err != nil {
		return fmt.Errorf("sealing a piece: %w", err)
	}
	if err := os.WriteFile(s.partialPath(id, piece), sealed, 0o600); err != nil {
		return fmt.Errorf("keeping a piece: %w", diskError(err))
	}
	return nil
}

// loadPartial returns a kept piece and the blob's size, or nil.
func (s *Store) loadPartial(id watchlist.BlobID, piece int) (plain []byte, total int) {
	sealed, err := os.ReadFile(s.partialPath(id, piece))
	if err != nil {
		return nil, 0
	}
	body, err := s.opt.Sealer.Open(sealed, partialAD(id, piece))
	if err != nil || len(body) < 4 {
		return nil, 0
	}
	return body[4:], int(binary.LittleEndian.Uint32(body))
}

func (s *Store) dropPartials(id watchlist.BlobID) {
	for i := range (MaxSize + PieceSize - 1) / PieceSize {
		if err := os.Remove(s.partialPath(id, i)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.opt.Logger.Warn("blob store: a piece could not be removed", "blob", string(id), "error", err)
		}
	}
}

func (s *Store) dropOldPartials(before time.Time) error {
	list, err := os.ReadDir(s.partialDir())
	if err != nil {
		return fmt.Errorf("listing pieces: %w", err)
	}
	for _, e := range list {
		info, err := e.Info()
		if err == nil && info.ModTime().Before(before) {
			err = os.Remove(filepath.Join(s.partialDir(), e.Name()))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing an old piece: %w", err)
		}
	}
	return nil
}
