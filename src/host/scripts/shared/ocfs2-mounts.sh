# ocfs2_mount_points: prints the mount points of all OCFS2 of this host, one a line, as in mountinfo.
ocfs2_mount_points() {
	while read -r _ _ _ _ points_path points_rest; do
		case " $points_rest" in *' - ocfs2 '*) echo "$points_path" ;; esac
	done </proc/self/mountinfo
}
