import { createHash } from "node:crypto";
import type { Host } from "../model/state.ts";
import { readText, remove } from "../model/storage.ts";
import { toolstackOf } from "../model/xen-state.ts";
import type { Responder, ScriptRun } from "../script.ts";
import { acting, finish, refuse, replaceFile, takeLock } from "./answer.ts";
import { domainText, findDomain } from "./domain-rows.ts";

/** Where write-domain-configuration.sh stores the configurations from which domains start. */
export const configurationDirectory = "/var/lib/xensan/domains";
/** The stored configuration of a domain UUID. */
export const configurationPath = (uuid: string) => `${configurationDirectory}/${uuid}.cfg`;
const ownerPath = (uuid: string) => `${configurationPath(uuid)}.owner`;

/** SHA-256 in hexadecimal digits, as sha256sum prints it. */
export const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");

/** The owner recorded beside a configuration; empty when there is none. */
export const configurationOwner = (host: Host, uuid: string) => (readText(host, ownerPath(uuid)) ?? "").trim();

/** domain-owner.sh: an object that was created anew has another uid. */
export const sameDeclarer = (one: string, other: string) => one.split(" ")[0] === other.split(" ")[0];

/** domain-owner.sh: refuses DomainTaken unless `owner` declared the domain here; - is for an undeclared domain. */
export function requireDeclarer(run: ScriptRun, owner: string, uuid: string): void {
  const declarer = configurationOwner(run.host, uuid);
  if (owner === "-") {
    if (declarer !== "") refuse(run, "DomainTaken", `the domain ${uuid} is declared by ${declarer}`);
    return;
  }
  if (declarer === "") {
    const why = "runs here but was not started by xensan: no XenDomain declares it on this host";
    refuse(run, "DomainTaken", `the domain ${uuid} ${why}`);
  }
  if (sameDeclarer(declarer, owner)) return;
  refuse(run, "DomainTaken", `the domain ${uuid} is declared by ${declarer}, not by ${owner}`);
}

/** write-domain-configuration.sh: OWNER UUID TEXT ADOPT */
export const writeDomainConfiguration: Responder = acting(function* writeDomainConfiguration(run) {
  const { world, host, args } = run;
  const [owner = "", uuid = "", encoded = "", adopt = "no"] = args;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  yield world.timings.process;
  yield* takeLock(run, `domain-${uuid}`, 30);
  const same = readText(host, configurationPath(uuid)) === text;
  const declarer = configurationOwner(host, uuid);
  if (same && declarer === owner) return finish(run, "unchanged");
  if (declarer !== "" && !sameDeclarer(declarer, owner)) {
    refuse(run, "DomainTaken", `${configurationPath(uuid)} was written for ${declarer}`);
  }
  if (declarer === "" && adopt !== "yes" && toolstackOf(host) !== "none" && host.hypervisor.running) {
    const { domain: there } = findDomain(run, uuid);
    if (there !== undefined) {
      refuse(run, "DomainTaken", `it is not declared on this host, but ${domainText(run, there)}`);
    }
  }
  replaceFile(run, ownerPath(uuid), `${owner}\n`);
  yield world.timings.process;
  replaceFile(run, configurationPath(uuid), text);
  yield world.timings.process;
  return finish(run, "written");
});

/** remove-domain-configuration.sh: OWNER UUID */
export const removeDomainConfiguration: Responder = acting(function* removeDomainConfiguration(run) {
  const { world, host, args } = run;
  const [owner = "", uuid = ""] = args;
  yield world.timings.process;
  yield* takeLock(run, `domain-${uuid}`, 30);
  if (readText(host, configurationPath(uuid)) === undefined) {
    remove(world, host, ownerPath(uuid));
    return finish(run, "absent");
  }
  const found = configurationOwner(host, uuid);
  if (!sameDeclarer(found, owner))
    refuse(run, "NotOurs", `${configurationPath(uuid)} was written for ${found || "an unknown owner"}`);
  const domain = toolstackOf(host) === "none" ? undefined : findDomain(run, uuid).domain;
  if (domain !== undefined) refuse(run, "DomainRunning", domainText(run, domain));
  remove(world, host, configurationPath(uuid));
  yield world.timings.process;
  remove(world, host, ownerPath(uuid));
  return finish(run, "removed");
});
