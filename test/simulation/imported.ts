import { expect } from "vitest";
import { z } from "zod";
import { filesOf } from "../../src/cli/import/files.ts";
import { draftRack } from "../../src/cli/import/rack.ts";
import { survey } from "../../src/cli/import/survey.ts";
import { parseManifests } from "../../src/cli/manifests.ts";
import { directDialer, directHostKey, endpoint } from "../../src/sim/dialer.ts";
import type { Stage } from "./stage.ts";

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.unknown(),
});
/** An object of a manifest that `xensan import` wrote. */
export type ImportedObject = z.output<typeof objectSchema>;

/** The output of `xensan import` for the hosts `san`, `bella` and `brutus` in their present state. */
export async function imported(
  stage: Stage,
): Promise<{ readonly objects: readonly ImportedObject[]; readonly notImported: readonly string[] }> {
  const knownHosts = [...stage.rack.hosts.keys()]
    .map((name) => {
      const { host, port } = endpoint(stage.rack, name);
      return `[${host}]:${port} ${directHostKey(name)}\n`;
    })
    .join("");
  const dom0s = ["bella", "brutus"].map((name) => endpoint(stage.rack, name));
  const { signal } = new AbortController();
  const looking = survey(directDialer(stage.rack), {
    ...{ sans: [endpoint(stage.rack, "san")], dom0s, privateKey: "", knownHosts, signal },
  });
  await stage.advance(60_000);
  const { rack, unseen } = await looking;
  expect(unseen).toEqual([]);
  const drafts = draftRack(rack, "rack-ssh");
  const objects = [...filesOf(drafts, "san")].flatMap(([file, text]) =>
    file === "kustomization.yaml" ? [] : parseManifests(text, file).map((one) => objectSchema.parse(one)),
  );
  return { objects, notImported: drafts.flatMap((draft) => draft.notImported) };
}
