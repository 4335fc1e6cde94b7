package rig

import (
	"os"
	"path/filepath"

	"hotline/site"
	"hotline/store"
)

// booksFile, in the site's folder, names the PostgreSQL that has the story's books.
const booksFile = "books"

// Books lets the story's books be in this database instead of SQLite. It is said
// before a controller starts.
func (r *Rig) Books(dsn string) {
	r.T.Helper()
	r.must(os.WriteFile(filepath.Join(r.Site.Addresses().Dir, booksFile), []byte(dsn), 0o600))
	s, err := store.Open(r.T.Context(), store.Options{DSN: dsn})
	r.must(err)
	r.T.Cleanup(func() { _ = s.Close() })
	r.Store = s
}

// booksAt says where the books are.
func booksAt(at site.Addresses) string {
	if b, err := os.ReadFile(filepath.Join(at.Dir, booksFile)); err == nil {
		return string(b)
	}
	return BooksFile(at)
}

// BooksFile is the SQLite file where nothing else is said.
func BooksFile(at site.Addresses) string { return filepath.Join(at.Dir, "hotline.db") }

// Logged counts the lines with these attributes that the controller of Spawn has
// logged so far.
func (r *Rig) Logged(attrs ...string) (n int) {
	c := r.now.child
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.lines {
		if l.Is(attrs...) {
			n++
		}
	}
	return n
}
