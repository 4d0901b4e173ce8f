import { rereadInittab } from "../model/inittab.ts";
import { readText } from "../model/storage.ts";
import type { ScriptRun } from "../script.ts";
import { fail, replaceFile } from "./answer.ts";

const path = "/etc/inittab";
const digits = "0123456789abcdefghijklmnopqrstuvwxyz";

/** inittab_free_id: an id of four characters that no line uses and that is not taken. */
export function freeId(text: string, taken: readonly string[] = []): string {
  const ids = text.split("\n").map((line) => (line.startsWith("#") ? "" : (line.split(":")[0] ?? "")));
  const used = new Set([...ids, ...taken]);
  for (let index = 0; index < 46656; index++) {
    const digit = (place: number) => digits[Math.floor(index / place) % 36] ?? "0";
    const id = `x${digit(1296)}${digit(36)}${digit(1)}`;
    if (!used.has(id)) return id;
  }
  return "";
}

/** inittab_replace: replaces the file and makes init read it. */
export function replaceInittab(run: ScriptRun, text: string): void {
  if (!text.includes(":initdefault:")) fail(run, "the new inittab has no initdefault line");
  replaceFile(run, path, text);
  rereadInittab(run.world, run.host);
}

/** Appends a marked line under a free id, which it returns. */
export function addInittabLine(run: ScriptRun, mark: string, action: "once" | "respawn", command: string): string {
  const text = readText(run.host, path) ?? "";
  const id = freeId(text);
  replaceInittab(run, `${text}# xensan: ${mark}\n${id}:2345:${action}:${command}\n`);
  return id;
}
