package site

import (
	"fmt"
	"io"
	"os"
	"time"
)

// watchedEvery is how often the growing logs are looked at.
const watchedEvery = 2 * time.Second

// boundLogs keeps what Asterisk and the gate say within twice logLimit a file for as long as
// the site runs: whoever floods it with requests shall not fill the disk.
func (s *Site) boundLogs(stop <-chan struct{}) {
	tick := time.NewTicker(watchedEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		for _, name := range []string{"asterisk/logs/messages.log", "asterisk/logs/security.log", "kamailio/kamailio.log"} {
			if err := s.folder.empty(name); err != nil {
				fmt.Fprintf(s.options.Log, "the log %s cannot be put aside: %v\n", name, err)
			}
		}
	}
}

// empty copies the end of a log that has grown large to <name>.1 and empties it.
// It is not renamed, for its program writes on into the file that it opened, always at
// its end.
func (f *folder) empty(name string) error {
	path := f.at(name)
	info, err := os.Stat(path)
	if err != nil || info.Size() < logLimit {
		return nil
	}
	from, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(path+".1", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, io.NewSectionReader(from, max(0, info.Size()-logLimit), logLimit))
	if closed := to.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return from.Truncate(0)
}
