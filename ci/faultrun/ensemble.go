//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The Debian package zookeeper; a log is not on the package's own class path.
const zooClasses = "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar"

// zooTick is the servers' unit of time in milliseconds; sessions last two ticks at least.
const zooTick = 400

// node is one ZooKeeper server.
type node struct {
	*process
	addr string // of clients
}

// newEnsemble writes the configuration of three servers, one on each host.
func newEnsemble(dir string, hosts []host) ([]*node, error) {
	var members strings.Builder
	nodes := make([]*node, len(hosts))
	for i, h := range hosts {
		fmt.Fprintf(&members, "server.%d=%s:%d:%d\n", i+1, h.ip, freePort(), freePort())
	}
	for i, h := range hosts {
		name := fmt.Sprintf("zookeeper-%d", i+1)
		data := filepath.Join(dir, name)
		port := freePort()
		conf := fmt.Sprintf("tickTime=%d\ninitLimit=50\nsyncLimit=10\nmaxSessionTimeout=60000\ndataDir=%s\nclientPort=%d\nclientPortAddress=%s\n"+
			"maxClientCnxns=0\nadmin.enableServer=false\n4lw.commands.whitelist=*\nsnapCount=20000\nautopurge.purgeInterval=0\n%s",
			zooTick, data, port, h.ip, &members)
		err := errors.Join(os.MkdirAll(data, 0o700),
			os.WriteFile(filepath.Join(data, "myid"), fmt.Append(nil, i+1), 0o600),
			os.WriteFile(filepath.Join(data, "zoo.cfg"), []byte(conf), 0o600))
		if err != nil {
			return nil, err
		}
		nodes[i] = &node{addr: fmt.Sprintf("%s:%d", h.ip, port), process: &process{
			name: name, ns: h.ns, dir: data, log: logPath(dir, name),
			// kill -9 leaves the page cache alone, so fsync would only cost time here.
			argv: []string{"java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dzookeeper.forceSync=no",
				"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true",
				"-cp", zooClasses, "org.apache.zookeeper.server.quorum.QuorumPeerMain", filepath.Join(data, "zoo.cfg")},
		}}
	}
	return nodes, nil
}

// mode is leader, follower or, where it does not serve, "".
func (n *node) mode() string {
	_, text, _ := strings.Cut(n.ask("srvr"), "Mode: ")
	mode, _, _ := strings.Cut(text, "\n")
	return mode
}

// ask sends a four-letter word.
func (n *node) ask(word string) string {
	c, err := net.DialTimeout("tcp", n.addr, 500*time.Millisecond)
	if err != nil {
		return ""
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(500 * time.Millisecond))
	if _, err := io.WriteString(c, word); err != nil {
		return ""
	}
	answer, _ := io.ReadAll(io.LimitReader(c, 1<<16))
	return string(answer)
}

// quorum waits until the ensemble has a leader.
func (w *world) quorum(ctx context.Context, limit time.Duration) (leader *node, err error) {
	err = poll(ctx, limit, "the ensemble has a leader", func() bool {
		for _, n := range w.zoo {
			if n.mode() == "leader" {
				leader = n
				return true
			}
		}
		return false
	})
	return leader, err
}

// poll tries again and again until it works.
func poll(ctx context.Context, limit time.Duration, what string, try func() bool) error {
	for end := time.Now().Add(limit); ; {
		if try() {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("not within %v: %s", limit, what)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
