#!/bin/sh
# Prints every fact of this host that xensan needs. Changes nothing.
# Arguments: ROLES, then any number of segment=INTERFACE, backing=PATH, target=NAME, device=PATH, mountpoint=PATH,
# image=PATH and locks=DIRECTORY.
#   ROLES     `server`, `client`, `server,client` or `none`
#   segment=  ask with aoecfg who answers on the segment behind this interface (one second, all at once)
#   backing=  a path to look at
#   target=   of a client: an AoE device, e0.1
#   device=   of a client: a block device to look into, without side effects
#   mountpoint=  of a client: a directory to look at
#   image=    of a client: an image file of a domain
#   locks=    of a client: a directory of lock files
# Prints lines of fields separated by tabs. The first field is the section. Each section ends with
#   end SECTION known|absent|unknown EXIT WHY
# and the output with `end probe`. A section whose end is missing is unknown. In fields a tab, a newline and a
# backslash are written as mountinfo writes them: \011 \012 \134; a space may be \040.
#   probe 1                                                          version of this format, always first
#   identity hostname|machine-id|boot-id VALUE
#   identity claim-KIND CLUSTER NAMESPACE/NAME                       one field: who manages the machine, see claim-machine.sh
#   system os|os-id|kernel|init|package-manager VALUE                init: systemd sysvinit other; manager: apt none
#   system going-down yes|no                                         yes: it is about to halt or reboot
#   packages NAME VERSION
#   tools NAME PATH
#   interfaces NAME MAC MTU FLAGS CARRIER [MASTER]                   FLAGS 0x1003; CARRIER 1, 0, or - while it is down;
#                                                                    MASTER: of a port of a bridge or bond
#   block PATH MAJ:MIN BYTES TYPE SIGNATURE HOLDERS                  SIGNATURE - when udev knows nothing; HOLDERS MAJ:MIN,…
#   block ? more than 1000 … others                                  of AoE disks neither asked for nor in use
#   mounts MAJ:MIN ROOT MOUNTPOINT TYPE SOURCE OPTIONS
#   backings path ASKED REAL KIND BYTES IDENTITY LASTING             KIND Missing File BlockDevice Other; LASTING over a boot
#   backings owned PATH INODE OWNER                                  ensure-file made the file at a requested path
#   lvm VG LV BYTES PATH VGFREEBYTES TAGS [BLANKED]                  BLANKED: bytes, while it is filled with zeroes
#   exports conf INSTANCE SHELF SLOT NETIF FILENAME OPTIONS OWNER    /etc/vblade.conf.d; OPTIONS as written
#   exports unit INSTANCE ACTIVESTATE SUBSTATE MAINPID
#   exports inittab ID OWNER ARGV…                                   ARGV of vblade, without the program
#   exports process PID ARGV…                                        the same
#   exports path …                                                   like backings path, of every backing named above
#   exports recorded INSTANCE|ID LASTING                             what this export may serve
#   aoe kernel-config Module|BuiltIn|Missing|Unknown
#   aoe loaded yes|no, version V, iflist WORDS, persisted-iflist WORDS, persisted yes|no, deadsecs N
#   aoe-devices device NAME STATE MACS NETIFS PAYLOAD SECTORS        NAME e0.1; STATE up, down, down,closewait; none is -
#   aoe-devices ? more than 1000 … others                            of devices neither asked for nor in use
#   aoe-devices user NAME TEXT                                       mount /srv/xen, holder dm-0, swap, process 7 sh, xen-backend 3;
#                                                                    no process while an OCFS2 on every device is mounted
#   responders INTERFACE SHELF.SLOT CONFIG
#   o2cb kernel Module|BuiltIn|Missing|Unknown, loaded yes|no
#   o2cb conf Missing|Readable|Unreadable OWNER|WHY                  and what cluster.conf says:
#   o2cb conf-cluster NAME local|global
#   o2cb conf-node CLUSTER NUMBER NAME ADDRESS PORT
#   o2cb conf-heartbeat CLUSTER REGION
#   o2cb boot true|false CLUSTER THRESHOLD IDLE KEEPALIVE RECONNECT  /etc/default/o2cb; - for none
#   o2cb boot-order yes|no
#   o2cb sysctl panic_on_oops|panic NOW yes|no                       yes: the same after a reboot
#   o2cb active CLUSTER THRESHOLD IDLE KEEPALIVE RECONNECT reset|panic local|global
#   o2cb active-node NUMBER NAME ADDRESS PORT 0|1                    1: this host
#   o2cb region UUID DEVICE                                          heartbeats that are written now
#   o2cb live|connected NUMBER,…                                     - for none; no row when debugfs does not show it
#   filesystems device PATH Blank|Data|Signature|Ocfs2|Missing|Unreadable SIGNATURE BYTES
#   filesystems ocfs2 PATH UUID LABEL STACK CLUSTER local|global SLOTS BYTES BLOCKSIZE CLUSTERSIZE
#   filesystems beat PATH NODE SEQUENCE, slot PATH SLOT NODE
#   filesystems mounted PATH MOUNTPOINT rw|ro OPTIONS
#   mount-points point PATH Missing|Directory|Symlink|Other EMPTY IMMUTABLE      yes, no or -
#   mount-points entry PATH SOURCE OPTIONS OWNER                     the entry that mounts it at boot
#   formats UUID DEVICE Running|Interrupted|Done OWNER               every format that began here
#   kernel-log IoError|Ocfs2Error|Heartbeat|Network|Fencing SUBJECT COUNT SECONDS MESSAGE
#   toolstack kind xl|xm|none, dom0 yes|no, info KEY VALUE           info: of xl info; none if that fails
#   toolstack automatic SAVE RESTORE AUTO                            XENDOMAINS_…; no row: no such file
#   toolstack service NAME active|inactive|missing, bridge NAME, ovs-bridge NAME, xend KEY VALUE
#   toolstack watchdog NAME SECONDS yes|no                           below dom0, it runs now; yes: also armed at boot
#   domains process PID VERB NAME                                    what builds, moves or ends a domain now
#   domains lease UUID                                               this host holds a lease on its images
#   domains domain ID NAME UUID MEMORY VCPUS STATE REASON SECONDS    Domain-0 left out; REASON may be empty
#   domains domain ? TEXT UUID - - - - -                             a row that is not understood; UUID - where it shows none
#   relocation key PUBLICKEY, peer NAME ADDRESS PUBLICKEY, known ADDRESS PUBLICKEY, host-key PUBLICKEY
#   migrations run OPERATION UUID BOOTID Running|Ended|Lost|Recorded EXIT PHASE STARTED NOW TIME MESSAGE
#   images image PATH Missing|File|Other BYTES ALLOCATED OWNER Copying|Interrupted|Elsewhere|- BYTES
#   domain-locks lock UUID PATH HOST BOOTID
#   domain-configurations config UUID OWNER DIGEST
# A row of any section may be `SECTION ? WHY SUBJECT`: what the host could not find out about this subject.
# Exit codes: 0 always.
set -eu
# include: prelude.sh
# include: vblades.sh
# include: backing-identity.sh
# include: kernel.sh
# include: probe-frame.sh
# include: units.sh
# include: probe-system.sh
# include: probe-storage.sh
# include: probe-exports.sh
# include: probe-aoe.sh
# include: probe-o2cb.sh
# include: probe-filesystems.sh
# include: probe-kernel-log.sh
# include: probe-xen.sh
# include: probe-domains.sh
# include: probe-texts.sh
# include: probe-answers.sh

