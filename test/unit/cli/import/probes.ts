import { parseAddress } from "../../../../src/cli/import/address.ts";
import type { Looked } from "../../../../src/cli/import/look.ts";
import type { HostFile } from "../../../../src/host/configuration-files.ts";
import { parseProbe } from "../../../../src/host/parse-probe.ts";

/** A host that was probed at an address, from its probe's rows: a blank between fields, ~ for a blank in one. */
export function looked(address: string, probe: string, files: readonly HostFile[] = []): Looked {
  const lines = probe
    .split("\n")
    .map((line) => line.trimStart())
    .filter((line) => line !== "");
  const rows = lines.map((line) => line.replaceAll(" ", "\t").replaceAll("~", " "));
  const ended = rows.filter((row) => row.startsWith("end\t")).map((row) => row.split("\t")[1]);
  const sections = new Set([...rows.map((row) => row.split("\t")[0]).filter((section) => section !== "end"), ...empty]);
  const ends = [...sections].filter((one) => !ended.includes(one)).map((section) => `end\t${section}\tknown\t0\t`);
  const facts = parseProbe(["probe\t1", ...rows, ...ends, "end\tprobe", ""].join("\n"));
  return { address: parseAddress("host", address), hostKeys: ["ssh-ed25519 AAAA"], facts, files, gaps: [] };
}

/** Sections that may have no rows. */
const empty = ["exports", "backings", "lvm", "aoe-devices", "filesystems", "domains", "relocation"];

/** Rows that identify a host. */
export const self = (hostname: string): string => `
  identity hostname ${hostname}
  identity machine-id 0123456789abcdef0123456789abcdef
  identity boot-id b3d57a51-0a4c-4c0f-9f0e-1a2b3c4d5e6f
  system os Debian~GNU/Linux~12
  system os-id debian
  system kernel 6.1.0
  system init systemd
  system package-manager apt
  mounts 254:1 / / ext4 /dev/vda1 rw
`;
