import { createHash } from "node:crypto";
import type { Host } from "../model/host.ts";
import { readText, remove } from "../model/storage.ts";
import { toolstackOf } from "../model/xen-state.ts";
import type { Responder } from "../process.ts";
import { acting, finish, refuse, replaceFile, takeLock } from "./answer.ts";
import { domainText, findDomain } from "./domain-rows.ts";

export const configurationDirectory = "/var/lib/xensan/domains";
export const configurationPath = (uuid: string) => `${configurationDirectory}/${uuid}.cfg`;
const ownerPath = (uuid: string) => `${configurationPath(uuid)}.owner`;

export const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");

export const configurationOwner = (host: Host, uuid: string) => (readText(host, ownerPath(uuid)) ?? "").trim();

/** write-domain-configuration.sh: OWNER UUID TEXT */
export const writeDomainConfiguration: Responder = acting(function* writeDomainConfiguration(run) {
  const { world, host, args } = run;
  const [owner = "", uuid = "", encoded = ""] = args;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  yield world.timings.process;
  yield* takeLock(run, `domain-${uuid}`, 30);
  const same = readText(host, configurationPath(uuid)) === text;
  if (same && configurationOwner(host, uuid) === owner) return finish(run, "unchanged");
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
  if (found !== owner)
    refuse(run, "NotOurs", `${configurationPath(uuid)} was written for ${found || "nobody that is known"}`);
  const domain = toolstackOf(host) === "none" ? undefined : findDomain(run, uuid).domain;
  if (domain !== undefined) refuse(run, "DomainRunning", domainText(run, domain));
  remove(world, host, configurationPath(uuid));
  yield world.timings.process;
  remove(world, host, ownerPath(uuid));
  return finish(run, "removed");
});
