// Package zktest starts real ZooKeeper servers for tests, from the Debian package zookeeper: one alone, or an
// ensemble of three. Each has its own folder and free ports, and dies with the test process, however that ends.
//
// Where a component is missing the test is skipped, with a message that says what to install; under CI=true that
// is a failure, because there the tests of the real engine must run.
package zktest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	jar = "/usr/share/java/zookeeper.jar"
	// What TLS needs of Netty, and a log, are not on the package's own class path.
	extra = "/usr/share/java/netty-codec.jar:/usr/share/java/netty-resolver.jar:" +
		"/usr/share/java/netty-transport-native-unix-common.jar:/usr/share/java/slf4j-simple.jar"

	// Tick is the servers' unit of time: sessions expire on multiples of it, and it is short so that tests of
	// expiry are.
	Tick = 200 * time.Millisecond
	// MinSession is the shortest session time-out the servers grant.
	MinSession = 2 * Tick

	startTime = 60 * time.Second
	attempts  = 5 // to find free ports
)

// errPort says that somebody else took a port that was free a moment ago; other ports may do.
var errPort = errors.New("port taken")

// Server is one ZooKeeper server.
type Server struct {
	Addr       string // of plain clients, "127.0.0.1:port"
	SecureAddr string // of TLS clients, if the server was started with TLS

	dir     string
	command *exec.Cmd
	life    io.Closer // closing it kills the server
}

// Options of a server.
type Options struct {
	TLS *TLS // nil: plain only
}

// require skips the test, or fails it under CI=true, where a component is missing.
func require(t testing.TB) {
	t.Helper()
	var missing []string
	if _, err := exec.LookPath("java"); err != nil {
		missing = append(missing, "java")
	}
	for _, f := range append([]string{jar}, strings.Split(extra, ":")...) {
		if _, err := os.Stat(f); err != nil {
			missing = append(missing, f)
		}
	}
	switch {
	case len(missing) == 0:
	case os.Getenv("CI") == "true":
		t.Fatalf("missing for tests on ZooKeeper: %s (apt-get install zookeeper)", strings.Join(missing, ", "))
	default:
		t.Skipf("missing for tests on ZooKeeper: %s (apt-get install zookeeper)", strings.Join(missing, ", "))
	}
}

// Single starts one server; it is stopped at the test's end.
func Single(t testing.TB, opt Options) *Server {
	t.Helper()
	require(t)
	var err error
	for range attempts {
		var s *Server
		s, err = single(t.TempDir(), opt)
		if err == nil {
			t.Cleanup(s.Stop)
			return s
		}
		if !errors.Is(err, errPort) {
			break
		}
	}
	t.Fatal(err)
	return nil
}

func single(dir string, opt Options) (*Server, error) {
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	s := &Server{Addr: fmt.Sprintf("127.0.0.1:%d", ports[0]), dir: dir}
	conf := base(dir, ports[0])
	if opt.TLS != nil {
		s.SecureAddr = fmt.Sprintf("localhost:%d", ports[1])
		conf += opt.TLS.conf(ports[1])
	}
	if err := os.WriteFile(filepath.Join(dir, "zoo.cfg"), []byte(conf), 0o600); err != nil {
		return nil, err
	}
	return s, s.Start()
}

func base(dir string, port int) string {
	return fmt.Sprintf("tickTime=%d\nminSessionTimeout=%d\nmaxSessionTimeout=60000\ndataDir=%s\n"+
		"clientPort=%d\nclientPortAddress=127.0.0.1\nmaxClientCnxns=0\nadmin.enableServer=false\n4lw.commands.whitelist=*\n",
		Tick.Milliseconds(), MinSession.Milliseconds(), dir, port)
}

var shared struct {
	once sync.Once
	s    *Server
	err  error
}

// Shared gives a server that all tests of the process share; use a root of your own on it. It goes away
// with the process, its folder too.
func Shared(t testing.TB) *Server {
	t.Helper()
	require(t)
	shared.once.Do(func() {
		for range attempts {
			var dir string
			if dir, shared.err = os.MkdirTemp("", "zktest-"); shared.err != nil {
				return
			}
			if shared.s, shared.err = single(dir, Options{}); shared.err == nil {
				return
			}
			os.RemoveAll(dir)
			if !errors.Is(shared.err, errPort) {
				return
			}
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.s
}

// Start runs a server that was stopped, on its old ports and data.
func (s *Server) Start() error {
	if err := s.launch(); err != nil {
		return err
	}
	return s.await()
}

// launch starts the process. A shell stands over it and kills it when our end of the pipe closes, which the
// kernel sees to when this process dies by whatever cause.
func (s *Server) launch() error {
	const guard = `"$@" </dev/null & pid=$!; echo $pid >"$DIR/pid"; read -r end; kill -9 $pid; wait $pid; [ "$end" = stop ] || rm -rf "$DIR"`
	logFile, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_TRUNC|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer logFile.Close()
	s.command = exec.Command("sh", "-c", guard, "zktest", "java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dzookeeper.forceSync=no", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
		"-cp", jar+":"+extra, "org.apache.zookeeper.server.quorum.QuorumPeerMain", filepath.Join(s.dir, "zoo.cfg"))
	s.command.Env = append(os.Environ(), "DIR="+s.dir)
	s.command.Stdout, s.command.Stderr = logFile, logFile
	life, err := s.command.StdinPipe()
	if err != nil {
		return err
	}
	s.life = life
	return s.command.Start()
}

// await asks until the server serves.
func (s *Server) await() error {
	for deadline := time.Now().Add(startTime); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if strings.Contains(s.ask("srvr"), "Mode:") {
			return nil
		}
		if strings.Contains(s.log(), "BindException") { // somebody else took the port
			s.Stop()
			return fmt.Errorf("zktest: %s: %w", s.Addr, errPort)
		}
	}
	log := s.log()
	s.Stop()
	return fmt.Errorf("zktest: server on %s does not serve; its log:\n%s", s.Addr, log)
}

func (s *Server) log() string {
	log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return string(log)
}

// ask sends a four-letter word.
func (s *Server) ask(word string) string {
	c, err := net.DialTimeout("tcp", s.Addr, time.Second)
	if err != nil {
		return ""
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(c, word); err != nil {
		return ""
	}
	answer, _ := io.ReadAll(io.LimitReader(c, 1<<20))
	return string(answer)
}

// Stop kills the server as kill -9 would; its data stay. Start runs it again.
func (s *Server) Stop() {
	if s.life == nil {
		return
	}
	io.WriteString(s.life.(io.Writer), "stop\n")
	s.life.Close()
	s.life = nil
	_ = s.command.Wait() // it was killed: that is no news
}

// Pause stops the server's process for a while, as SIGSTOP does: its connections stay open and nothing answers.
func (s *Server) Pause(t testing.TB) { s.signal(t, syscall.SIGSTOP) }

// Resume lets a paused server go on.
func (s *Server) Resume(t testing.TB) { s.signal(t, syscall.SIGCONT) }

func (s *Server) signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err == nil {
		err = syscall.Kill(pid, sig)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// freePorts gives ports that were free a moment ago; the caller tries again when one is taken meanwhile.
func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // held until all are found, so that they differ
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
