package measure

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// classes is Debian's package zookeeper, with a log.
const classes = "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar"

// ZooKeeper is one server, with fsync as in production.
type ZooKeeper struct {
	Name, Addr string // of clients
	dir        string
	cmd        *exec.Cmd
}

// StartZooKeeper starts an ensemble of three below dir, each with at most so much heap ("1g"). Any number of clients may
// come from this host. What it gives is to be stopped, after an error too.
func StartZooKeeper(dir, heap string) (servers []*ZooKeeper, err error) {
	var members strings.Builder
	for i := range 3 {
		var addr [3]string
		for j := range addr {
			if addr[j], err = FreeAddr(); err != nil {
				return nil, err
			}
		}
		servers = append(servers, &ZooKeeper{Name: fmt.Sprintf("zookeeper-%d", i+1), Addr: addr[0], dir: filepath.Join(dir, fmt.Sprintf("zk%d", i+1))})
		_, election, _ := strings.Cut(addr[2], ":")
		fmt.Fprintf(&members, "server.%d=%s:%s\n", i+1, addr[1], election)
	}
	for i, s := range servers {
		_, port, _ := strings.Cut(s.Addr, ":")
		conf := fmt.Sprintf("tickTime=1000\ninitLimit=20\nsyncLimit=10\ndataDir=%s\nclientPort=%s\nclientPortAddress=127.0.0.1\n"+
			"maxClientCnxns=0\nadmin.enableServer=false\n4lw.commands.whitelist=srvr,mntr\n%s", s.dir, port, members.String())
		if err := errors.Join(os.Mkdir(s.dir, 0o700), os.WriteFile(filepath.Join(s.dir, "myid"), fmt.Append(nil, i+1), 0o600),
			os.WriteFile(filepath.Join(s.dir, "zoo.cfg"), []byte(conf), 0o600)); err != nil {
			return servers, err
		}
		s.cmd = exec.Command("java", "-Xmx"+heap, "-Xlog:gc:file="+filepath.Join(s.dir, "gc.log"),
			"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", classes, "org.apache.zookeeper.server.quorum.QuorumPeerMain", filepath.Join(s.dir, "zoo.cfg"))
		log, err := os.Create(filepath.Join(s.dir, "log"))
		if err != nil {
			return servers, err
		}
		s.cmd.Stdout, s.cmd.Stderr = log, log
		err = s.cmd.Start()
		log.Close()
		if err != nil {
			s.cmd = nil
			return servers, err
		}
	}
	for _, s := range servers {
		for end := time.Now().Add(time.Minute); !strings.Contains(s.ask("srvr"), "Mode:"); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
				return servers, fmt.Errorf("%s does not serve:\n%s", s.Name, log)
			}
		}
	}
	return servers, nil
}

// ask sends a four-letter word.
func (s *ZooKeeper) ask(word string) string {
	c, err := net.DialTimeout("tcp", s.Addr, time.Second)
	if err != nil {
		return ""
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	_, _ = io.WriteString(c, word)
	answer, _ := io.ReadAll(io.LimitReader(c, 1<<20))
	return string(answer)
}

var (
	counts    = regexp.MustCompile(`zk_(znode_count|approximate_data_size)\t(\d+)`)
	collected = regexp.MustCompile(`Pause .* \d+M->(\d+)M`)
)

// Keeps says how many nodes and octets the server has, how much of its heap was in use after the emptiest of the last
// twenty collections, and how large its files are.
func (s *ZooKeeper) Keeps() string {
	var text []string
	for _, m := range counts.FindAllStringSubmatch(s.ask("mntr"), -1) {
		text = append(text, m[1]+" "+m[2])
	}
	log, _ := os.ReadFile(filepath.Join(s.dir, "gc.log"))
	all := collected.FindAllStringSubmatch(string(log), -1)
	least := -1
	for _, m := range all[max(0, len(all)-20):] {
		var mib int
		if _, err := fmt.Sscan(m[1], &mib); err == nil && (least < 0 || mib < least) {
			least = mib
		}
	}
	text = append(text, fmt.Sprintf("heap after GC %d MiB of %d collections", least, len(all)))
	for _, kind := range []string{"snapshot", "log"} {
		files, _ := filepath.Glob(filepath.Join(s.dir, "version-2", kind+".*"))
		size := int64(0)
		for _, f := range files {
			if info, err := os.Stat(f); err == nil {
				size += info.Size()
			}
		}
		text = append(text, fmt.Sprintf("%d files %s.* %d MiB", len(files), kind, size>>20))
	}
	return strings.Join(text, ", ")
}

// Peak is its largest resident memory so far, in MiB.
func (s *ZooKeeper) Peak() int { return Peak(s.cmd.Process.Pid) }

// Stop kills it.
func (s *ZooKeeper) Stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
}
