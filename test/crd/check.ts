/**
 * Compares crds/ with test/crd/released/, the definitions of the last release: `node test/crd/check.ts`. Exit code 1 when something was
 * taken away that test/crd/accepted-changes.yaml does not list with a reason, or when that file lists what did not occur.
 * With --release the definitions of now become those of the last release, and nothing is accepted any more.
 */
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { z } from "zod";
import { narrowings } from "./compatibility.ts";

const here = import.meta.dirname;
const released = join(here, "released");
const current = join(here, "../../crds");
const acceptedFile = join(here, "accepted-changes.yaml");
const acceptedSchema = z.object({
  changes: z.array(z.object({ change: z.string().min(1), reason: z.string().min(10) })),
});

const definitionsIn = (directory: string): string[] => readdirSync(directory).filter((name) => name.endsWith(".yaml"));
const read = (directory: string, name: string): unknown => parse(readFileSync(join(directory, name), "utf8"));

function check(): void {
  const names = definitionsIn(current);
  const found = definitionsIn(released).flatMap((name) =>
    names.includes(name) ? narrowings(read(released, name), read(current, name)) : [`${name}: the kind is gone`],
  );
  const accepted = acceptedSchema.parse(parse(readFileSync(acceptedFile, "utf8"))).changes.map(({ change }) => change);
  const refused = found.filter((change) => !accepted.includes(change));
  const stale = accepted.filter((change) => !found.includes(change));
  for (const change of refused)
    console.log(`${change}\n  Take it back, or name it in test/crd/accepted-changes.yaml with the reason.`);
  for (const change of stale)
    console.log(`${change}\n  is listed in test/crd/accepted-changes.yaml but did not occur.`);
  if (refused.length + stale.length > 0) process.exitCode = 1;
}

function release(): void {
  for (const name of definitionsIn(released)) rmSync(join(released, name));
  for (const name of definitionsIn(current)) copyFileSync(join(current, name), join(released, name));
  const [comment = ""] = readFileSync(acceptedFile, "utf8").split(/^changes:/m);
  writeFileSync(acceptedFile, `${comment}changes: []\n`);
}

const { values } = parseArgs({ options: { release: { type: "boolean", default: false } } });
if (values.release) release();
else check();
