import type { Responder, ScriptRun } from "../script.ts";
import { escaped, row } from "./answer.ts";
import { aoeDevices, aoeDriver, responders } from "./probe-client.ts";
import { filesystems, formats, mountPoints, waitsForDeadline } from "./probe-filesystems.ts";
import { blockDevices, identity, interfaces, mounts, packages, system, tools } from "./probe-host.ts";
import { kernelLog, o2cb } from "./probe-o2cb.ts";
import { backings, exports, logicalVolumes } from "./probe-server.ts";
import { domainConfigurations, domainLocks, domains, images, migrations, relocation, toolstack } from "./probe-xen.ts";
import type { SectionEnd } from "./section.ts";
import { targetsAsked } from "./targets.ts";

const unanswered: SectionEnd = { exit: 1, why: "the simulated host did not say" };

/** Writes sections, each with its end. */
const sections = (run: ScriptRun) => (name: string, write: (run: ScriptRun) => SectionEnd) => {
  const end = write(run) ?? unanswered;
  if (end === "known" || end === "absent") row(run, "end", name, end, 0, "");
  else row(run, "end", name, "unknown", end.exit, escaped(end.why).slice(0, 300));
};

/** probe-running.sh */
export const probeRunning: Responder = function* probeRunning(run) {
  yield run.world.timings.process * 3;
  row(run, "probe", 1);
  const section = sections(run);
  section("identity", identity);
  section("migrations", migrations);
  section("domains", domains);
  row(run, "end", "probe");
  return 0;
};

/** probe.sh: quick sections first, in its order; then those that run in parallel, in the order in which they start. */
export const probe: Responder = function* probe(run) {
  const [roles = "", ...rest] = run.args;
  const is = (role: string) => `,${roles},`.includes(`,${role},`);
  const named = (key: string) => rest.filter((arg) => arg.startsWith(key)).map((arg) => arg.slice(key.length));
  const segments = named("segment=");
  const devices = named("device=");
  const points = named("mountpoint=");
  const asked = named("image=");
  const locks = named("locks=");
  yield run.world.timings.process * 6;
  row(run, "probe", 1);
  const section = sections(run);
  section("identity", identity);
  section("system", system);
  section("packages", packages);
  section("tools", tools);
  section("interfaces", interfaces);
  const wanted = targetsAsked([...named("target="), ...devices, ...named("backing=")]);
  section("block", blockDevices(wanted));
  section("mounts", mounts);
  if (is("client")) {
    section("aoe", aoeDriver);
    section("o2cb", o2cb);
    section("kernel-log", kernelLog);
    section("formats", formats);
    section("relocation", relocation);
    section("migrations", migrations);
    section("domain-configurations", domainConfigurations);
  }
  if (is("client") && waitsForDeadline(run, devices)) yield 20_000;
  else if (segments.length > 0) yield 1000;
  if (is("client")) section("aoe-devices", aoeDevices(wanted));
  if (is("client") || segments.length > 0) section("responders", responders(segments));
  if (is("client")) {
    if (devices.length > 0) section("filesystems", filesystems(devices));
    if (points.length > 0) section("mount-points", mountPoints(points));
    section("toolstack", toolstack);
    section("domains", domains);
    if (asked.length > 0) section("images", images(asked));
    if (locks.length > 0) section("domain-locks", domainLocks(locks));
  }
  if (is("server")) {
    section("exports", exports);
    section("backings", backings(named("backing=")));
    section("lvm", logicalVolumes);
  }
  row(run, "end", "probe");
  return 0;
};
