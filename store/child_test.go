package store

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"hotline"
)

const (
	childRole = "HOTLINE_STORE_TEST_CHILD" // which part this process plays
	childDir  = "HOTLINE_STORE_TEST_DIR"
	childFrom = "HOTLINE_STORE_TEST_FROM"
)

// playChild is main in a process that a test started to be killed or starved.
func playChild() {
	dir := os.Getenv(childDir)
	var err error
	switch os.Getenv(childRole) {
	case "":
		return
	case "writer":
		err = writeUntilKilled(dir)
	case "starved":
		err = starve(dir)
	}
	if err != nil {
		fmt.Println("child:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func child(t *testing.T, role, dir string, from int) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childRole+"="+role, childDir+"="+dir, childFrom+"="+strconv.Itoa(from))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = os.Stderr
	return cmd
}

// writeUntilKilled appends calls from eight goroutines, says which are safe,
// and drains them into SQL at the same time.
func writeUntilKilled(dir string) error {
	ctx := context.Background()
	s, err := Open(ctx, Options{DSN: filepath.Join(dir, "hotline.db")})
	if err != nil {
		return err
	}
	j, err := OpenJournal(JournalOptions{Dir: filepath.Join(dir, "journal")})
	if err != nil {
		return err
	}
	go j.Drain(ctx, s.WriteOutcomes)
	from, err := strconv.Atoi(os.Getenv(childFrom))
	if err != nil {
		return err
	}
	var mu sync.Mutex
	for g := range 8 {
		go func() {
			for i := from + g; ; i += 8 {
				if err := j.Append(ctx, talk(i)); err != nil {
					panic(err)
				}
				mu.Lock()
				fmt.Println(i)
				mu.Unlock()
			}
		}()
	}
	time.Sleep(time.Minute)
	return hotline.Errorf(hotline.Internal, "nobody killed us")
}

// starve lets a journal meet a disk that takes no more: the kernel refuses
// every byte behind the limit of file size, as a full disk would.
func starve(dir string) error {
	signal.Ignore(syscall.SIGXFSZ)
	ctx := context.Background()
	var told []error
	var mu sync.Mutex
	j, err := OpenJournal(JournalOptions{Dir: dir, Report: func(err error) {
		mu.Lock()
		told = append(told, err)
		mu.Unlock()
	}})
	if err != nil {
		return err
	}
	for i := range 5 {
		if err := j.Append(ctx, talk(i)); err != nil {
			return err
		}
	}
	var usual syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &usual); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 100, Max: usual.Max}); err != nil {
		return err
	}
	refused := 0
	for i := 5; i < 20; i++ {
		err := j.Append(ctx, talk(i))
		if err != nil && hotline.KindOf(err) != hotline.Unavailable {
			return fmt.Errorf("call %d: %w", i, err)
		}
		if err != nil {
			refused++
		}
	}
	if refused != 15 || j.Backlog() != 20 {
		return fmt.Errorf("%d of 20 were refused and %d are known: want 15, and all", refused, j.Backlog())
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &usual); err != nil {
		return err
	}
	for deadline := time.Now().Add(5 * time.Second); j.keeping(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			return hotline.Errorf(hotline.Internal, "what was kept was not written when the disk had room again")
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(told) != 2 {
		return fmt.Errorf("told %q, want the trouble and its end", told)
	}
	return j.Close()
}
