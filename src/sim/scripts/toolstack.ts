import type { Host } from "../model/host.ts";
import { readText } from "../model/storage.ts";
import { toolstackOf } from "../model/xen-state.ts";
import { xendConfiguration, xendPassword, xendValues } from "../model/xend.ts";
import type { Responder, ScriptRun } from "../process.ts";
import { acting, finish, refuse, replaceFile, takeLock } from "./answer.ts";

const xendomains = "/etc/default/xendomains";
const automatic = ["XENDOMAINS_SAVE", "XENDOMAINS_RESTORE", "XENDOMAINS_AUTO"] as const;

/** A toolstack under its hypervisor, or a refusal. */
export function requireDom0(run: ScriptRun): void {
  if (toolstackOf(run.host) === "none") refuse(run, "ToolMissing", "neither xl nor xm is installed");
  if (!run.host.hypervisor.running) refuse(run, "NotDom0", "this host does not run under Xen");
}

/** What sh reads from /etc/default/xendomains; undefined where there is no such file. */
export function automaticDomains(host: Host): readonly string[] | undefined {
  const text = readText(host, xendomains);
  if (text === undefined) return undefined;
  return automatic.map((key) => {
    const value = [...text.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].at(-1)?.[1] ?? "";
    return value.replace(/^(["'])(.*)\1$/, "$2");
  });
}

/** prepare-toolstack.sh */
export const prepareToolstack: Responder = acting(function* prepareToolstack(run) {
  const { world, host } = run;
  yield world.timings.process;
  requireDom0(run);
  yield* takeLock(run, "toolstack", 30);
  let changed = false;
  if (automaticDomains(host)?.some((value) => value !== "")) {
    let text = readText(host, xendomains) ?? "";
    for (const key of automatic) text = text.replace(new RegExp(`^${key}=.*$`, "gm"), `${key}=""`);
    replaceFile(run, xendomains, text);
    changed = true;
    yield world.timings.process;
  }
  if (host.running.xen.services.get("xencommons") !== "active") {
    host.running.xen.services.set("xencommons", "active");
    changed = true;
    yield world.timings.process * 20;
  }
  return finish(run, changed ? "prepared" : "unchanged");
});

const revisionOf = "vncpasswd-revision=";

/** configure-xend.sh: KEY=VALUE… */
export const configureXend: Responder = acting(function* configureXend(run) {
  const { world, host, args } = run;
  yield world.timings.process;
  if (toolstackOf(host) !== "xm") refuse(run, "ToolMissing", "xm is not installed");
  if (!host.hypervisor.running) refuse(run, "NotDom0", "this host does not run under Xen");
  yield* takeLock(run, "toolstack", 30);
  const known = xendValues(host);
  let text = readText(host, xendConfiguration) ?? "";
  let changed = false;
  const revision = args.find((arg) => arg.startsWith(revisionOf))?.slice(revisionOf.length);
  for (const arg of args) {
    if (arg.startsWith(revisionOf)) continue;
    const key = arg.slice(0, arg.indexOf("="));
    const value = arg.slice(key.length + 1);
    if (known.get(key) === value) continue;
    changed = true;
    const line = `(${key} ${value})`;
    text = known.has(key)
      ? text.replace(new RegExp(`^\\(${key} .*\\)\\s*$`, "m"), () => `${line}`)
      : `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${line}\n`;
  }
  const remember = () => {
    if (revision !== undefined) replaceFile(run, xendPassword, `${revision}\n`);
  };
  if (!changed) {
    remember();
    return finish(run, "unchanged");
  }
  if (host.running.xen.processes.size > 0) refuse(run, "DomainMigrating", "xend is at work on a domain");
  replaceFile(run, xendConfiguration, text);
  yield world.timings.process * 200;
  remember();
  return finish(run, "configured");
});
