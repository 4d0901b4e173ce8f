import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { definitions, type KindName } from "../../../src/api/kinds.ts";

const top = join(import.meta.dirname, "../../..");

const isKind = (kind: string): kind is KindName => kind in definitions;

const documentSchema = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string() }),
  spec: z.unknown().optional(),
});
export interface Document extends z.output<typeof documentSchema> {
  readonly kind: KindName;
}

export interface ExampleFile {
  readonly file: string;
  /** Only our kinds. */
  readonly documents: readonly Document[];
}

export interface RejectFile extends ExampleFile {
  /** `# expect:` part of the API server's message. */
  readonly expect: string;
  /** `# field:` the field at fault. */
  readonly field: string;
}

/** Every YAML file below a directory of the repository. */
export function exampleFiles(directory: string): ExampleFile[] {
  return readdirSync(join(top, directory), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yaml"))
    .toSorted()
    .map((name) => ({ file: join(directory, name), documents: documentsOf(read(join(directory, name))) }));
}

export function rejectFiles(): RejectFile[] {
  return exampleFiles("test/crd/reject").map((example) => {
    const [, expect, field] = /^# expect: (.+)\n# field: (.+)\n/.exec(read(example.file)) ?? [];
    if (expect === undefined || field === undefined) {
      throw new Error(`${example.file} must begin with the lines "# expect: …" and "# field: …"`);
    }
    return { ...example, expect, field };
  });
}

const read = (file: string): string => readFileSync(join(top, file), "utf8");

/** The objects of our kinds in YAML text. */
export function documentsOf(text: string): Document[] {
  return parseAllDocuments(text).flatMap((document) => {
    const parsed = documentSchema.parse(document.toJS());
    const { kind } = parsed;
    return isKind(kind) ? [{ ...parsed, kind }] : [];
  });
}
