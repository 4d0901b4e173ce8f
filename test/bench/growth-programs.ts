import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { KubeConfig } from "@kubernetes/client-node";
import { bundleOperator } from "../../image/bundle.ts";
import type { ControlPlane } from "../../src/controlplane/control-plane.ts";
import { serviceAccountKubeconfig } from "../integration/service-account.ts";

/** A program to be started and measured. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

const project = fileURLToPath(new URL("../../", import.meta.url));

/** Bundles the entry of the image as the Dockerfile does; returns its path. */
export async function imageEntry(directory: string): Promise<string> {
  await cp(path.join(project, "package.json"), path.join(directory, "package.json"));
  const out = path.join(directory, "dist/operator");
  await bundleOperator(out);
  return path.join(out, "operator.js");
}

/** Where a pod finds its account; here in a file system of the process's own. */
const accountDirectory = "/run/secrets/kubernetes.io/serviceaccount";
const inPod = `set -e
mount -t tmpfs none /run
mkdir -p ${accountDirectory}
cp "$1"/* ${accountDirectory}/
shift
exec "$@"`;

/** The operator as it runs in a pod with this account; the result takes the size of its heap in MiB. Needs root. */
export async function operatorInPod(options: {
  readonly controlPlane: ControlPlane;
  readonly account: { readonly namespace: string; readonly name: string };
  /** The namespace that it serves. */
  readonly namespace: string;
  readonly entry: string;
  readonly directory: string;
}): Promise<(heapMiB: number) => Program> {
  const { controlPlane, account, namespace, entry } = options;
  if (process.getuid?.() !== 0)
    throw new Error("growth needs root: it gives the operator the account of a pod in /run");
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(await serviceAccountKubeconfig(controlPlane.kubeconfig, account));
  const files = path.join(options.directory, "account");
  await mkdir(files, { recursive: true });
  const authority = kubeConfig.getCurrentCluster()?.caData ?? "";
  await writeFile(path.join(files, "token"), kubeConfig.getCurrentUser()?.token ?? "");
  await writeFile(path.join(files, "ca.crt"), Buffer.from(authority, "base64"));
  await writeFile(path.join(files, "namespace"), account.namespace);
  const { hostname, port } = new URL(controlPlane.url);
  const { KUBECONFIG: _none, ...others } = process.env;
  const env = { ...others, NODE_ENV: "production", KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
  const serve = ["run", "--namespace", namespace, "--leader-election", "false", "--listen", "127.0.0.1:0"];
  return (heapMiB) => ({
    command: "unshare",
    args: [
      ...["--mount", "sh", "-c", inPod, "sh", files, process.execPath, "--max-semi-space-size=4"],
      ...[`--max-old-space-size=${heapMiB}`, entry, ...serve, "--allow-address", "127.0.0.0/8"],
    ],
    env,
  });
}

/** The cost of a program until it is idle. */
interface Cost {
  /** Since its start. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

/** How long a program must be nearly idle. */
const idleSeconds = 3;
/** The CPU seconds that count as nearly idle in that time. */
const idleCpuSeconds = 0.15;
const mostSeconds = 900;
/** Clock ticks of /proc/PID/stat (proc(5)). */
const ticksPerSecond = 100;

/** Runs a program until it is idle, and ends it. */
export async function untilIdle({ command, args, env }: Program): Promise<Cost> {
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (bytes: Buffer) => {
      said = (said + bytes.toString()).slice(-2000);
    });
  const exited = once(child, "exit");
  const begun = performance.now();
  const seen: { readonly seconds: number; readonly cpuSeconds: number }[] = [];
  try {
    for (;;) {
      await setTimeout(200);
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${command} has ended: ${said}`);
      const seconds = (performance.now() - begun) / 1000;
      if (seconds > mostSeconds) throw new Error(`${command} is still at work after ${mostSeconds} s: ${said}`);
      const now = { seconds, cpuSeconds: cpuSecondsOf(child.pid ?? 0) };
      seen.push(now);
      const before = seen.findLast((one) => one.seconds <= seconds - idleSeconds);
      if (before !== undefined && now.cpuSeconds - before.cpuSeconds <= idleCpuSeconds) {
        const status = await readFile(`/proc/${child.pid}/status`, "utf8");
        const peakMiB = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
        return { ...before, peakMiB };
      }
    }
  } finally {
    child.kill();
    await exited;
  }
}

function cpuSecondsOf(pid: number): number {
  // The program's name may contain blanks and brackets; it ends with the last bracket.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
