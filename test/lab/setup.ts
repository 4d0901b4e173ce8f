import { type HostPlan, managementSegment, type RackPlan } from "./rack-plan.ts";

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const put = (file: string, text: string) => `printf '%s' ${quote(text)} >${quote(file)}`;

/** Shell text that turns a bare machine into the host of the rack file: it runs once, before the state is saved. */
export function setupScript(plan: HostPlan, rack: RackPlan): string {
  const { host, name } = plan;
  const addresses = rack.hosts.flatMap((other) => {
    const address = other.nics.find((nic) => nic.segment !== managementSegment)?.address;
    return address === undefined ? [] : [`${address.split("/")[0]} ${other.name}`];
  });
  return [
    "set -eu",
    put("/etc/hostname", `${name}\n`),
    `hostname ${quote(name)}`,
    put("/etc/hosts", `${["127.0.0.1 localhost", ...addresses].join("\n")}\n`),
    ...host.interfaces.flatMap((nic, index) => {
      const lines = ["[Match]", `Name=${nic.name}`, "[Link]", `MTUBytes=${nic.mtu}`];
      if (nic.state === "Down") lines.push("ActivationPolicy=down");
      lines.push("[Network]", "LinkLocalAddressing=no", "IPv6AcceptRA=no");
      if (nic.address !== undefined) lines.push(`Address=${nic.address}`);
      const link = ["[Match]", `MACAddress=${nic.mac}`, "[Link]", `Name=${nic.name}`];
      const files = [put(`/etc/systemd/network/20-${nic.name}.network`, `${lines.join("\n")}\n`)];
      if (nic.name === `eth${index}`) return files;
      const rename = `ip link set ${quote(`eth${index}`)} down; ip link set ${quote(`eth${index}`)} name ${quote(nic.name)}`;
      return [...files, put(`/etc/systemd/network/10-${nic.name}.link`, `${link.join("\n")}\n`), rename];
    }),
    "rm -f /etc/systemd/network/90-first-boot.network",
    "networkctl reload",
    "rm -f /etc/ssh/ssh_host_*",
    "ssh-keygen -q -A",
    "systemctl restart ssh",
    ...(host.repository === "Reachable" ? [] : ["rm -r /var/local/apt /var/lib/apt/lists/*"]),
    ...(host.packages.length === 0
      ? []
      : [`DEBIAN_FRONTEND=noninteractive apt-get -qq -y install ${host.packages.map(quote).join(" ")}`]),
    ...host.directories.map((directory) => `mkdir -p ${quote(directory)}`),
    ...host.disks.flatMap((disk, index) => [
      ...(index === 0 && disk.size > 4 * 2 ** 30 ? [`resize2fs ${disk.path}`] : []),
      ...(index > 0 && disk.signature === "ext4" ? [`mkfs.ext4 -q ${disk.path}`] : []),
      ...(index > 0 && disk.mountPoint !== undefined
        ? [
            `mkdir -p ${quote(disk.mountPoint)}`,
            // On a busy machine udev needs more than the 90 seconds after which systemd gives up the boot.
            `echo ${quote(`${disk.path} ${disk.mountPoint} ext4 x-systemd.device-timeout=15min 0 2`)} >>/etc/fstab`,
            `mount ${quote(disk.mountPoint)}`,
          ]
        : []),
      ...(disk.volumeGroup === undefined ? [] : [`vgcreate -q ${quote(disk.volumeGroup)} ${disk.path} >/dev/null`]),
      ...(disk.links.length === 0
        ? []
        : [
            `echo ${quote(`KERNEL=="${disk.path.slice(5)}", SYMLINK+="${disk.links.map((link) => link.slice(5)).join(" ")}"`)} >>/etc/udev/rules.d/90-lab.rules`,
            "udevadm control --reload; udevadm trigger --settle",
          ]),
    ]),
    ...host.files.flatMap(({ path, text, size }) => [
      `mkdir -p "$(dirname ${quote(path)})"`,
      text === undefined ? `: >>${quote(path)}` : put(path, text),
      ...(size === undefined ? [] : [`truncate -s ${size} ${quote(path)}`]),
    ]),
    ...Object.entries(host.symlinks).map(([link, target]) => `ln -s ${quote(target)} ${quote(link)}`),
    // Background work of the boot would otherwise go on in every rack that starts from this state.
    "systemctl is-system-running --wait >/dev/null || :",
    "sync",
  ].join("\n");
}
