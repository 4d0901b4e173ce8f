import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

/** SHA-256 in hexadecimal digits. */
export const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Writes SHA256SUMS next to the files, as `sha256sum --check` reads it. */
export async function writeChecksums(directory: string, files: readonly string[]): Promise<void> {
  const lines = await Promise.all(
    files.toSorted().map(async (file) => `${digestOf(await readFile(file))}  ${path.basename(file)}\n`),
  );
  await writeFile(path.join(directory, "SHA256SUMS"), lines.join(""));
}
