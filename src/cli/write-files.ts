import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/**
 * Writes files, by their paths below a directory: all of them or, if one exists already, none. `mode` is that of each
 * file; with 0o600, only the owner can enter a directory that is created. Throws an Error that names the file.
 */
export async function writeFiles(
  directory: string,
  files: ReadonlyMap<string, string>,
  mode: 0o600 | 0o644 = 0o644,
): Promise<void> {
  const made: string[] = [];
  for (const [name, text] of files) {
    const place = path.join(directory, name);
    try {
      await mkdir(path.dirname(place), { recursive: true, mode: mode === 0o600 ? 0o700 : 0o755 });
      await writeFile(place, text, { flag: "wx", mode });
    } catch (error) {
      for (const file of made) await rm(file);
      throw new Error(
        `${place} cannot be written: ${error instanceof Error ? error.message : String(error)}; --output must be a new directory`,
      );
    }
    made.push(place);
  }
}
