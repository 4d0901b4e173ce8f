import { list, readText, remove, resolve } from "../model/storage.ts";
import type { Responder, ScriptRun } from "../script.ts";
import { acting, refuse, replaceFile } from "./answer.ts";

/** Where a machine records which objects have claimed it: `CLUSTER NAMESPACE/NAME`, in a file named after the kind. */
export const claimsDirectory = "/var/lib/xensan/claims";

/** Splits the words of addressee.sh from a script's own arguments. */
export function splitAddressee(args: readonly string[]): { readonly words: readonly string[]; readonly own: string[] } {
  const own = args.findIndex((word) => !/^(machine|takes|claim)=/.test(word));
  const at = own === -1 ? args.length : own;
  return { words: args.slice(0, at), own: args.slice(at) };
}

/** Runs the responder after a check that this is the intended machine and that no other object has claimed it. */
export const addressedResponder = (words: readonly string[], responder: Responder): Responder =>
  words.length === 0
    ? responder
    : acting(function* addressed(run) {
        requireAddressee(run, words);
        return yield* responder(run);
      });

function requireAddressee(run: ScriptRun, words: readonly string[]): void {
  const { host } = run;
  let takes = "-";
  for (const word of words) {
    const value = word.slice(word.indexOf("=") + 1);
    if (word.startsWith("machine=") && value !== host.machineId)
      refuse(run, "MachineChanged", `the machine-id is ${host.machineId}, but ${value} was recorded`);
    if (word.startsWith("takes=")) takes = value;
    if (word.startsWith("claim=")) requireClaim(run, value, takes);
  }
}

function requireClaim(run: ScriptRun, claim: string, takes: string): void {
  const { world, host } = run;
  const [kind = "", cluster = "", object = ""] = claim.split(" ");
  for (const name of list(host, claimsDirectory)) {
    const file = `${claimsDirectory}/${name}`;
    const held = (readText(host, file) ?? "").trim();
    if (held === takes) {
      remove(world, host, file);
      continue;
    }
    const [holdingCluster = "", holder = ""] = held.split(" ");
    if (name === kind ? held === `${cluster} ${object}` : holdingCluster === cluster) continue;
    const who = `${name} ${holder} of the management cluster ${holdingCluster}`;
    refuse(run, "ClaimedElsewhere", `${file} says that ${who} has this machine`);
  }
  if (readText(host, `${claimsDirectory}/${kind}`) !== undefined) return;
  if (resolve(host, "/var/lib").mount.fileSystem.readOnly)
    refuse(run, "ReadOnlyFileSystem", `${claimsDirectory} is on a read-only file system`);
  replaceFile(run, `${claimsDirectory}/${kind}`, `${cluster} ${object}\n`);
}
