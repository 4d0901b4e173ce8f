import type { Host } from "../model/state.ts";
import { readText, remove } from "../model/storage.ts";
import { toolstackOf } from "../model/xen-state.ts";
import { withXendSettings, xendConfiguration, xendPassword } from "../model/xend.ts";
import type { Responder } from "../script.ts";
import { acting, finish, refuse, replaceFile, takeLock } from "./answer.ts";
import { requireToolstack, toolstackTrouble } from "./domain-rows.ts";
import { atWork } from "./xen-processes.ts";

/** The files of Debian and of Red Hat's descendants. */
const xendomainsFiles = ["/etc/default/xendomains", "/etc/sysconfig/xendomains"];
const automatic = ["XENDOMAINS_SAVE", "XENDOMAINS_RESTORE", "XENDOMAINS_AUTO"] as const;
const assignment = /^[ \t]*(?:export[ \t]+)?(XENDOMAINS_(?:SAVE|RESTORE|AUTO))=(.*)$/gm;

/** The value that a shell assigns. */
function assigned(text: string): string {
  const quoted = /^(["'])(.*?)\1/.exec(text);
  return quoted?.[2] ?? text.replace(/\s.*$/, "");
}

/** xendomains_values: for XENDOMAINS_RESTORE, `false` counts as blank. */
function xendomainsValues(text: string): readonly string[] {
  const values = new Map([...text.matchAll(assignment)].map(([, key = "", value = ""]) => [key, assigned(value)]));
  if (values.get("XENDOMAINS_RESTORE") === "false") values.delete("XENDOMAINS_RESTORE");
  return automatic.map((key) => values.get(key) ?? "");
}

/** What sh reads from the first of these files; undefined where none exists. */
export function automaticDomains(host: Host): readonly string[] | undefined {
  const text = xendomainsFiles.map((path) => readText(host, path)).find((one) => one !== undefined);
  return text === undefined ? undefined : xendomainsValues(text);
}

/** prepare-toolstack.sh */
export const prepareToolstack: Responder = acting(function* prepareToolstack(run) {
  const { world, host } = run;
  yield world.timings.process;
  requireToolstack(run);
  yield* takeLock(run, "toolstack", 30);
  let changed = false;
  for (const path of xendomainsFiles) {
    const text = readText(host, path);
    if (text === undefined || xendomainsValues(text).every((value) => value === "")) continue;
    replaceFile(
      run,
      path,
      text.replace(assignment, (_line, key: string) => `${key}=""`),
    );
    changed = true;
    yield world.timings.process;
  }
  const trouble = toolstackTrouble(host);
  if (trouble !== undefined) {
    if (!host.hypervisor.running) {
      refuse(run, "NotDom0", `this host does not run as a dom0: ${trouble.split("\n").at(-1)}`);
    }
    host.running.xen.services.set("xencommons", "active");
    changed = true;
    yield world.timings.process * 20;
  }
  return finish(run, changed ? "prepared" : "unchanged");
});

const revisionOf = "vncpasswd-revision=";

/** Mark of configure-xend: its new settings wait for a restart. */
const restartMark = "/var/lib/xensan/xend-restart";
const builders = ["create", "restore", "save", "migrate", "xc_save", "xc_restore", "start", "suspend"];
const noXend = "Error: Unable to connect to xend: Connection refused. Is xend running?";

/** configure-xend.sh: KEY=VALUE… */
export const configureXend: Responder = acting(function* configureXend(run) {
  const { world, host, args } = run;
  yield world.timings.process;
  if (toolstackOf(host) !== "xm") refuse(run, "ToolMissing", "xm is not installed: this host has no xend");
  const before = readText(host, xendConfiguration);
  if (before === undefined) return refuse(run, "ToolMissing", `there is no ${xendConfiguration}`);
  yield* takeLock(run, "toolstack", 30);
  const revision = args.find((arg) => arg.startsWith(revisionOf))?.slice(revisionOf.length);
  const settings = new Map(
    args
      .filter((arg) => !arg.startsWith(revisionOf) && arg.includes("="))
      .map((arg) => [arg.slice(0, arg.indexOf("=")), arg.slice(arg.indexOf("=") + 1)] as const),
  );
  const remember = () => {
    if (revision !== undefined) replaceFile(run, xendPassword, `${revision}\n`);
  };
  const after = withXendSettings(before, settings);
  if (after === before && readText(host, restartMark) === undefined) {
    remember();
    return finish(run, "unchanged");
  }
  if (readText(host, restartMark) === undefined) replaceFile(run, restartMark, "");
  yield world.timings.process;
  if (after !== before) replaceFile(run, xendConfiguration, after);
  const builder = atWork(run, builders);
  if (builder !== undefined) {
    refuse(run, "DomainMigrating", `xend must be restarted for its new settings, but ${builder} is running`);
  }
  yield world.timings.process * 200;
  if (!host.hypervisor.running) refuse(run, "NotDom0", `xend does not answer: ${noXend}`);
  remove(world, host, restartMark);
  remember();
  return finish(run, "configured");
});
