import { installPackage, isAvailable } from "../model/packages.ts";
import type { Responder } from "../script.ts";
import { acting, finish, refuse, takeLock } from "./answer.ts";

/** install-packages.sh: waits for the dpkg lock, then runs one transaction. */
export const installPackages: Responder = acting(function* installPackages(run) {
  const { world, host, args } = run;
  const { process, install } = world.timings;
  yield process;
  const missing = args.filter((name) => !host.packages.has(name));
  if (missing.length === 0) return finish(run, "unchanged");
  const names = missing.join(" ");
  if (host.packageManager === "none") refuse(run, "NoPackageManager", `no apt on this host: install ${names} by hand`);
  yield* takeLock(run, "packages", 30);
  for (let waited = 0; host.running.dpkgLock !== undefined; waited += 1000) {
    if (waited >= 300_000) {
      const lock = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812";
      run.out(`busy\tanother program holds the package lock: ${lock} (${host.running.dpkgLock}) \n`);
      return 4;
    }
    yield 1000;
  }
  if (host.rootFileSystem.readOnly) {
    const why = "W: Not using locking for read only lock file /var/lib/dpkg/lock-frontend E: Read-only file system";
    refuse(run, "ReadOnlyFileSystem", `cannot install ${names}: ${why} `);
  }
  if (host.rootFileSystem.freeBytes < 2 ** 20) {
    const why = "E: You don't have enough free space in /var/cache/apt/archives/.";
    refuse(run, "NoSpace", `cannot install ${names}: ${why} `);
  }
  const unknown = missing.filter((name) => !isAvailable(name));
  if (host.repository === "Unreachable" || unknown.length > 0) {
    // Once with the existing package lists, once with updated ones.
    yield install;
    const why =
      host.repository === "Unreachable"
        ? "E: Failed to fetch"
        : unknown.map((name) => `E: Unable to locate package ${name}`).join(" ");
    refuse(run, "PackagesUnavailable", `cannot install ${names}: ${why} `);
  }
  yield install;
  for (const name of missing) {
    installPackage(world, host, name);
    yield process;
  }
  return finish(run, "installed");
});
