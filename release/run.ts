import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** The root of the repository. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** Data and output directory of a release; the directory is emptied at the beginning. */
export interface Release {
  /** SemVer, without a leading v. */
  readonly version: string;
  /** The released commit, 40 hex digits. */
  readonly revision: string;
  /** When it was committed, RFC 3339: the same in every build of this commit. */
  readonly created: string;
  /** The repository on its forge, `https://FORGE/OWNER/NAME`: files of a release are below its releases/download. */
  readonly repository: string;
  /** Absolute path of the artifacts. */
  readonly out: string;
}

/** Runs a program without a shell, in the root of the repository; returns its stdout, and throws its stderr. */
export async function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  try {
    const { stdout } = await execute(program, [...args], {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      maxBuffer: 2 ** 28,
    });
    return stdout.trim();
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw new Error(`${program} ${args.join(" ")} failed: ${said === "" ? String(error) : said}`);
  }
}
