/**
 * Records the answers of real machines: `node test/contract-hosts/record.ts systemd|sysvinit|lab|ocfs2|xen`. The first
 * two need Docker and the image of test/containers (`XENSAN_CONTRACT_IMAGE`), the others the lab (root, QEMU). Writes
 * test/fixtures/contract/NAME.json. The lab's lives need no hypervisor; `lab xen` runs the first of them under Xen,
 * several times as slowly, and also writes the probes with which the parsers are tested. `table` prints what compares
 * which script with the simulated rack.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { loadRack } from "../../src/sim/rack-file.ts";
import { imageName } from "../containers/images.ts";
import { bringUp } from "../lab/common-rack.ts";
import { rackFiles } from "../lab/places.ts";
import { stopOnSignals } from "../lab/stop-on-signals.ts";
import { ocfs2Life } from "./ocfs2-life.ts";
import { playReal, type Shell } from "./play.ts";
import { rackLife } from "./rack-life.ts";
import { serverLife } from "./server-life.ts";
import type { Step } from "./step.ts";
import { contractText } from "./table.ts";
import { xenLife } from "./xen-life.ts";

const fixtures = new URL("../fixtures/", import.meta.url);

async function record(name: string, steps: readonly Step[], shell: Shell, withProbes = true): Promise<void> {
  const probes = new Map<string, string>();
  const recording = await playReal(steps, shell, ({ host, script, args, exitCode, stdout }, step, stderr) => {
    const shown = script === "probe" ? "" : stdout.trim();
    process.stdout.write(`${host} ${script} ${args.slice(0, 4).join(" ")} ${exitCode} ${shown}\n${stderr}`);
    if (step.kind === "Run" && step.fixture !== undefined) probes.set(step.fixture, stdout);
  });
  await writeFile(new URL(`contract/${name}.json`, fixtures), `${JSON.stringify(recording, undefined, 2)}\n`);
  if (!withProbes) return;
  for (const [fixture, text] of probes) await writeFile(new URL(`probe/${fixture}.txt`, fixtures), text);
}

async function recordContainer(init: string): Promise<void> {
  const image = process.env.XENSAN_CONTRACT_IMAGE ?? imageName("host");
  const docker = (...args: string[]) => execFileSync("docker", args, { encoding: "utf8" }).trim();
  const added = ["SYS_ADMIN", "NET_ADMIN", "NET_RAW", "MKNOD", "SYS_PTRACE"];
  const capabilities = added.flatMap((name) => ["--cap-add", name]);
  const security = ["--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"];
  const memory = ["--tmpfs", "/run", "--tmpfs", "/run/lock", "--cgroupns", "private"];
  const container = docker("run", "-d", "--rm", ...capabilities, ...security, ...memory, image);
  try {
    await setTimeout(8000);
    await record(init, serverLife, async (_host, { text }, args) => {
      const command = ["exec", "-i", container, "sh", "-s", "--", ...args];
      const { status, stdout, stderr } = spawnSync("docker", command, { input: text, encoding: "utf8" });
      return { exitCode: status ?? -1, stdout, stderr };
    });
  } finally {
    docker("kill", container);
  }
}

async function recordLab(name: string, life: readonly Step[], underXen: boolean): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), "xensan-lab-"));
  const rackFile = underXen ? rackFiles.Xen : rackFiles.Plain;
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const options = {
    directory,
    rackFile,
    file: loadRack(rackFile),
    install: false,
    leashed: true,
    say,
    signal: stopOnSignals(),
  };
  const rack = await bringUp(options);
  try {
    await record(name, life, (host, script, args) => rack.run(host, script, args, 900), underXen);
  } finally {
    await rack.down();
    await rm(directory, { recursive: true, force: true });
  }
}

const [name = "", where] = process.argv.slice(2);
if (name === "lab") await recordLab(name, rackLife, where === "xen");
else if (name === "ocfs2") await recordLab(name, ocfs2Life, false);
else if (name === "xen") await recordLab(name, xenLife, true);
else if (name === "table") process.stdout.write(contractText());
else if (name === "systemd" || name === "sysvinit") await recordContainer(name);
else {
  process.stderr.write(`record.ts ${name}: it must be systemd, sysvinit, lab, ocfs2, xen or table\n`);
  process.exitCode = 2;
}
