/**
 * Records what a real machine answers to the scenario: `node test/unit/sim/contract/record.ts IMAGE systemd|sysvinit`,
 * with an image of test/containers. Writes test/fixtures/contract/<init>.json.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import type { Recording } from "./recording.ts";
import { serverLife } from "./scenario.ts";

const [image = "xensan-test-host", init = "systemd"] = process.argv.slice(2);
const docker = (...args: string[]) => execFileSync("docker", args, { encoding: "utf8" }).trim();
const capabilities = ["SYS_ADMIN", "NET_ADMIN", "NET_RAW", "MKNOD", "SYS_PTRACE"].flatMap((name) => [
  "--cap-add",
  name,
]);
const security = ["--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"];
const memory = ["--tmpfs", "/run", "--tmpfs", "/run/lock", "--cgroupns", "private"];
const container = docker("run", "-d", "--rm", ...capabilities, ...security, ...memory, image);
const shell = (text: string, args: readonly string[] = []) =>
  spawnSync("docker", ["exec", "-i", container, "sh", "-s", "--", ...args], { input: text, encoding: "utf8" });

try {
  await setTimeout(8000);
  const recording: Recording = [];
  for (const step of serverLife) {
    if (step.kind === "Wait") await setTimeout(step.seconds * 1000);
    else if (step.kind === "Admin") shell(step.shell);
    else {
      const { script, args } = step.command;
      const { status, stdout, stderr } = shell(script.text, args);
      process.stdout.write(`${script.name} ${status} ${script.name === "probe" ? "" : stdout.trim()}\n${stderr}`);
      recording.push({ script: script.name, args: [...args], exitCode: status ?? -1, stdout });
    }
  }
  const file = new URL(`../../../fixtures/contract/${init}.json`, import.meta.url);
  writeFileSync(file, `${JSON.stringify(recording, undefined, 2)}\n`);
} finally {
  docker("kill", container);
}
