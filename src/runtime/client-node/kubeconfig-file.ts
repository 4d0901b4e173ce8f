import { readFile } from "node:fs/promises";
import { z } from "zod";

/** The expected form of a kubeconfig, for messages. */
export const accepted = "it must be a YAML file with clusters, contexts and users, as kubectl writes it";

/** The text of a kubeconfig file. An Error of one line names the file that cannot be read. */
export async function readKubeconfig(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw new Error(
      `kubeconfig ${file} ${isMissing ? "does not exist" : `cannot be read: ${firstLineOf(error)}`}; ${accepted}`,
    );
  }
}

/**
 * First line of an error, with the place. Further lines of a parser's error quote the text, which may hold credentials.
 */
export function firstLineOf(error: unknown): string {
  const [issue] = error instanceof z.ZodError ? error.issues : [];
  if (issue !== undefined) return `${issue.path.join(".") || "the document"}: ${issue.message}`;
  return (error instanceof Error ? error.message : String(error)).split("\n", 1).join();
}
