package clustertest

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"net"
)

// The ports drawn from lie below the usual ephemeral range (32768 and up), so
// that no outgoing connection takes one between the draw and its use.
const (
	firstPort = 21000
	portRange = 11000
)

// freePorts gives n distinct loopback addresses on which nothing listens now.
// All are held open until the last is drawn.
func freePorts(n int) ([]string, error) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			l.Close()
		}
	}()
	var addrs []string
	for tries := 0; len(addrs) < n; tries++ {
		if tries > 200+20*n {
			return nil, fmt.Errorf("no %d free ports on 127.0.0.1 between %d and %d", n, firstPort, firstPort+portRange)
		}
		r, err := rand.Int(rand.Reader, big.NewInt(portRange))
		if err != nil {
			return nil, err
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", firstPort+r.Int64()))
		if err != nil {
			continue
		}
		held = append(held, l)
		addrs = append(addrs, l.Addr().String())
	}
	return addrs, nil
}
