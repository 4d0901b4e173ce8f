import { expect, it } from "vitest";
import { loadScript, scriptNames } from "../../../src/host/scripts.ts";

/** Directories with a file for each domain, which is changed under the lock of that domain. */
const byDomain = ["leases"];

it("two scripts that may run at once share no file in the run directory", () => {
  const locks = new Map<string, Set<string>>();
  for (const name of scriptNames) {
    const { text } = loadScript(name);
    const lock = /^\s*take_lock (\w+)/m.exec(text)?.[1] ?? `none: ${name}`;
    // A name that ends in a variable belongs to one process or object.
    for (const [, file = "", rest] of text.matchAll(/\$run_dir\/([\w.-]+)(\$)?/g)) {
      if (rest === undefined && !file.endsWith("XXXXXX") && !byDomain.includes(file))
        locks.set(file, (locks.get(file) ?? new Set()).add(lock));
    }
  }
  expect(locks.size).toBeGreaterThan(3);
  expect([...locks].filter(([, users]) => users.size > 1).map(([file, users]) => [file, ...users])).toEqual([]);
});
