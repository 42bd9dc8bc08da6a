package main

import "vigie/api/client"

// mendDisk says what to do about each state of a disk.
func mendDisk(s client.DiskState) string {
	switch s {
	case client.DiskStateSlow:
		return "find out what else uses the disk; an SD card that has become slow is to be replaced"
	case client.DiskStateFull:
		return "make room: writes go on by themselves once there is some, no restart is needed"
	case client.DiskStateFailing:
		return "look at dmesg and replace the disk; the others hold the list too"
	case client.DiskStateHung:
		return "look at dmesg and at the disk's cables or network; another node leads meanwhile"
	case client.DiskStateCorrupt:
		return "do what the node's log and 'vigie status' say"
	default:
		return ""
	}
}

// checkDisks reports the disks of the node that was asked and of the others.
func (d *doctor) checkDisks(st *client.ClusterStatus) {
	own := st.Disk
	switch own.State {
	case "":
		d.warn("disks", "", "%s does not say how its disk does", st.Node.Name)
	case client.DiskStateHealthy:
		d.ok("disks", "%s: healthy, slowest sync %.1f ms", st.Node.Name, own.SyncMs)
	case client.DiskStateSlow:
		d.warn("disks", mendDisk(own.State), "%s: %s: %s", st.Node.Name, own.State, own.Problem)
	default:
		d.fail("disks", mendDisk(own.State), "%s: %s: %s", st.Node.Name, own.State, own.Problem)
	}
	for _, m := range st.Members {
		if m.Id != st.Node.Id && m.Disk != "" && m.Disk != client.DiskStateHealthy {
			d.warn("disks", mendDisk(m.Disk), "%s: %s; 'vigie status --server' there tells more", m.Name, m.Disk)
		}
	}
}
