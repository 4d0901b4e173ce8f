import { createHash } from "node:crypto";
import { getsThrough, hostAt } from "./migration-state.ts";
import type { Host, World } from "./state.ts";
import { readText } from "./storage.ts";
import { toolstackOf } from "./xen-state.ts";

/** Where prepare-relocation keeps its files for migrations. */
export const relocationFiles = {
  key: "/var/lib/xensan/ssh/id_ed25519",
  publicKey: "/var/lib/xensan/ssh/id_ed25519.pub",
  known: "/var/lib/xensan/ssh/known_hosts",
  configuration: "/var/lib/xensan/ssh/config",
  receiver: "/usr/local/lib/xensan/receive-domain",
  authorized: "/root/.ssh/authorized_keys",
} as const;

/** A public key line of the right form that depends only on the text. */
export function madeUpKey(text: string): string {
  const blob = createHash("sha256").update(text).digest();
  const field = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return `ssh-ed25519 ${Buffer.concat([field(Buffer.from("ssh-ed25519")), field(blob)]).toString("base64")}`;
}

/** Host key of the host's own sshd. */
export const hostKeyOf = (host: Host) => madeUpKey(`sshd ${host.machineId}`);

const begin = "# xensan: peers that may migrate domains to this host";
const end = "# xensan: end of peers";

/** A peer in authorized_keys, with its address and key. */
export interface Peer {
  readonly name: string;
  readonly address: string;
  readonly publicKey: string;
}

/** The peers in the managed block, as sshd reads it. */
export function peersOf(host: Host): Peer[] {
  const text = readText(host, relocationFiles.authorized) ?? "";
  const block = text.split(`${begin}\n`)[1]?.split(end)[0] ?? "";
  return block
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const match = /^restrict,from="([0-9.]+)",command="[^"]*" (\S+ \S+) xensan:(.*)$/.exec(line);
      // Someone edited this line of the block.
      if (match === null) return { name: "unknown", address: "0.0.0.0", publicKey: "-" };
      return { address: match[1] ?? "", publicKey: match[2] ?? "", name: match[3] ?? "" };
    });
}

const entryOf = ({ name, address, publicKey }: Peer) =>
  `restrict,from="${address}",command="${relocationFiles.receiver}" ${publicKey} xensan:${name}\n`;

const runsReceiver = (line: string) => line.includes(`command="${relocationFiles.receiver}"`);

const linesOf = (text: string) => text.split("\n").filter((line, index, all) => line !== "" || index < all.length - 1);

/** Whether the managed block, and all keys elsewhere that may run the receiver, are exactly these peers. */
export function holdsPeers(text: string, peers: readonly Peer[]): boolean {
  let inside = false;
  const found: string[] = [];
  let balance = 0;
  for (const line of linesOf(text)) {
    if (line === begin) balance += 1;
    if (line === end) balance -= 1;
    if (line === begin) inside = true;
    else {
      if (line === end) inside = false;
      if (inside || runsReceiver(line)) found.push(`${line}\n`);
    }
  }
  return balance === 0 && found.join("") === peers.map(entryOf).join("");
}

/** The whole file with another managed block, and no other key that may run the receiver. */
export function withPeers(text: string, peers: readonly Peer[]): string {
  const others = linesOf(text).filter((line) => line !== begin && line !== end && !runsReceiver(line));
  const rest = others.map((line) => `${line}\n`).join("");
  return peers.length === 0 ? rest : `${rest}${begin}\n${peers.map(entryOf).join("")}${end}\n`;
}

/** Address and key of each line of known_hosts. */
export function knownHostsOf(host: Host): { readonly address: string; readonly publicKey: string }[] {
  const text = readText(host, relocationFiles.known) ?? "";
  return [...text.matchAll(/^(\S+) (\S+ \S+)$/gm)].map(([, address = "", publicKey = ""]) => ({ address, publicKey }));
}

/** The public key with its comment; empty where half of the pair is missing. */
export function publicKeyOf(host: Host): string {
  if (readText(host, relocationFiles.key) === undefined) return "";
  return (readText(host, relocationFiles.publicKey) ?? "").trim();
}

/** Why a peer cannot be used, and the time until ssh reports it, in milliseconds. */
export interface PeerRefusal {
  readonly kind: "Unreachable" | "Refused";
  /** The message of ssh. */
  readonly message: string;
  readonly afterMs: number;
}

/** Why `ssh -i KEY root@ADDRESS` from this host does not get to the receiver there; undefined when it does. */
export function refusalOfPeer(world: World, host: Host, address: string): PeerRefusal | undefined {
  const unreachable = (message: string, afterMs: number): PeerRefusal => ({ kind: "Unreachable", message, afterMs });
  const refused = (message: string): PeerRefusal => ({ kind: "Refused", message, afterMs: 500 });
  const target = hostAt(world, host, address);
  if (target === undefined) return unreachable(`ssh: connect to host ${address} port 22: No route to host`, 3000);
  if (target.power === "Booting") {
    return unreachable(`ssh: connect to host ${address} port 22: Connection refused`, 500);
  }
  if (!getsThrough(world, host, target, address)) {
    return unreachable(`ssh: connect to host ${address} port 22: Connection timed out`, 10_000);
  }
  const known = knownHostsOf(host).some((one) => one.address === address && one.publicKey === hostKeyOf(target));
  if (!known)
    return refused(
      `No ED25519 host key is known for ${address} and you have requested strict checking. Host key verification failed.`,
    );
  const key = publicKeyOf(host).split(" ").slice(0, 2).join(" ");
  const from = sourceAddresses(host);
  const accepted = peersOf(target).some((peer) => peer.publicKey === key && from.includes(peer.address));
  if (key === "" || !accepted) return refused(`root@${address}: Permission denied (publickey,password).`);
  if (readText(target, relocationFiles.receiver) === undefined) {
    return refused(`sh: 1: ${relocationFiles.receiver}: not found`);
  }
  if (toolstackOf(target) !== "xl") return refused("no xl on this host");
  return undefined;
}

const sourceAddresses = (host: Host) =>
  [...host.interfaces.values()].map((nic) => nic.address.split("/")[0] ?? "").filter((address) => address !== "");
