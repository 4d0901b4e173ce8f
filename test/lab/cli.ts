#!/usr/bin/env node
import { spawn } from "node:child_process";
import { rm, stat } from "node:fs/promises";
import { parseArgs } from "node:util";
import { loadRack } from "../../src/sim/rack-file.ts";
import { bringUp, findRack } from "./common-rack.ts";
import { attachConsole } from "./console.ts";
import { cleanCache, commonRackDirectory, imageCache, LabError, rackFiles, UnavailableError } from "./places.ts";
import type { Rack } from "./rack.ts";
import { readState } from "./state.ts";
import { stopOnSignals } from "./stop-on-signals.ts";

/** `npm run lab`: a rack of virtual machines on this machine. */

const usage = `npm run lab -- COMMAND

  up [--rack FILE] [--install]   start the rack from its clean state; makes images and state when they are missing
                                 FILE: a rack file, default src/sim/racks/tutorial.yaml; --install: apt-get what is missing
  down                           end it
  clear                          end it and remove all cached images and states
  status                         what runs, where it is reached
  ssh HOST [COMMAND…]            a shell, or one command
  console HOST                   the serial console; leave with Ctrl-]
  reset                          the clean state again
  power HOST off|on|cycle        off: QEMU is killed; on: boots from its disks
  cut HOST [INTERFACE]           pulls a cable (the first one that is not the management one); mend plugs it in again
  mend HOST [INTERFACE]
  slow HOST [--rate 8mbit] [--delay MS]   a slow cable; without options as fast as before

XENSAN_LAB_DIR: where the rack lives, default in the cache directory. It needs root, QEMU and about 5 GiB of memory.
`;

const { values, positionals } = parseArgs({
  args: readArguments(),
  allowPositionals: true,
  options: {
    rack: { type: "string" },
    install: { type: "boolean", default: false },
    rate: { type: "string" },
    delay: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});

/** Arguments after `ssh HOST` are passed on unparsed. */
function readArguments(): string[] {
  const given = process.argv.slice(2);
  return given[0] === "ssh" ? [...given.slice(0, 2), "--", ...given.slice(2)] : given;
}

const signal = stopOnSignals();
const say = (text: string) => process.stdout.write(`${text}\n`);

async function status(rack: Rack): Promise<void> {
  say(`in ${rack.directory}; the key is ${rack.privateKeyFile}`);
  for (const { name, kind } of rack.plan.hosts) {
    const power = rack.runs(name) ? `on, ${(rack.resident(name) / 2 ** 20).toFixed(0)} MiB` : "off";
    say(`${name.padEnd(10)} ${kind.padEnd(7)} root@127.0.0.1 port ${rack.sshPort(name)}  ${power}`);
  }
}

async function ssh(rack: Rack, host: string, command: readonly string[]): Promise<number> {
  const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"];
  const flags = options.flatMap((option) => ["-o", option]);
  const target = ["-F", "/dev/null", "-i", rack.privateKeyFile, "-p", String(rack.sshPort(host)), "root@127.0.0.1"];
  const child = spawn("ssh", [...flags, ...target, ...command], { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}

async function power(rack: Rack, host: string, what: string | undefined): Promise<void> {
  if (what === "off" || what === "cycle") await rack.powerOff(host);
  else if (what !== "on") throw new LabError(`power ${host} ${what ?? ""}: it must be off, on or cycle`);
  if (what === "off") return;
  await rack.powerOn(host);
  say("it boots");
  await rack.answers(host, 600);
}

async function run(): Promise<number> {
  const [command = "", host = "", ...rest] = positionals;
  if (values.help || command === "") {
    say(usage);
    return values.help ? 0 : 2;
  }
  const directory = commonRackDirectory();
  if (command === "up") {
    const rackFile = values.rack ?? rackFiles.Xen;
    await stat(rackFile);
    const { install } = values;
    const started = performance.now();
    const options = { directory, rackFile, file: loadRack(rackFile), install, leashed: false, say };
    const rack = await bringUp({ ...options, signal });
    await status(rack);
    say(`up after ${((performance.now() - started) / 1000).toFixed(1)} s`);
    await rack.close();
    return 0;
  }
  if (command === "clear") {
    if (readState(directory) !== undefined) await findRack(directory).down();
    await Promise.all([imageCache, cleanCache].map((cache) => rm(cache, { recursive: true, force: true })));
    return 0;
  }
  const known = ["down", "status", "ssh", "console", "reset", "power", "cut", "mend", "slow"];
  if (!known.includes(command))
    throw new LabError(`unknown command ${command}; there are up, clear, ${known.join(", ")}`);
  const rack = findRack(directory, signal);
  const without = () => {
    if (host === "")
      throw new LabError(`${command} needs a host: ${rack.plan.hosts.map(({ name }) => name).join(", ")}`);
  };
  if (!["down", "status", "reset"].includes(command)) without();
  try {
    switch (command) {
      case "down":
        await rack.down();
        return 0;
      case "status":
        await status(rack);
        return 0;
      case "reset":
        await rack.reset();
        return 0;
      case "ssh":
        return await ssh(rack, host, rest);
      case "console":
        await attachConsole(rack.files(host).console);
        return 0;
      case "power":
        await power(rack, host, rest[0]);
        return 0;
      case "cut":
        await rack.cutCable(host, rest[0]);
        return 0;
      case "mend":
        await rack.mendCable(host, rest[0]);
        return 0;
      default: {
        const delayMs = values.delay === undefined ? {} : { delayMs: Number(values.delay) };
        await rack.slowCable(
          host,
          { ...delayMs, ...(values.rate === undefined ? {} : { rate: values.rate }) },
          rest[0],
        );
        return 0;
      }
    }
  } finally {
    await rack.close();
  }
}

try {
  process.exitCode = await run();
} catch (error) {
  if (!(error instanceof LabError) && !(error instanceof Error && error.name === "RackFileError")) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error instanceof UnavailableError ? error.exitCode : 1;
}
