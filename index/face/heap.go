package face

import "vigie/index/face/codes"

// heapify makes a heap with the lowest in front.
func heapify(s []codes.Survivor) {
	for i := len(s)/2 - 1; i >= 0; i-- {
		down(s, i)
	}
}

// pop takes the lowest off a heap.
func pop(s []codes.Survivor) []codes.Survivor {
	last := len(s) - 1
	s[0] = s[last]
	if s = s[:last]; last > 1 {
		down(s, 0)
	}
	return s
}

func down(s []codes.Survivor, i int) {
	v := s[i]
	for {
		c := 2*i + 1
		if c >= len(s) {
			break
		}
		if c+1 < len(s) && s[c+1].Lower < s[c].Lower {
			c++
		}
		if s[c].Lower >= v.Lower {
			break
		}
		s[i] = s[c]
		i = c
	}
	s[i] = v
}
