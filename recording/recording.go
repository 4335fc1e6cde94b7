// Package recording keeps recorded talks: it joins the two sides of a talk into
// one file, citizen left and agent right, deletes what is older than the city
// keeps, and tells whether the disk has room for another.
//
// Asterisk writes the two sides into Dir while the talk lasts, as mono WAV files
// of 8 kHz (package pbx).
package recording

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"hotline"
)

// Options say where recordings are and how long they stay.
type Options struct {
	Dir string // where Asterisk writes and where recordings stay
	// Citizen and Agent end the names of the two sides' files.
	Citizen, Agent string
	Keep           time.Duration // older ones are deleted; 0 keeps all
	// MinFree bytes and MinFreePercent of the disk must be free, or nothing is
	// recorded; 0 no limit.
	MinFree        uint64
	MinFreePercent int
}

// Keeper keeps recordings. Its methods may be used by several goroutines.
type Keeper struct{ o Options }

// Open makes the folder and checks that it can be written.
func Open(o Options) (*Keeper, error) {
	if err := os.MkdirAll(o.Dir, 0o750); err != nil {
		return nil, hotline.Errorf(hotline.Invalid, "the recordings' folder cannot be made: %w", err)
	}
	return &Keeper{o}, nil
}

// Room tells whether the disk has room for another recording; the error says
// what is free and what is wanted.
func (k *Keeper) Room() error {
	var s syscall.Statfs_t
	if err := syscall.Statfs(k.o.Dir, &s); err != nil {
		return hotline.Errorf(hotline.Unavailable, "how much disk is free cannot be read: %w", err)
	}
	free, whole := s.Bavail*uint64(s.Bsize), s.Blocks*uint64(s.Bsize)
	if wanted := max(k.o.MinFree, whole/100*uint64(k.o.MinFreePercent)); free < wanted {
		return hotline.Errorf(hotline.Unavailable, "%d MB are free in %s, recording wants %d MB", free>>20, k.o.Dir, wanted>>20)
	}
	return nil
}

// Path is where the recording of that name is; it is for the books to give the
// name, so anything but a plain file name is refused.
func (k *Keeper) Path(name string) (string, error) {
	if name == "" || name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return "", hotline.Errorf(hotline.Invalid, "%q is not the name of a recording", name)
	}
	return filepath.Join(k.o.Dir, name), nil
}

// Join makes name.wav of the two sides and removes them. It waits up to five
// seconds for each until Asterisk has closed it.
func (k *Keeper) Join(ctx context.Context, name string) error {
	citizen, agent := filepath.Join(k.o.Dir, name+k.o.Citizen+".wav"), filepath.Join(k.o.Dir, name+k.o.Agent+".wav")
	const wait = 5 * time.Second
	left, lost := readClosed(ctx, citizen, wait)
	right, missing := readClosed(ctx, agent, wait)
	if err := errors.Join(lost, missing); err != nil {
		return hotline.Errorf(hotline.Unavailable, "the two sides of recording %s are not there: %w", name, err)
	}
	whole := filepath.Join(k.o.Dir, name+".wav")
	if err := writeStereo(whole+".new", left, right); err != nil {
		return err
	}
	if err := os.Rename(whole+".new", whole); err != nil {
		return err
	}
	return errors.Join(os.Remove(citizen), os.Remove(agent))
}

// JoinLeft joins what a controller that died left in two sides. under tells
// whether a recording is still being made.
func (k *Keeper) JoinLeft(ctx context.Context, under func(name string) bool) error {
	sides, err := filepath.Glob(filepath.Join(k.o.Dir, "*"+k.o.Citizen+".wav"))
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range sides {
		name := strings.TrimSuffix(filepath.Base(file), k.o.Citizen+".wav")
		if !under(name) {
			errs = append(errs, k.Join(ctx, name))
		}
	}
	return errors.Join(errs...)
}

// Expire deletes recordings older than the city keeps and tells how many.
func (k *Keeper) Expire(now time.Time) (deleted int, err error) {
	if k.o.Keep <= 0 {
		return 0, nil
	}
	err = filepath.WalkDir(k.o.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".wav") {
			return err
		}
		info, err := d.Info()
		if err != nil || now.Sub(info.ModTime()) < k.o.Keep {
			return err
		}
		deleted++
		return os.Remove(path)
	})
	if err != nil {
		return deleted, fmt.Errorf("delete old recordings: %w", err)
	}
	return deleted, nil
}
