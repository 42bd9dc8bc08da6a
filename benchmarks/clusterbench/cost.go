package clusterbench

import "os"

// CPU is processor time: seconds of a process, or microseconds per write in a Cost.
type CPU struct {
	User   float64 `json:"user"`
	System float64 `json:"system"`
}

// Cost is the processor time, in microseconds, that one write took on the leader,
// on the mean follower, and in the program that sent it.
type Cost struct {
	Leader   CPU `json:"leader"`
	Follower CPU `json:"follower"`
	Client   CPU `json:"client"`
}

// meter reads processes' times now and later.
type meter struct {
	pids   []int // the leader's first
	before []CPU
}

// newMeter begins with the leader's process, the others', and this one.
func newMeter(leader int, others []int) (*meter, error) {
	m := &meter{pids: append([]int{leader}, others...)}
	m.pids = append(m.pids, os.Getpid())
	var err error
	m.before, err = m.read()
	return m, err
}

func (m *meter) read() ([]CPU, error) {
	out := make([]CPU, len(m.pids))
	for i, pid := range m.pids {
		var err error
		if out[i], err = cpuOf(pid); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// perWrite gives what each of n writes cost since the meter began.
func (m *meter) perWrite(n int) (Cost, error) {
	after, err := m.read()
	if err != nil || n == 0 {
		return Cost{}, err
	}
	per := make([]CPU, len(after))
	for i := range after {
		per[i] = CPU{User: (after[i].User - m.before[i].User) * 1e6 / float64(n), System: (after[i].System - m.before[i].System) * 1e6 / float64(n)}
	}
	last := len(per) - 1
	c := Cost{Leader: per[0], Client: per[last]}
	for _, p := range per[1:last] {
		c.Follower.User += p.User / float64(last-1)
		c.Follower.System += p.System / float64(last-1)
	}
	return c, nil
}
