import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { KubeConfig } from "@kubernetes/client-node";
import { type Manifest, readManifests } from "../../../src/cli/manifests.ts";
import { systemClock } from "../../../src/clock.ts";
import { type ControlPlane, startControlPlane } from "../../../src/controlplane/control-plane.ts";
import { createRack, type Rack } from "../../../src/sim/rack.ts";
import { loadRack, tutorialRack } from "../../../src/sim/rack-file.ts";
import { type RackServer, serveRack } from "../../../src/sim/ssh-server.ts";
import { applyManifests } from "../../../src/up/apply.ts";
import { fitToRack } from "../../../src/up/fit-to-rack.ts";
import { tool, toolPrograms } from "../tools.ts";
import { startXensan, type XensanProcess } from "../xensan-process.ts";

const crds = fileURLToPath(new URL("../../../crds", import.meta.url));
const tutorial = fileURLToPath(new URL("../../../examples/tutorial", import.meta.url));

/** Short times, as a test waits for them. */
const timings = {
  install: 1_000,
  journalMebibyte: 10,
  mount: 500,
  unmount: 500,
  clusterOnline: 500,
  createDomain: 1_000,
};

/**
 * A control plane, usually with the real controller manager: namespaces end, garbage is collected, Deployments get
 * pods.
 */
export interface Ground {
  readonly controlPlane: ControlPlane;
  readonly directory: string;
  kubectl(...args: string[]): Promise<string>;
  /** `xensan run` as a process with this kubeconfig. */
  operator(kubeconfig: string, flags: readonly string[]): Promise<XensanProcess>;
  /** Applies the tutorial without its migration to a namespace, on a rack of its own. */
  tutorial(namespace: string): Promise<{ readonly rack: Rack; readonly manifests: readonly Manifest[] }>;
  /** Applies again what `tutorial` applied last. */
  again(): Promise<void>;
  stop(): Promise<void>;
}

/** `controllers: false` omits the controller manager. */
export async function breakGround({ controllers = true } = {}): Promise<Ground> {
  const controlPlane = await startControlPlane({ controllerManager: controllers, programs: toolPrograms });
  const directory = await mkdtemp(path.join(tmpdir(), "xensan-with-controllers-"));
  const processes: XensanProcess[] = [];
  const racks: RackServer[] = [];
  let applied: readonly Manifest[] = [];
  await controlPlane.installCrds([crds]);
  const admin = new KubeConfig();
  admin.loadFromString(controlPlane.kubeconfig);
  return {
    controlPlane,
    directory,
    kubectl: (...args) => tool("kubectl", controlPlane.kubeconfigPath, args),
    async operator(kubeconfig, flags) {
      const file = path.join(directory, `kubeconfig-${processes.length}`);
      await writeFile(file, kubeconfig, { mode: 0o600 });
      const common = ["--listen=127.0.0.1:0", "--probe-interval=2", "--allow-address=127.0.0.0/8"];
      const started = startXensan(["run", `--kubeconfig=${file}`, ...common, ...flags]);
      processes.push(started);
      await started.until(/"port":(\d+)/);
      return started;
    },
    async tutorial(namespace) {
      const file = loadRack(tutorialRack);
      const anyPort = Object.entries(file.hosts).map(([name, host]) => [
        name,
        { ...host, ssh: { ...host.ssh, port: 0 } },
      ]);
      const rack = createRack({ ...file, hosts: Object.fromEntries(anyPort) }, { clock: systemClock, timings });
      const server = await serveRack(rack);
      racks.push(server);
      const moved = Object.entries(file.hosts).map(([name, { ssh }]) => ({
        from: ssh.port,
        to: server.endpoints.get(name)?.port ?? ssh.port,
      }));
      const manifests = (await readManifests(tutorial))
        .filter(({ kind }) => kind !== "Namespace" && kind !== "XenMigration")
        .map((manifest) => ({ ...manifest, metadata: { ...manifest.metadata, namespace } }));
      const fit = fitToRack(manifests, { server, moved });
      applied = fit;
      await applyManifests(admin, fit);
      return { rack, manifests: fit };
    },
    async again() {
      await applyManifests(admin, applied);
    },
    async stop() {
      for (const one of processes) one.kill("SIGKILL");
      for (const one of racks) await one.close();
      await controlPlane.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Everything that runs on the machines of a rack, and their exports. */
export function onHosts(rack: Rack) {
  rack.settle();
  const domains = [...rack.hosts.keys()].flatMap((host) =>
    rack.xen
      .domains(host)
      .map(({ name }) => name)
      .filter((name) => name !== "Domain-0"),
  );
  const mounts = [...rack.hosts.values()].flatMap(({ running }) =>
    running.mounts.filter(({ type }) => type === "ocfs2"),
  );
  return { domains, mounts, exports: rack.exports() };
}
