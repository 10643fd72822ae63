package zk

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/go-zookeeper/zk"

	"zonecast/internal/store"
)

// reports is the one part of the tree that readers write to.
const reports = "/proxies"

// readerPerms are what a reader may do with nodes below reports: all but change who may do it.
const readerPerms = zk.PermRead | zk.PermWrite | zk.PermCreate | zk.PermDelete

// Identity gives the digest id of the identity in an auth_file: "user:hash", by which ZooKeeper's access lists
// know it. The password does not follow from it, as long as that cannot be guessed.
func Identity(authFile string) (string, error) {
	user, password, err := readAuth(authFile)
	if err != nil {
		return "", err
	}
	return digest(user, password), nil
}

func readAuth(path string) (user, password string, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", "", err
	}
	line := strings.TrimRight(string(data), "\r\n")
	user, password, ok := strings.Cut(line, ":")
	if !ok || user == "" || password == "" || strings.ContainsAny(line, "\r\n") {
		return "", "", fmt.Errorf("%s: want one line, user:password", path)
	}
	return user, password, nil
}

func digest(user, password string) string { return zk.DigestACL(zk.PermAll, user, password)[0].ID }

// checkID refuses what is no digest id, before ZooKeeper keeps it as somebody whom nobody can be.
func checkID(id string) error {
	user, hash, ok := strings.Cut(id, ":")
	sum, err := base64.StdEncoding.DecodeString(hash)
	if !ok || user == "" || err != nil || len(sum) != 20 {
		return fmt.Errorf("%q is no digest id, user:hash: `zonecast store identity FILE` prints one", id)
	}
	return nil
}

// settleAccess works out the access lists of the nodes that are made.
func (s *setup) settleAccess() error {
	switch {
	case s.auth == nil && (s.Writer != "" || len(s.Readers) > 0):
		return errors.New("writer, readers: they need auth_file, for without an identity every node is everybody's")
	case s.auth == nil:
		return s.checkOverhead()
	case s.Writer == "":
		s.Writer = s.self
	}
	for _, id := range append([]string{s.Writer}, s.Readers...) {
		if err := checkID(id); err != nil {
			return fmt.Errorf("writer, readers: %w", err)
		}
	}
	switch {
	case slices.Contains(s.Readers, s.Writer):
		return fmt.Errorf("readers: %s is the writer", s.Writer)
	case s.self != s.Writer && !slices.Contains(s.Readers, s.self):
		return fmt.Errorf("auth_file: %s is neither the writer nor one of readers", s.self)
	}
	s.acl = []zk.ACL{{Perms: zk.PermAll, Scheme: "digest", ID: s.Writer}}
	s.open = slices.Clone(s.acl)
	for _, id := range s.Readers {
		s.acl = append(s.acl, zk.ACL{Perms: zk.PermRead, Scheme: "digest", ID: id})
		s.open = append(s.open, zk.ACL{Perms: readerPerms, Scheme: "digest", ID: id})
	}
	return s.checkOverhead()
}

// checkOverhead holds what the library's encoding adds to path and data to what package store counts for it: type, done
// and error (9), two lengths or a version (8), flags (4), the root; and for a create the access list's count (4) and, of
// each of its entries, permissions, two lengths (12) and the texts.
func (s *setup) checkOverhead() error {
	header, acl := 9+8+4+len(s.Root), 4
	for _, a := range s.acl {
		acl += 12 + len(a.Scheme) + len(a.ID)
	}
	if header > store.OpOverhead {
		return fmt.Errorf("root: %d octets too long", header-store.OpOverhead)
	}
	if acl > store.ACLOverhead {
		return fmt.Errorf("user names and readers are together %d octets too long: readers may share an identity", acl-store.ACLOverhead)
	}
	return nil
}

// reads tells whether we are one of the readers.
func (s *setup) reads() bool { return s.auth != nil && s.self != s.Writer }

// aclOf gives the access list for a path below the root.
func (s *setup) aclOf(path string) []zk.ACL {
	if path == reports || strings.HasPrefix(path, reports+"/") {
		return s.open
	}
	return s.acl
}