roles=",$1,"
shift
make_work
: >"$work/asked"
: >"$work/segments"
: >"$work/targets"
: >"$work/devices"
: >"$work/mount-points"
: >"$work/images"
: >"$work/lock-directories"
for argument; do
	case $argument in
	segment=*) printf '%s\n' "${argument#segment=}" >>"$work/segments" ;;
	backing=*) printf '%s\n' "${argument#backing=}" >>"$work/asked" ;;
	target=*) printf '%s\n' "${argument#target=}" >>"$work/targets" ;;
	device=*) printf '%s\n' "${argument#device=}" >>"$work/devices" ;;
	mountpoint=*) printf '%s\n' "${argument#mountpoint=}" >>"$work/mount-points" ;;
	image=*) printf '%s\n' "${argument#image=}" >>"$work/images" ;;
	locks=*) printf '%s\n' "${argument#locks=}" >>"$work/lock-directories" ;;
	esac
done

begin_timer
ask_units
row probe 1
asked_texts=mounts
[ ! -d /sys/class/block ] || asked_texts="$asked_texts block"
case $roles in *,client,*)
	asked_texts="$asked_texts migrations o2cb"
	! have ssh-keygen || asked_texts="$asked_texts relocation"
	if dmesg >"$work/dmesg" 2>"$work/kernel-log.err"; then asked_texts="$asked_texts kernel-log"; else over kernel-log 1; fi
	;;
esac
# shellcheck disable=SC2086
texts $asked_texts
find_processes || :
one_list=yes
# The sections that can hang, grouped by what they wait for.
devices=
case $roles in *,client,*)
	devices=' aoe-devices=aoe_devices'
	[ -s "$work/segments" ] || devices="$devices responders=responders"
	;;
esac
case $roles in *,server,*) devices="$devices exports=exports backings=backings lvm=lvm" ;; esac
[ ! -s "$work/devices" ] || devices="$devices filesystems=filesystems"
# shellcheck disable=SC2086
[ -z "$devices" ] || start devices $devices
[ ! -s "$work/segments" ] || start segments responders=responders
case $roles in *,client,*)
	start toolstack domains=domains toolstack=toolstack
	share=
	[ ! -s "$work/mount-points" ] || share='mount-points=mount_points'
	[ ! -s "$work/lock-directories" ] || share="$share domain-locks=domain_locks"
	[ ! -s "$work/images" ] || share="$share images=images"
	# shellcheck disable=SC2086
	[ -z "$share" ] || start share $share
	;;
esac
section identity identity
section packages packages
section tools tools
section interfaces interfaces
[ -d /sys/class/block ] || over block "$absent"
case $roles in *,client,*)
	section aoe aoe
	section o2cb o2cb
	section formats formats
	have ssh-keygen || over relocation "$absent"
	section domain-configurations domain_configurations
	;;
esac
section system system
collect
row end probe
