import { mountsLoop, mountsUnit, mountsWant, orderDropIn } from "../model/ocfs2-boot.ts";
import { list, readText, remove, writeText } from "../model/storage.ts";
import type { ScriptRun } from "../script.ts";
import { replaceFile } from "./answer.ts";
import { documentOf } from "./document.ts";
import { addInittabLine, replaceInittab } from "./inittab.ts";

const line = `:once:/bin/sh ${mountsLoop}`;
const isLoop = (text: string) => text.endsWith(line);

const written = (opening: string) => documentOf("configure-cluster", opening).replaceAll("$mounts_loop", mountsLoop);
const loopText = written("<<'LOOP'");
const files: readonly (readonly [string, string])[] = [
  [orderDropIn, written('ensure_file_text "$order_dropin"')],
  [mountsUnit, written('ensure_file_text "$mounts_unit"')],
];

/** ensure_boot_order: returns whether a file had to be written. */
export function ensureBootOrder(run: ScriptRun): boolean {
  const { world, host } = run;
  let changed = false;
  const ensure = (path: string, text: string) => {
    if (readText(host, path) === text) return;
    replaceFile(run, path, text);
    changed = true;
  };
  ensure(mountsLoop, loopText);
  if (!list(host, "/etc/rc2.d").some((name) => /^S\d\do2cb$/.test(name))) {
    writeText(world, host, "/etc/rc2.d/S01o2cb", "");
    changed = true;
  }
  if (host.init === "systemd") {
    for (const [path, text] of files) ensure(path, text);
    ensure(mountsWant, "xensan-mounts.service\n");
  } else if (
    !(readText(host, "/etc/inittab") ?? "").split("\n").some((text) => !text.startsWith("#") && isLoop(text))
  ) {
    addInittabLine(run, "mounts", "once", `/bin/sh ${mountsLoop}`);
    changed = true;
  }
  return changed;
}

/** remove_boot_order */
export function removeBootOrder(run: ScriptRun): void {
  const { world, host } = run;
  if (host.init === "systemd") {
    for (const path of [mountsWant, mountsUnit, orderDropIn]) remove(world, host, path);
  } else {
    const text = readText(host, "/etc/inittab") ?? "";
    const kept = text.split("\n").filter((one) => one !== "# xensan: mounts" && !isLoop(one));
    if (kept.length < text.split("\n").length) replaceInittab(run, kept.join("\n"));
  }
  remove(world, host, mountsLoop);
}
