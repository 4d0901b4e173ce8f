import { endDomain, makeDomain, unpause } from "./domain.ts";
import type { DomainConfiguration } from "./domain-configuration.ts";
import type { Domain, Host, World } from "./state.ts";
import { resolve } from "./storage.ts";
import { later } from "./world.ts";
import { balloonDom0, domainNamed, freeMemory } from "./xen-state.ts";

/** The id of the new domain, or the error output of the toolstack. */
export type BuildResult = { readonly id: number } | { readonly stderr: string };

/** libxl's error for the first disk that the host lacks. */
export function missingDisk(host: Host, configuration: DomainConfiguration): string | undefined {
  const missing = configuration.disks.find((disk) => resolve(host, disk.path).node === undefined);
  if (missing === undefined) return undefined;
  return `libxl: error: libxl_device.c:455:libxl__device_disk_set_backend: Disk vdev=xvda failed to stat: ${missing.path}: No such file or directory`;
}

/** libxl's error for the first bridge that the host lacks. */
export function missingBridge(host: Host, configuration: DomainConfiguration): string | undefined {
  const { bridges, ovsBridges } = host.hypervisor;
  const missing = configuration.bridges.find(
    (bridge) => !bridges.includes(bridge) && !ovsBridges.includes(bridge.replace(/\..*$/, "")),
  );
  if (missing === undefined) return undefined;
  return `libxl: error: libxl_exec.c:117:libxl_report_child_exitstatus: /etc/xen/scripts/vif-bridge online [1] exited with error status 1\nlibxl: error: libxl_device.c:1286:device_hotplug_child_death_cb: script: Could not find bridge device ${missing}`;
}

/** xl create, from start to end: the program goes on even when no script waits for it. */
export function buildDomain(
  world: World,
  host: Host,
  configuration: DomainConfiguration,
  by: "Command" | "Daemon",
  done: (result: BuildResult) => void,
): void {
  const { xen } = host.running;
  const pid = host.running.nextPid++;
  const name = `/run/xensan/${configuration.uuid}.cfg`;
  // The daemon that rebuilds a domain counts as one that only waits.
  if (by === "Command") xen.processes.set(pid, { verb: "create", name });
  const finish = (result: BuildResult) => {
    xen.processes.delete(pid);
    done(result);
  };
  const fail = (lines: readonly string[]) => {
    const text = lines.map((line) => `${line}\n`).join("");
    finish({ stderr: `Parsing config from ${name}\n${text}` });
  };
  const stages = [() => make(host, configuration), populate, connect];
  const shares = [0.1, 0.2, 0.7];
  let domain: Domain | undefined;
  const step = (index: number) => {
    const stage = stages[index];
    if (stage === undefined) {
      if (domain === undefined) return;
      unpause(world, host, domain);
      finish({ id: domain.id });
      return;
    }
    later(world, host, world.timings.createDomain * (shares[index] ?? 0), () => {
      const failure = xen.createFailures.shift();
      if (failure !== undefined) {
        xen.nextId += 1;
        fail(failure);
        return;
      }
      if (domain !== undefined && xen.domains.get(domain.id) !== domain) {
        fail(["libxl: error: libxl_create.c:1640:domcreate_rebuild_done: cannot (re-)build domain: -3"]);
        return;
      }
      const made = stage(host, domain);
      if (Array.isArray(made)) {
        if (domain !== undefined) endDomain(world, host, domain, "could not be built");
        fail(made);
        return;
      }
      domain = made;
      step(index + 1);
    });
  };
  step(0);
}

function make(host: Host, configuration: DomainConfiguration): Domain | string[] {
  const { xen } = host.running;
  const id = xen.nextId;
  if (domainNamed(host, configuration.name) !== undefined) {
    xen.nextId += 1;
    const taken = `Domain ${id}:Domain with name "${configuration.name}" already exists.`;
    return [
      `libxl: error: libxl_domain.c:81:libxl__domain_rename: ${taken}`,
      `libxl: error: libxl_create.c:1296:initiate_domain_create: Domain ${id}:cannot make domain: -6`,
    ];
  }
  const disk = missingDisk(host, configuration);
  if (disk !== undefined) {
    xen.nextId += 1;
    const defaults = `Domain ${id}:Unable to set disk defaults for disk 0`;
    return [disk, `libxl: error: libxl_create.c:1318:initiate_domain_create: ${defaults}`];
  }
  const domain = makeDomain(host, configuration);
  domain.name = configuration.name;
  return domain;
}

function populate(host: Host, domain: Domain | undefined): Domain | string[] {
  if (domain === undefined) return [];
  const { id, configuration } = domain;
  const rebuild = (code: number) =>
    `libxl: error: libxl_create.c:1640:domcreate_rebuild_done: Domain ${id}:cannot (re-)build domain: ${code}`;
  const absent = configuration.bootFiles.find((path) => resolve(host, path).node?.kind !== "File");
  if (absent !== undefined) {
    const failed = `failed to open file '${absent}': No such file or directory: Internal error`;
    return [`xc: error: panic: xg_dom_core.c:205: ${failed}`, rebuild(-1)];
  }
  balloonDom0(host, configuration.memory);
  if (freeMemory(host) < configuration.memory) {
    const panic = "can't allocate low memory for domain: Out of memory";
    return [
      `xc: error: panic: xg_dom_boot.c:119: xc_dom_boot_mem_init: ${panic}`,
      "libxl: error: libxl_dom.c:586:libxl__build_dom: xc_dom_boot_mem_init failed: Cannot allocate memory",
      rebuild(-3),
    ];
  }
  domain.memory = configuration.memory;
  domain.vcpus = configuration.vcpus;
  return domain;
}

function connect(host: Host, domain: Domain | undefined): Domain | string[] {
  if (domain === undefined) return [];
  const bridge = missingBridge(host, domain.configuration);
  return bridge === undefined ? domain : [bridge];
}
