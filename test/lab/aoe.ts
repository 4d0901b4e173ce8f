/**
 * AoE end to end on real hosts: export, attach, drift, reboot, deletion, through manifests only.
 * Needs a running rack (see rack.ts) whose SAN server exports nothing yet. Prints a line per scenario, exits 1 if one failed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { KubeConfig } from "@kubernetes/client-node";
import { aoeServers, aoeVolumes, xenHosts } from "../../src/api/kinds.ts";
import { applyManifests } from "../../src/cli/up/apply.ts";
import { readManifests } from "../../src/cli/up/manifests.ts";
import { startControlPlane } from "../../src/controlplane/control-plane.ts";
import { createKubeClient, textSource } from "../../src/runtime/client-node.ts";
import type { Kind, KubeObject } from "../../src/runtime/kube-api.ts";
import { openRack } from "./rack.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const namespace = "san";

interface Conditioned extends KubeObject {
  status?: { conditions?: { type: string; status: string; reason: string; message: string }[] };
}

const rack = openRack(process.env);
const controlPlane = await startControlPlane({});
const api = createKubeClient({ source: textSource(controlPlane.kubeconfig) });
const kubeConfig = new KubeConfig();
kubeConfig.loadFromString(controlPlane.kubeconfig);
const logFile = path.join(path.dirname(controlPlane.kubeconfigPath), "lab-operator.log");
let operator: ChildProcess | undefined;
let failed = 0;

function startOperator(): void {
  const args = ["src/cli/main.ts", "run", "--kubeconfig", controlPlane.kubeconfigPath, "--leader-election", "false"];
  const flags = ["--probe-interval", "10", "--listen", "127.0.0.1:0", "--log-level", "debug"];
  operator = spawn(process.execPath, [...args, ...flags], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  operator.stdout?.pipe(createWriteStream(logFile, { flags: "a" }), { end: false });
  operator.stderr?.pipe(createWriteStream(logFile, { flags: "a" }), { end: false });
}

async function stopOperator(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  const child = operator;
  if (child === undefined || child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await ended;
}

async function conditions(
  kind: Kind,
  name: string,
): Promise<NonNullable<Conditioned["status"]>["conditions"] & object> {
  const object: Conditioned = await api.get(kind, { namespace, name });
  return object.status?.conditions ?? [];
}

/** Waits for a condition; the error tells what all conditions were instead. */
async function become(kind: Kind, name: string, want: string, withinSeconds: number): Promise<string> {
  const [type, status, reason] = want.split("/");
  const deadline = performance.now() + withinSeconds * 1000;
  for (;;) {
    const now = await conditions(kind, name);
    const found = now.find((condition) => condition.type === type);
    if (found?.status === status && (reason === undefined || found?.reason === reason)) return found?.message ?? "";
    if (performance.now() > deadline) {
      throw new Error(`${kind.kind} ${name} is not ${want} after ${withinSeconds} s: ${JSON.stringify(now, null, 1)}`);
    }
    await delay(500);
  }
}

async function allReady(withinSeconds: number): Promise<void> {
  const waits = [become(aoeServers, "san", "Ready/True", withinSeconds)];
  for (const name of ["bella", "brutus"]) waits.push(become(xenHosts, name, "Ready/True", withinSeconds));
  for (const name of ["data", "scratch"]) waits.push(become(aoeVolumes, name, "Ready/True", withinSeconds));
  await Promise.all(waits);
}

