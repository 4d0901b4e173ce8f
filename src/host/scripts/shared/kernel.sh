# Build options of the running kernel.
kernel_options=
kernel_otherwise=

# find_kernel_options: reads once which of the options below are m or y, and sets kernel_otherwise for all others: n if
# the kernel's configuration was read, ? if only its lists of modules, or nothing, could be read.
find_kernel_options() {
	[ -z "$kernel_otherwise" ] || return 0
	kernel_otherwise='?'
	kernel_wanted='^CONFIG_(ATA_OVER_ETH|OCFS2_FS|OCFS2_FS_O2CB)=[my]'
	read -r kernel_release </proc/sys/kernel/osrelease
	kernel_code=2
	if [ -f "/boot/config-$kernel_release" ]; then
		kernel_code=0
		kernel_lines=$(grep -E "$kernel_wanted" "/boot/config-$kernel_release" 2>/dev/null) || kernel_code=$?
	elif [ -f /proc/config.gz ]; then
		kernel_code=0
		kernel_lines=$(zcat /proc/config.gz | grep -E "$kernel_wanted") || kernel_code=$?
	fi
	if [ "$kernel_code" -le 1 ]; then
		kernel_otherwise=n
		for kernel_line in $kernel_lines; do kernel_options="$kernel_options ${kernel_line#CONFIG_}"; done
		return 0
	fi
	for kernel_list in dep=m builtin=y; do
		kernel_lines=$(grep -soE '/(aoe|ocfs2|ocfs2_stack_o2cb)\.ko' "/lib/modules/$kernel_release/modules.${kernel_list%=*}") || :
		for kernel_line in $kernel_lines; do
			case $kernel_line in
			/aoe.*) kernel_line=ATA_OVER_ETH ;;
			/ocfs2.*) kernel_line=OCFS2_FS ;;
			*) kernel_line=OCFS2_FS_O2CB ;;
			esac
			kernel_options="$kernel_options $kernel_line=${kernel_list#*=}"
		done
	done
}

# kernel_option NAME: sets kernel_option to m, y, n or ?.
kernel_option() {
	find_kernel_options
	case "$kernel_options " in
	*" $1=m "*) kernel_option=m ;;
	*" $1=y "*) kernel_option=y ;;
	*) kernel_option=$kernel_otherwise ;;
	esac
}

# aoe_kernel_config: sets aoe_config to Module, BuiltIn, Missing, or Unknown.
aoe_kernel_config() {
	kernel_option ATA_OVER_ETH
	case $kernel_option in
	m) aoe_config=Module ;;
	y) aoe_config=BuiltIn ;;
	n) aoe_config=Missing ;;
	*) aoe_config=Unknown ;;
	esac
}

# ocfs2_kernel_config: sets ocfs2_config to Module, BuiltIn, Missing (if one of the two options is), or Unknown.
ocfs2_kernel_config() {
	kernel_option OCFS2_FS
	ocfs2_config=$kernel_option
	kernel_option OCFS2_FS_O2CB
	case $ocfs2_config$kernel_option in
	*n*) ocfs2_config=Missing ;;
	*'?'*) ocfs2_config=Unknown ;;
	yy) ocfs2_config=BuiltIn ;;
	*) ocfs2_config=Module ;;
	esac
}
