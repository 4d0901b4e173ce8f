import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { freemem, totalmem } from "node:os";
import path from "node:path";
import { UnavailableError } from "./places.ts";
import { runCommand } from "./run-command.ts";

/** Programs, with Debian's package for each. */
const programs: readonly (readonly [program: string, debianPackage: string])[] = [
  ["qemu-system-x86_64", "qemu-system-x86"],
  ["qemu-img", "qemu-utils"],
  ["mmdebstrap", "mmdebstrap"],
  ["mkfs.ext4", "e2fsprogs"],
  ["ip", "iproute2"],
  ["tc", "iproute2"],
  ["ssh", "openssh-client"],
];

const searchPath = [...(process.env.PATH ?? "").split(path.delimiter), "/usr/sbin", "/sbin"];

async function found(program: string): Promise<boolean> {
  for (const directory of searchPath) {
    try {
      await access(path.join(directory, program), constants.X_OK);
      return true;
    } catch {
      // It may be in the next directory.
    }
  }
  return false;
}

/** What this machine lacks. Packages can be installed; the rest is left to its owner. */
export interface Lack {
  readonly packages: readonly string[];
  readonly others: readonly string[];
}

export async function whatLacks(): Promise<Lack> {
  const missing = new Set<string>();
  for (const [program, debianPackage] of programs) if (!(await found(program))) missing.add(debianPackage);
  const others: string[] = [];
  if (process.getuid?.() !== 0) others.push("root: it makes disk images, a network namespace and taps");
  try {
    await access("/dev/net/tun", constants.R_OK | constants.W_OK);
  } catch {
    others.push("/dev/net/tun, readable and writable (modprobe tun, or give the container that device)");
  }
  return { packages: [...missing], others };
}

/** Rejects with everything that is missing at once; installs packages only when allowed to. */
export async function ensureNeeds(options: {
  readonly install: boolean;
  readonly signal?: AbortSignal;
}): Promise<void> {
  let lack = await whatLacks();
  const why: string[] = [];
  if (lack.others.length === 0 && lack.packages.length > 0 && options.install) {
    const signal = options.signal === undefined ? {} : { signal: options.signal };
    try {
      await runCommand("apt-get", ["-q", "update"], signal);
      await runCommand("apt-get", ["-q", "-y", "--no-install-recommends", "install", ...lack.packages], signal);
    } catch (error) {
      options.signal?.throwIfAborted();
      why.push(error instanceof Error ? error.message : String(error));
    }
    lack = await whatLacks();
  }
  const lines = [...lack.others, ...(lack.packages.length > 0 ? why : [])];
  if (lack.packages.length > 0) {
    lines.push(`Debian packages: apt-get install ${lack.packages.join(" ")}   (or say --install)`);
  }
  if (lines.length > 0) throw new UnavailableError(`the lab needs:\n  ${lines.join("\n  ")}`);
}

/** Rejects when the machines would not fit into this machine's memory. */
export function ensureMemory(bytes: number): void {
  const mib = (value: number) => `${Math.round(value / 2 ** 20)} MiB`;
  if (freemem() < bytes) {
    throw new UnavailableError(
      `the rack needs ${mib(bytes)} of memory; this machine has ${mib(totalmem())}, ${mib(freemem())} free`,
    );
  }
}
