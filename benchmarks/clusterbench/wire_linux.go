package clusterbench

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// wire counts the TCP packets on the loopback by their two ports.
type wire struct {
	fd   int
	own  []owner
	quit chan struct{}
	wg   sync.WaitGroup

	mu      sync.Mutex
	packets map[[2]uint16]traffic
	ports   map[uint16]int // the process that holds a port
	err     error
}

// lookEvery is how often the processes' sockets are listed. A connection that was
// opened and closed in between is found out: counts fails then.
const lookEvery = 100 * time.Millisecond

// listen opens a packet socket on the loopback.
func listen(own []owner) (*wire, error) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		return nil, fmt.Errorf("find the loopback: %w", err)
	}
	const ip = unix.ETH_P_IP>>8 | unix.ETH_P_IP&0xff<<8 // in network order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, ip)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRights, err)
	}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50_000}),
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: ip, Ifindex: lo.Index}),
	)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen to the loopback: %w", err), unix.Close(fd))
	}
	w := &wire{fd: fd, own: own, quit: make(chan struct{})}
	w.reset()
	w.wg.Go(w.read)
	w.wg.Go(w.look)
	return w, nil
}

// reset forgets what was counted.
func (w *wire) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.packets, w.ports = map[[2]uint16]traffic{}, map[uint16]int{}
	for _, o := range w.own {
		w.ports[o.port] = o.pid
	}
}

func (w *wire) read() {
	buf := make([]byte, 128) // the headers are enough
	for {
		select {
		case <-w.quit:
			return
		default:
		}
		n, from, err := unix.Recvfrom(w.fd, buf, 0)
		if err != nil {
			if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
				continue
			}
			w.fail(fmt.Errorf("read from the loopback: %w", err))
			return
		}
		// Every packet passes twice, on its way out and on its way in.
		if ll, ok := from.(*unix.SockaddrLinklayer); !ok || ll.Pkttype != unix.PACKET_HOST {
			continue
		}
		if p, ok := parse(buf[:n]); ok {
			w.mu.Lock()
			t := w.packets[[2]uint16{p.from, p.to}]
			w.packets[[2]uint16{p.from, p.to}] = traffic{packets: t.packets + 1, sent: t.sent + p.size}
			w.mu.Unlock()
		}
	}
}

// look keeps track of which process holds which port.
func (w *wire) look() {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := w.sockets(); err != nil {
			w.fail(err)
			return
		}
		select {
		case <-tick.C:
		case <-w.quit:
			return
		}
	}
}

// sockets lists the ports of the processes' open sockets.
func (w *wire) sockets() error {
	ports, err := socketPorts()
	if err != nil {
		return err
	}
	for _, o := range w.own {
		dir := fmt.Sprintf("/proc/%d/fd", o.pid)
		list, err := os.ReadDir(dir)
		if err != nil {
			return fmt.Errorf("list a node's files: %w", err)
		}
		for _, f := range list {
			to, err := os.Readlink(dir + "/" + f.Name())
			if err != nil {
				continue // closed meanwhile
			}
			inode, ok := strings.CutPrefix(to, "socket:[")
			if port := ports[strings.TrimSuffix(inode, "]")]; ok && port != 0 {
				w.mu.Lock()
				if _, known := w.ports[port]; !known {
					w.ports[port] = o.pid
				}
				w.mu.Unlock()
			}
		}
	}
	return nil
}

// socketPorts gives the local port of every TCP socket over IPv4, by inode.
func socketPorts() (map[string]uint16, error) {
	f, err := os.Open("/proc/net/tcp")
	if err != nil {
		return nil, fmt.Errorf("list the sockets: %w", err)
	}
	defer f.Close()
	out := map[string]uint16{}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		field := strings.Fields(sc.Text())
		if len(field) < 10 {
			continue
		}
		_, port, _ := strings.Cut(field[1], ":")
		if b, err := hex.DecodeString(port); err == nil && len(b) == 2 {
			out[field[9]] = uint16(b[0])<<8 | uint16(b[1])
		}
	}
	return out, nil
}

func (w *wire) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = errors.Join(w.err, err)
}

// counts gives what each process exchanged since reset. It fails when packets were
// dropped or can't be told whose they are.
func (w *wire) counts() (map[int]traffic, error) {
	st, err := unix.GetsockoptTpacketStats(w.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return nil, fmt.Errorf("ask for dropped packets: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return nil, w.err
	}
	if st.Drops > 0 {
		return nil, fmt.Errorf("%d packets were dropped", st.Drops)
	}
	listening := map[uint16]bool{}
	for _, o := range w.own {
		listening[o.port] = true
	}
	by, lost := share(w.packets, w.ports, listening)
	total := 0
	for _, t := range by {
		total += t.sent
	}
	if lost*100 > total {
		return nil, fmt.Errorf("%d of %d bytes belong to connections that were too short to tell whose they are", lost, total)
	}
	return by, nil
}

func (w *wire) close() error {
	close(w.quit)
	w.wg.Wait()
	return unix.Close(w.fd) //nolint:wrapcheck // nothing to add
}
