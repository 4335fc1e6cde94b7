package site

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// folder is a site's folder, held by one process at a time.
type folder struct {
	dir  string
	lock *os.File
	run  string // Asterisk's control socket; below dir, unless that path is too long
}

// openFolder makes dir and all below it, and holds it until close. Who holds it
// is told by a lock that the kernel drops with the process, never by a number in
// a file: a killed site leaves nothing stale behind.
func openFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, cannotWrite(dir, err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "site.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, cannotWrite(dir, err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("a hotline already runs in %s; stop it, or choose another folder", dir)
	}
	f := &folder{dir: dir, lock: lock}
	if err := f.fill(); err != nil {
		f.close()
		return nil, cannotWrite(dir, err)
	}
	return f, nil
}

// locked tells whether a site holds dir.
func locked(dir string) bool {
	lock, err := os.Open(filepath.Join(dir, "site.lock"))
	if err != nil {
		return false
	}
	defer lock.Close()
	return syscall.Flock(int(lock.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil
}

// fill makes the folders below dir.
func (f *folder) fill() error {
	for _, sub := range []string{
		"asterisk/config", "asterisk/data/sounds", "asterisk/data/agi-bin", "asterisk/state/keys",
		"asterisk/spool/recording", "asterisk/run", "asterisk/logs",
		"sounds", "music", "redis", "kamailio",
	} {
		if err := os.MkdirAll(f.at(sub), 0o755); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(f.at("secrets"), 0o700); err != nil {
		return err
	}
	if err := os.Chmod(f.at("secrets"), 0o700); err != nil {
		return err
	}
	f.run = f.at("asterisk/run")
	if len(f.run)+len("/asterisk.ctl") < 100 {
		return nil
	}
	run, err := os.MkdirTemp("", "hotline-") // a socket's path has 108 bytes at most
	f.run = run
	return err
}

// logLimit is the size from which a log is put aside at the next start, so that
// what Asterisk and Redis say takes twice this much room at most for each start.
const logLimit = 10 << 20

// putAside renames a log that has grown large; the one put aside before goes.
func (f *folder) putAside(logs ...string) error {
	for _, name := range logs {
		info, err := os.Stat(f.at(name))
		if err != nil || info.Size() < logLimit {
			continue
		}
		if err := os.Rename(f.at(name), f.at(name)+".1"); err != nil {
			return err
		}
	}
	return nil
}

// at gives the path of sub in the folder.
func (f *folder) at(sub string) string { return filepath.Join(f.dir, sub) }

// close lets another process have the folder.
func (f *folder) close() {
	os.Remove(f.at("site.json"))
	if f.run != "" && !strings.HasPrefix(f.run, f.dir) {
		os.RemoveAll(f.run)
	}
	f.lock.Close()
}

// secret gives the password called name and makes it where there is none.
func (f *folder) secret(name string) (string, error) {
	if word, err := readSecret(f.at("secrets"), name); err == nil && word != "" {
		return word, os.Chmod(f.at("secrets/"+name), 0o600) // a copy from a backup may be open to all
	}
	word := rand.Text()
	err := os.WriteFile(f.at("secrets/"+name), []byte(word+"\n"), 0o600)
	if err != nil {
		return "", cannotWrite(f.dir, err)
	}
	return word, nil
}

// link makes name in the folder point at target, whatever it was before.
func (f *folder) link(target, name string) error {
	path := f.at(name)
	if was, err := os.Readlink(path); err == nil && was == target {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Symlink(target, path)
}

// cannotWrite says in one sentence why a folder is of no use.
func cannotWrite(dir string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("no room is left on the disk of %s; make room and start again: %w", dir, err)
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%s cannot be written to; choose a folder that can: %w", dir, err)
	}
	return fmt.Errorf("the folder %s cannot be used: %w", dir, err)
}
