package clusterbench

import "encoding/binary"

// owner is a process with the port that it listens on.
type owner struct {
	pid  int
	port uint16
}

// traffic is what one process exchanged, in bytes of IP packets.
type traffic struct{ packets, sent, got int }

// packet is what is kept of a TCP packet over IPv4.
type packet struct {
	from, to uint16
	size     int
}

// parse reads an IPv4 packet; ok is false when it isn't one of TCP.
func parse(b []byte) (p packet, ok bool) {
	const protoTCP = 6
	if len(b) < 20 || b[0]>>4 != 4 || b[9] != protoTCP {
		return packet{}, false
	}
	head := int(b[0]&15) * 4
	if len(b) < head+4 {
		return packet{}, false
	}
	return packet{
		from: binary.BigEndian.Uint16(b[head:]), to: binary.BigEndian.Uint16(b[head+2:]),
		size: int(binary.BigEndian.Uint16(b[2:])),
	}, true
}

// share adds packets up by process. ports says which process holds a port,
// listening or not. lost counts the bytes between a listening port and one whose
// holder was never seen.
func share(packets map[[2]uint16]traffic, ports map[uint16]int, listening map[uint16]bool) (by map[int]traffic, lost int) {
	by = map[int]traffic{}
	for pair, t := range packets {
		from, knownFrom := ports[pair[0]]
		to, knownTo := ports[pair[1]]
		if !listening[pair[0]] && !listening[pair[1]] {
			continue // none of the nodes' traffic with each other
		}
		if !knownFrom || !knownTo {
			lost += t.sent
		}
		if knownFrom {
			n := by[from]
			by[from] = traffic{n.packets + t.packets, n.sent + t.sent, n.got}
		}
		if knownTo {
			n := by[to]
			by[to] = traffic{n.packets + t.packets, n.sent, n.got + t.sent}
		}
	}
	return by, lost
}
