import { readdirSync, readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { loadRack, tutorialRack } from "../../../src/sim/rack-file.ts";
import type { Scenario } from "../stage.ts";
import { missingEverywhere } from "./ground-truth.ts";
import { keySecret, type Manifest } from "./objects.ts";

const directory = new URL("../../../examples/tutorial/", import.meta.url);
const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().default("") }),
});
const aoePart = ["AoeServer", "XenHost", "AoeVolume"];

export const tutorial: Scenario = {
  name: "tutorial",
  share: 0.4,
  says: "the AoE part of examples/tutorial on the tutorial's rack",
  rack: () => loadRack(tutorialRack),
  manifests: () => [keySecret, ...tutorialObjects(aoePart)],
  missing: (stage) => missingEverywhere(stage),
};

/** What examples/tutorial declares of these kinds. */
export function tutorialObjects(kinds: readonly string[]): Manifest[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .flatMap((name) => parseAllDocuments(readFileSync(new URL(name, directory), "utf8")))
    .map((document) => manifestSchema.parse(document.toJS()))
    .filter(({ kind }) => kinds.includes(kind));
}
