import { writeFile } from "node:fs/promises";

/**
 * Writes a script to `file` that becomes `program`: out of reach of the terminal's Ctrl-C, so that we stop it in
 * order, and ended by the kernel when we die without having stopped it. Where util-linux is missing it is just `program`.
 */
export async function leash(program: string, file: string): Promise<string> {
  const quoted = `'${program.replaceAll("'", "'\\''")}'`;
  const lines = [
    "#!/bin/sh",
    "if command -v setsid >/dev/null && command -v setpriv >/dev/null; then",
    `  exec setsid setpriv --pdeathsig KILL -- ${quoted} "$@"`,
    "fi",
    `exec ${quoted} "$@"`,
  ];
  await writeFile(file, `${lines.join("\n")}\n`, { mode: 0o755 });
  return file;
}