async function scenario(name: string, run: () => Promise<string>): Promise<void> {
  const started = performance.now();
  let result: string;
  try {
    result = `ok    ${await run()}`;
  } catch (error) {
    failed += 1;
    result = `FAIL  ${error instanceof Error ? error.message : String(error)}`;
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${seconds.padStart(7)} s  ${name.padEnd(52)} ${result}\n`);
}

const pidOf = (target: string) => rack.on("san", `pgrep -a -x vblade | awk '$3 "." $4 == "${target}" { print $1 }'`);
const attached = (host: "bella" | "brutus", target: string) =>
  rack.until(
    host,
    `test "$(cat '/sys/block/etherd!${target}/state')" = up && cat '/sys/block/etherd!${target}/size'`,
    120,
  );

try {
  await controlPlane.installCrds([path.join(root, "crds")]);
  const manifests = await readManifests(path.join(root, "examples", "tutorial"));
  const fitted = manifests.map((manifest) => {
    const text = JSON.stringify(manifest);
    const ports = text
      .replace('"port":2210', `"port":${rack.ports.san}`)
      .replace('"port":2211', `"port":${rack.ports.bella}`);
    return JSON.parse(ports.replace('"port":2212', `"port":${rack.ports.brutus}`));
  });
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/ssh-auth",
    metadata: { name: "rack-ssh", namespace },
    stringData: { "ssh-privatekey": rack.privateKey },
  };

  await scenario("bare hosts to two volumes on both dom0s", async () => {
    // The owner of the machine makes the place for image files: a directory that is missing may be a missing mount.
    await rack.on("san", "mkdir -p /srv/aoe");
    await applyManifests(kubeConfig, [...fitted, secret]);
    startOperator();
    await allReady(300);
    const sizes = await Promise.all([
      attached("bella", "e0.1"),
      attached("brutus", "e0.1"),
      attached("brutus", "e0.2"),
    ]);
    return `sectors seen: ${sizes.join(", ")}`;
  });

  await scenario("what bella writes, brutus reads", async () => {
    const text = "written on bella";
    await rack.on("bella", `printf '%-512s' '${text}' | dd of=/dev/etherd/e0.1 bs=512 seek=100 oflag=direct`);
    const read = await rack.on("brutus", "dd if=/dev/etherd/e0.1 bs=512 skip=100 count=1 iflag=direct 2>/dev/null");
    if (read !== text) throw new Error(`brutus reads ${JSON.stringify(read)}`);
    return read;
  });

  await scenario("vblade killed", async () => {
    const before = await pidOf("0.1");
    await rack.on("san", `kill -9 ${before}`);
    const after = await rack.until(
      "san",
      `p=$(pgrep -a -x vblade | awk '$3 "." $4 == "0.1" { print $1 }'); test -n "$p" && echo $p`,
      60,
    );
    await allReady(120);
    return `pid ${before}, then ${after}`;
  });

  await scenario("vblade stopped by hand (systemd leaves it stopped)", async () => {
    await rack.on("san", "systemctl stop 'vblade@*'; ! pgrep -x vblade");
    await rack.until("san", "test $(pgrep -c -x vblade) = 2", 120);
    await allReady(120);
    return "two vblades again";
  });

  await scenario("configuration changed by hand", async () => {
    const file = await rack.on("san", "grep -l 'slot=1$' /etc/vblade.conf.d/*.conf");
    await rack.on("san", `sed -i 's/^slot=.*/slot=9/' '${file}'`);
    await rack.until("san", `grep -q '^slot=1$' '${file}'`, 120);
    await allReady(120);
    return file;
  });

  await scenario("SAN interface of brutus switched off", async () => {
    await rack.on("brutus", "ip link set eth1 down");
    await rack.until("brutus", 'test "$(cat /sys/class/net/eth1/operstate)" = up', 120);
    await allReady(120);
    return "up again";
  });

  await scenario("aoe module unloaded on brutus", async () => {
    await rack.on("brutus", "modprobe -r aoe");
    await attached("brutus", "e0.1");
    await allReady(120);
    return "loaded and attached again";
  });

  await scenario("operator killed, SAN and brutus rebooted, all is back", async () => {
    await stopOperator("SIGKILL");
    const boot = "cat /proc/sys/kernel/random/boot_id";
    const before = { san: await rack.on("san", boot), brutus: await rack.on("brutus", boot) };
    await rack.on("san", "(sleep 1; systemctl reboot) >/dev/null 2>&1 </dev/null &");
    await rack.on("brutus", "(sleep 1; systemctl reboot) >/dev/null 2>&1 </dev/null &");
    await rack.until("san", `test "$(${boot})" != ${before.san} && test $(pgrep -c -x vblade) = 2`, 400);
    await rack.until("brutus", `test "$(${boot})" != ${before.brutus}`, 400);
    const sectors = await attached("brutus", "e0.1");
    startOperator();
    await allReady(240);
    return `e0.1 with ${sectors} sectors on brutus before the operator came back`;
  });

  await scenario("deletion waits for a client that holds the device", async () => {
    await rack.on(
      "bella",
      "setsid sh -c 'exec 9</dev/etherd/e0.2; exec sleep 600' </dev/null >/dev/null 2>&1 & echo $!",
    );
    await api.delete(aoeVolumes, { namespace, name: "scratch" });
    const message = await become(aoeVolumes, "scratch", "DeletionBlocked/True", 120);
    if ((await pidOf("0.2")) === "") throw new Error("the vblade was stopped although bella holds the device");
    await rack.on("bella", "kill $(pgrep -x -f 'sleep 600')");
    await rack.until("san", "test $(pgrep -c -x vblade) = 1", 120);
    await rack.on("san", "test -f /srv/aoe/scratch.img");
    return message;
  });
} finally {
  await stopOperator("SIGTERM");
  await api.close();
  await controlPlane.stop();
  await rack.close();
}
process.stdout.write(
  failed === 0 ? "all scenarios ended as they should\n" : `${failed} failed; operator log: ${logFile}\n`,
);
process.exitCode = failed === 0 ? 0 : 1;
