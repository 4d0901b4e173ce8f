import { writeFile } from "node:fs/promises";

/**
 * Writes a script to `file` that runs `program`: unaffected by the terminal's Ctrl-C, so that we stop it in order, and
 * ended by the kernel if we die before we stop it. Without util-linux it only runs `program`.
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
