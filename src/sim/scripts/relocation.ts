import {
  holdsPeers,
  madeUpKey,
  type Peer,
  publicKeyOf,
  refusalOfPeer,
  relocationFiles,
  withPeers,
} from "../model/relocation.ts";
import { readText } from "../model/storage.ts";
import type { Responder } from "../script.ts";
import { acting, finish, refuse, replaceFile, takeLock } from "./answer.ts";
import { documentOf } from "./document.ts";

const receiver = documentOf("prepare-relocation", "<<'RECEIVER'");
const configuration = documentOf("prepare-relocation", "<<CONFIG")
  .replaceAll("$relocation_key", relocationFiles.key)
  .replaceAll("$relocation_dir", relocationFiles.key.slice(0, relocationFiles.key.lastIndexOf("/")));

const decoded = (text: string) => Buffer.from(text, "base64").toString("utf8");

/** prepare-relocation.sh: sender=NAME:ADDRESS:KEY… receiver=ADDRESS:HOSTKEY… */
export const prepareRelocation: Responder = acting(function* prepareRelocation(run) {
  const { world, host, args } = run;
  yield world.timings.process;
  yield* takeLock(run, "relocation", 30);
  const named = (key: string) =>
    args.filter((arg) => arg.startsWith(`${key}=`)).map((arg) => arg.slice(key.length + 1));
  let changed = false;
  if (publicKeyOf(host) === "") {
    const { key, publicKey } = relocationFiles;
    replaceFile(run, key, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    const made = madeUpKey(`migrations ${host.machineId} ${world.agenda.time}`);
    replaceFile(run, publicKey, `${made} xensan migration from ${host.running.hostname}\n`);
    changed = true;
    yield world.timings.process * 4;
  }
  const peers: Peer[] = named("sender").map((text) => {
    const [name = "", address = "", key = ""] = text.split(":");
    return { name, address, publicKey: decoded(key) };
  });
  const known = named("receiver").map((text) => {
    const [address = "", key = ""] = text.split(":");
    return `${address} ${decoded(key)}\n`;
  });
  const files = [
    [relocationFiles.receiver, receiver],
    [relocationFiles.configuration, configuration],
    [relocationFiles.known, known.join("")],
  ] as const;
  for (const [path, text] of files) {
    if (readText(host, path) === text) continue;
    replaceFile(run, path, text);
    changed = true;
    yield world.timings.process;
  }
  const before = readText(host, relocationFiles.authorized) ?? "";
  if (!holdsPeers(before, peers)) {
    replaceFile(run, relocationFiles.authorized, withPeers(before, peers));
    changed = true;
    yield world.timings.process;
  }
  return finish(run, changed ? "prepared" : "unchanged");
});

/** verify-relocation.sh: ADDRESS */
export const verifyRelocation: Responder = acting(function* verifyRelocation(run) {
  const { world, host, args } = run;
  const [address = ""] = args;
  yield world.timings.process;
  if ((readText(host, relocationFiles.configuration) ?? "") === "") {
    refuse(run, "PeerRefuses", "this host has no migration key yet");
  }
  const refusal = refusalOfPeer(world, host, address);
  yield refusal?.afterMs ?? 600;
  if (refusal?.kind === "Unreachable") refuse(run, "PeerUnreachable", `${address}: ${refusal.message}`);
  if (refusal?.kind === "Refused") refuse(run, "PeerRefuses", `${address}: ${refusal.message}`);
  return finish(run, "verified");
});
