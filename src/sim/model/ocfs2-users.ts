import type { Host } from "./state.ts";

/** What keeps a mounted file system busy: `process 5278 sleep`, `domain 3 (/srv/xen/web.img)`. */
export function usersOf(host: Host, mountPoint: string): string[] {
  const mount = host.running.o2cb.mounts.find((one) => one.mountPoint === mountPoint);
  const users = mount === undefined ? [] : [...mount.users];
  for (const domain of host.running.xen.domains.values()) {
    for (const { path } of domain.configuration.disks) {
      if (path.startsWith(`${mountPoint}/`)) users.push(`domain ${domain.id} (${path})`);
    }
  }
  for (const [uuid, { files }] of host.running.xen.leases) {
    if (files.some(({ path }) => path.startsWith(`${mountPoint}/`))) users.push(`lease of domain ${uuid}`);
  }
  return users;
}
