import { exportRecord, exportsDirectory, isSameBacking, recordedIdentity } from "../model/guard.ts";
import { cardMoved, cardOf, recordedCard } from "../model/interface-card.ts";
import { toolPath } from "../model/packages.ts";
import { backingAt, list, readText, remove } from "../model/storage.ts";
import { bootLink, stopUnit } from "../model/systemd.ts";
import { endVblade } from "../model/vblade.ts";
import type { Responder, ScriptRun } from "../script.ts";
import { acting, finish, refuse, refuseWrite, replaceFile, takeLock } from "./answer.ts";
import {
  type AllowedBacking,
  requireBacking,
  requireNamed,
  requireUnclaimed,
  requireUnwritten,
  segmentOn,
} from "./bounds.ts";
import { sameDeclarer } from "./domain-configuration.ts";
import { type ExportRow, listExports, parseWords, startedElsewhere } from "./export-rows.ts";
import { replaceInittab } from "./inittab.ts";
import {
  confPath,
  ensureGuard,
  inittabWithout,
  isGuarded,
  keptPid,
  lastWords,
  newName,
  restart,
  start,
  type Wanted,
  writeConfiguration,
} from "./keepalive.ts";
import { requireSilent } from "./writes.ts";

interface Remembered {
  /** The identity that the caller has recorded; `-` for none. */
  readonly known: string;
  /** The identity that a user gave up; `-` for none. */
  readonly replaces: string;
}

type Config = ExportRow & { readonly same: boolean };

/** The configured and running exports of an address; refuses when another owner has the address or the backing. */
function survey(
  run: ScriptRun,
  wanted: Wanted & Remembered,
  backing: AllowedBacking,
  asked: string,
  interfaces: string,
) {
  const address = `e${wanted.shelf}.${wanted.slot} on ${wanted.net}`;
  let config: Config | undefined;
  const running: Config[] = [];
  for (const row of listExports(run.host)) {
    if (row.shelf === wanted.shelf && row.slot === wanted.slot && row.netif === wanted.net) {
      const same = row.identity === backing.identity && row.options === wanted.options;
      if (row.kind === "process") running.push({ ...row, same });
      else if (config !== undefined) {
        const both = `${config.kind} ${config.name} and ${row.kind} ${row.name}`;
        refuse(run, "AddressTaken", `${address} is configured twice: ${both}`);
      } else config = { ...row, same: same && (row.filename === wanted.configured || row.owner !== wanted.owner) };
      continue;
    }
    if (row.shelf === wanted.shelf && row.slot === wanted.slot) {
      const [segment, theirs] = [segmentOn(wanted.net, interfaces), segmentOn(row.netif, interfaces)];
      const other = `which may be on segment ${segment}, by ${row.kind} ${row.name} (owner ${row.owner})`;
      if (theirs === undefined || theirs === segment)
        refuse(run, "AddressTaken", `e${wanted.shelf}.${wanted.slot} is also served on ${row.netif}, ${other}`);
    }
    if (![backing.identity, ...backing.related].includes(row.identity)) continue;
    const holder = `${row.kind} ${row.name} serves as e${row.shelf}.${row.slot} on ${row.netif} (owner ${row.owner})`;
    refuse(run, "BackingExported", `${asked} overlaps with ${row.filename}, which ${holder}`);
  }
  if (running.length > 1) refuse(run, "AddressTaken", `${running.length} vblades serve ${address} at once`);
  const process = running[0];
  const mark = config?.owner ?? "-";
  if (mark !== wanted.owner && mark !== "-") refuse(run, "AddressTaken", `${address} belongs to ${mark}`);
  if (mark === "-" && config !== undefined && !config.same) {
    const other = `${config.kind} ${config.name}, with other parameters, not by xensan`;
    refuse(run, "AddressTaken", `${address} is configured as ${other}`);
  }
  if (config === undefined && process !== undefined && !process.same) {
    const other = `process ${process.name} with ${process.filename} and other parameters, not by xensan`;
    refuse(run, "AddressTaken", `${address} is served by ${other}`);
  }
  const starter = startedElsewhere(run.host, wanted.shelf, wanted.slot);
  if (starter !== undefined) {
    const remedy = "remove that line and leave the vblade running";
    refuse(run, "AddressTaken", `${starter} also starts a vblade for e${wanted.shelf}.${wanted.slot}: ${remedy}`);
  }
  const recorded = config === undefined ? "" : recordedIdentity(run.host, config.name);
  const recordedHere =
    config === undefined
      ? unconfiguredRecords(run, wanted.owner).map((name) => recordedIdentity(run.host, name))
      : [recorded];
  for (const one of [...recordedHere, wanted.known]) {
    if (["", "-", wanted.replaces].includes(one) || isSameBacking(one, backing.lasting)) continue;
    refuse(run, "BackingChanged", `${asked} is now ${backing.lasting}, but ${address} is recorded as serving ${one}`);
  }
  const card = config === undefined ? "" : recordedCard(run.host, exportRecord(config.name));
  const moved = cardMoved(run.host, wanted.net, card, exportsDirectory);
  if (moved !== undefined) {
    const why = `${wanted.net} is not the interface on which ${address} was recorded: ${moved}`;
    const wayOut = `Give the cards their names again (systemd.link), or, if the cables have moved with the names, remove the records ${exportsDirectory}/*`;
    refuse(run, "InterfaceChanged", `${why}. ${wayOut}`);
  }
  return { address, config, process, recorded, card };
}

