import { endHolder, holdLease as hold } from "../model/lease.ts";
import type { LeaseHolder } from "../model/state.ts";
import { resolve } from "../model/storage.ts";
import type { Responder, ScriptRun } from "../script.ts";
import { acting, finish, refuse, takeLock } from "./answer.ts";
import { configurationOwner, requireDeclarer } from "./domain-configuration.ts";
import { domainText, findDomain, requireToolstack } from "./domain-rows.ts";
import { lockHolder, lockPath, requireMounted } from "./shared-place.ts";
import { atWork } from "./xen-processes.ts";

/** lease.sh: require_flocks. */
export function requireFlocks(run: ScriptRun, path: string): void {
  const { mountPoint, options } = resolve(run.host, path).mount;
  if (!options.includes("localflocks")) return;
  const why = "is mounted with localflocks: a lock on it is valid on this host only";
  refuse(run, "LeaseUnsupported", `${mountPoint} ${why}`);
}

/** lease.sh: lease_held_until, in seconds of uptime. */
export const heldUntil = ({ host }: ScriptRun, { until }: LeaseHolder): number =>
  Math.max(0, Math.floor((until - host.running.bootedAt) / 1000));

interface Wanted {
  readonly uuid: string;
  readonly how: "Alone" | "Beside";
  readonly seconds: number;
  /** Path of the lock file of the domain. */
  readonly lock: string;
  readonly images: readonly { readonly path: string; readonly readOnly: boolean }[];
}

/** lease.sh: take_lease. */
export function* takeLease(run: ScriptRun, { uuid, how, seconds, lock, images }: Wanted): Generator<number, void> {
  const { world, host } = run;
  endHolder(world, host, uuid);
  const files = images.map(({ path, readOnly }) => {
    requireFlocks(run, path);
    const { node } = resolve(host, path);
    if (node?.kind !== "File") return refuse(run, "ImageMissing", `there is no file ${path}`);
    return { path, readOnly, file: node };
  });
  if (files.length === 0) return;
  yield world.timings.process;
  const nodeOf = (path: string) => {
    const { mountPoint } = resolve(host, path).mount;
    return host.running.o2cb.mounts.find((mount) => mount.mountPoint === mountPoint)?.node;
  };
  const until = world.agenda.time + seconds * 1000;
  const taken = hold(world, host, { uuid, how, until, files, nodeOf });
  if (taken === undefined) return;
  const holder = lockHolder(host, lock);
  const names =
    holder === undefined
      ? "no lock file names it"
      : `${lock} names ${holder.host} since its boot ${holder.bootId} for ${holder.owner}`;
  refuse(run, "ImageLeased", `the lease of ${taken} is held by a domain or a deletion; ${names}`);
}

/** start-domain.sh: a refusal in `act` ends the lease. */
export function endingLeaseOnRefusal(run: ScriptRun, uuid: string, act: () => void): void {
  try {
    act();
  } catch (ending) {
    endHolder(run.world, run.host, uuid);
    throw ending;
  }
}

/** hold-lease.sh: OWNER UUID SECONDS LOCKDIR write=PATH… read=PATH… share=FSUUID:MOUNTPOINT… */
export const holdLease: Responder = acting(function* holdLease(run) {
  const { world, host, args } = run;
  const [owner = "", uuid = "", seconds = "0", directory = "", ...about] = args;
  yield world.timings.process;
  requireToolstack(run);
  yield* takeLock(run, `domain-${uuid}`, 30);
  if (configurationOwner(host, uuid) !== "") requireDeclarer(run, owner, uuid);
  if (seconds === "0" && findDomain(run, uuid).count === 0) {
    refuse(run, "DomainMissing", `no domain of this host has the UUID ${uuid}`);
  }
  const holder = host.running.xen.leases.get(uuid);
  if (holder !== undefined) {
    holder.until = Math.max(holder.until + 1000, world.agenda.time + Number(seconds) * 1000);
    return finish(run, "unchanged");
  }
  for (const argument of about) {
    const [, filesystem = "", mountPoint = ""] = /^share=([^:]*):(.*)$/.exec(argument) ?? [];
    if (filesystem !== "") requireMounted(run, mountPoint, filesystem);
  }
  const images = about.flatMap((argument) => {
    const [, access, path = ""] = /^(write|read)=(.*)$/.exec(argument) ?? [];
    return access === undefined ? [] : [{ path, readOnly: access === "read" }];
  });
  const lock = lockPath(directory, uuid);
  yield* takeLease(run, { uuid, how: "Beside", seconds: Number(seconds), lock, images });
  return finish(run, "held");
});

/** end-lease.sh: OWNER UUID UNTIL */
export const endLease: Responder = acting(function* endLease(run) {
  const { world, host, args } = run;
  const [owner = "", uuid = "", until = ""] = args;
  yield world.timings.process;
  requireToolstack(run);
  yield* takeLock(run, `domain-${uuid}`, 30);
  const holder = host.running.xen.leases.get(uuid);
  if (holder === undefined) return finish(run, "absent");
  if (configurationOwner(host, uuid) !== "") requireDeclarer(run, owner, uuid);
  const { domain } = findDomain(run, uuid);
  if (domain !== undefined) refuse(run, "DomainRunning", domainText(run, domain));
  const builder = atWork(run, ["create", "restore", "migrate-receive"]);
  if (builder !== undefined) refuse(run, "DomainMigrating", `${builder} is building a domain`);
  if (String(heldUntil(run, holder)) !== until) return finish(run, "renewed");
  endHolder(world, host, uuid);
  return finish(run, "ended");
});
