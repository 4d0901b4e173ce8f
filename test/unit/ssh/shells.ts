import { spawnSync } from "node:child_process";

/** Every shell that a host's `sh` may be. */
export const shells = [
  { name: "dash", command: ["dash"] },
  { name: "bash as sh", command: ["bash", "--posix"] },
  { name: "busybox sh", command: ["busybox", "sh"] },
].map((shell) => {
  const [program = "", ...first] = shell.command;
  const found = spawnSync(program, [...first, "-c", "true"]).status === 0;
  if (!found) process.stderr.write(`skipped: tests with ${shell.name} need the program ${program}\n`);
  return {
    name: found ? shell.name : `${shell.name} (skipped: needs ${program})`,
    found,
    /** Like a host: `sh -s` with this on stdin. */
    feed(stdin: string) {
      const { status, stdout, stderr } = spawnSync(program, [...first, "-s"], { input: stdin, encoding: "utf8" });
      return { status, stdout, stderr };
    },
  };
});