/** unconfigured_records: the names of the owner's records, whatever its uid, whose export is no longer configured. */
function unconfiguredRecords({ host }: ScriptRun, owner: string): string[] {
  const configured = listExports(host).flatMap(({ kind, name }) => (kind === "process" ? [] : [name]));
  return list(host, exportsDirectory).filter((name) => {
    const [, , recordedOwner = ""] = (readText(host, exportRecord(name)) ?? "").split("\n");
    return sameDeclarer(recordedOwner, owner) && !configured.includes(name);
  });
}

/** forget_unconfigured: removes these records, but not that of `kept`. */
function forgetUnconfigured(run: ScriptRun, owner: string, kept = ""): void {
  for (const name of unconfiguredRecords(run, owner))
    if (name !== kept) remove(run.world, run.host, exportRecord(name));
}

/** ensure-export.sh: OWNER SHELF SLOT INTERFACE BACKING OPTIONS RESTART RECORDED REPLACES INTERFACES GLOB… */
export const ensureExport: Responder = acting(function* ensureExport(run) {
  const { world, host, args } = run;
  const [
    owner = "",
    shelf = "",
    slot = "",
    net = "",
    asked = "",
    options = "",
    mode = "",
    known = "-",
    replaces = "-",
    interfaces = "",
    ...globs
  ] = args;
  yield world.timings.process;
  if (/\D/.test(shelf + slot)) refuse(run, "InvalidArgument", `shelf ${shelf} and slot ${slot} must be numbers`);
  if (/[^A-Za-z0-9/._+:@=, -]/.test(asked + options + net)) {
    const why = "contains a character that is not allowed in configuration files";
    refuse(run, "InvalidArgument", `${asked} ${options} ${net} ${why}`);
  }
  if (asked.includes(" ")) refuse(run, "InvalidArgument", `${asked} contains a space`);
  if (toolPath(host, "vblade") === undefined) refuse(run, "ToolMissing", "the package vblade is not installed");
  if (segmentOn(net, interfaces) === undefined) {
    refuse(run, "InterfaceOutsideBounds", `${net} is not in the server's interfaces (${interfaces})`);
  }
  if (!host.interfaces.has(net)) {
    const all = [...host.interfaces.keys(), "lo"].sort().join(" ");
    refuse(run, "InterfaceMissing", `no interface ${net}; there are: ${all}`);
  }
  yield* takeLock(run, "storage", 40);
  const unit = "/lib/systemd/system/vblade@.service";
  if (host.init === "systemd" && readText(host, unit) === undefined) {
    refuse(run, "UnitMissing", "systemd has no vblade@.service: install Debian's vblade, 24-2 or later");
  }
  const backing = requireBacking(run, asked, globs);
  requireNamed(run, asked, backing, globs);
  const canonical = parseWords(options.split(" ")).options || "-";
  const { configured } = backing;
  const wanted = { owner, shelf, slot, net, options: canonical, configured, known, replaces };
  yield world.timings.process * 4;
  const { address, config, process, recorded, card } = survey(run, wanted, backing, asked, interfaces);
  // A client may have marked a backing that is already served.
  if (config === undefined && process === undefined) requireUnclaimed(run, asked, backing, globs);
  if (process === undefined) requireUnwritten(run, asked, backing);
  let running = process === undefined ? undefined : Number(process.name);
  const matching = process?.same ?? false;
  if (process !== undefined && !matching && mode === "forbidden") {
    const other = `serves ${address} with ${process.filename} or other options; restarting it is not allowed now`;
    refuse(run, "RestartForbidden", `process ${process.name} ${other}`);
  }

  // Init would start a second vblade beside one that it does not know.
  if (host.init === "sysvinit" && config === undefined && running !== undefined) {
    if (mode === "forbidden") {
      const why = `serves ${address}, and init does not start it; init can take it over only by a restart`;
      refuse(run, "RestartForbidden", `process ${running} ${why}`);
    }
    endVblade(world, host, running, "killed by ensure-export");
    running = undefined;
    yield world.timings.process;
  }

  let word = "unchanged";
  const name = config?.name ?? newName(run, wanted);
  ensureGuard(run);
  const nowCard = `${net} ${cardOf(host, net)}`;
  if (recorded !== backing.lasting || card !== nowCard) {
    replaceFile(run, exportRecord(name), `${backing.lasting}\n${configured}\n${owner}\n${nowCard}\n`);
    yield world.timings.process;
  }
  if (config === undefined) forgetUnconfigured(run, owner, name);
  const same = config?.same === true && (host.init === "systemd" || isGuarded(run, config.name));
  if (!same || config.owner !== owner) {
    writeConfiguration(run, wanted, name, same, config !== undefined);
    word = running !== undefined && config?.owner !== owner ? "adopted" : "repaired";
    yield world.timings.process;
  }
  if (host.init === "systemd" && readText(host, bootLink) === undefined) {
    replaceFile(run, bootLink, "vblade.service");
    yield world.timings.process * 20;
  }
  const kept = keptPid(run, name, running);
  yield world.timings.process;
  if (running === undefined) {
    start(run, name);
    word = "started";
  } else if (!matching || mode === "always" || (mode !== "forbidden" && kept !== running)) {
    if (kept !== running) endVblade(world, host, running, "killed by ensure-export");
    yield world.timings.process;
    restart(run, name, kept);
    word = "restarted";
  }
  yield world.timings.process;

  // keepalive_verify: it runs with these parameters, has this very backing, and stays up.
  for (let tries = 0; ; tries++) {
    const find = () =>
      listExports(host).findLast(
        (row) =>
          row.kind === "process" &&
          row.shelf === shelf &&
          row.slot === slot &&
          row.netif === net &&
          row.options === canonical,
      );
    const found = find();
    running = found === undefined ? undefined : Number(found.name);
    const serving = running === undefined ? undefined : host.running.processes.get(running);
    if (serving !== undefined && serving.identity !== backing.identity) {
      const ours = word === "started" || word === "restarted";
      if (ours && host.init === "systemd") stopUnit(world, host, name);
      else if (ours) {
        replaceInittab(run, inittabWithout(readText(host, "/etc/inittab") ?? "", name));
        endVblade(world, host, serving.pid, "killed by ensure-export");
      }
      const other = `vblade had opened ${serving.backing}`;
      refuse(run, "BackingChanged", `${asked} was replaced during the check: ${other}`);
    }
    if (serving !== undefined) {
      if (word !== "unchanged" && word !== "adopted") yield 300;
      if (host.running.processes.get(serving.pid) === serving) break;
    }
    const now = backingAt(host, configured).lasting;
    if (serving === undefined && !isSameBacking(backing.lasting, now)) {
      // The guard refused to let vblade open the backing.
      if (word === "started" || word === "restarted") {
        if (host.init === "systemd") stopUnit(world, host, name);
        else replaceInittab(run, inittabWithout(readText(host, "/etc/inittab") ?? "", name));
      }
      refuse(run, "BackingChanged", `${asked} was replaced during the check: it is ${now} now`);
    }
    const ended = host.init === "systemd" && host.running.units.get(name)?.subState === "auto-restart";
    if (ended || tries >= 29) refuse(run, "ExportFailed", `${address} does not stay up: ${lastWords(run, name)}`);
    yield 100;
  }
  return finish(run, `${word} pid ${running ?? ""}`);
});

/** remove-export.sh: OWNER SHELF SLOT INTERFACE */
export const removeExport: Responder = acting(function* removeExport(run) {
  const { world, host, args } = run;
  const [owner = "", shelf = "", slot = "", net = ""] = args;
  yield world.timings.process;
  yield* takeLock(run, "storage", 40);
  const findOurs = () => {
    const here = listExports(host).filter((row) => row.shelf === shelf && row.slot === slot && row.netif === net);
    const config = here.findLast((row) => row.kind !== "process" && row.owner === owner);
    const main = config?.kind === "conf" ? host.running.units.get(config.name)?.pid : undefined;
    const processes = here.filter(
      (row) =>
        row.kind === "process" &&
        ((row.filename === config?.filename && row.options === config.options) || Number(row.name) === main),
    );
    return { config, pids: processes.map((row) => Number(row.name)), served: processes.map((row) => row.filename) };
  };
  const { config, pids, served } = findOurs();
  if (config === undefined) {
    forgetUnconfigured(run, owner);
    return finish(run, "absent");
  }
  for (const file of served)
    if (backingAt(host, file).kind !== "Missing") yield* requireSilent(run, file, `e${shelf}.${slot} on ${net}`);
  if (config.kind === "conf") stopUnit(world, host, config.name);
  else replaceInittab(run, inittabWithout(readText(host, "/etc/inittab") ?? "", config.name));
  yield world.timings.process * 4;
  for (const pid of pids) endVblade(world, host, pid, "killed by remove-export");
  yield world.timings.process;
  if (config.kind === "conf") {
    const path = confPath(config.name);
    const problem = remove(world, host, path);
    if (problem === "Read-only file system") refuseWrite(run, path, problem);
    yield world.timings.process * 20;
  }
  const left = findOurs();
  if (left.config !== undefined) {
    const rest = `${left.config.kind} ${left.config.name}${left.pids.map((pid) => ` ${pid}`).join("")}`;
    refuse(run, "ExportFailed", `the export still exists: ${rest}`);
  }
  remove(world, host, exportRecord(config.name));
  forgetUnconfigured(run, owner);
  return finish(run, "removed");
});
