import { stringify } from "yaml";
import { definitions, type KindName } from "../../api/kinds.ts";
import { printable } from "../../printable.ts";
import { type Draft, manifestOf } from "./draft.ts";

const kinds: readonly KindName[] = ["AoeServer", "AoeVolume", "XenHost", "Ocfs2Cluster", "XenDomain"];

/** The manifests by file name, one file for each kind that occurs, and a `kustomization.yaml` for them. */
export function filesOf(drafts: readonly Draft[], namespace: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const resources: string[] = [];
  for (const kind of kinds) {
    const own = drafts.filter((draft) => draft.kind === kind);
    if (own.length === 0) continue;
    const file = `${definitions[kind].plural}.yaml`;
    files.set(file, fileText(own, namespace));
    if (own.some(({ spec }) => spec !== undefined)) resources.push(file);
  }
  const kustomization = { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", resources };
  files.set("kustomization.yaml", stringify(kustomization));
  return files;
}

function fileText(drafts: readonly Draft[], namespace: string): string {
  const lonely = drafts.filter(({ spec }) => spec === undefined).flatMap(commentsOf);
  const documents = drafts
    .filter(({ spec }) => spec !== undefined)
    .map((draft) => `---\n${comments(commentsOf(draft))}${stringify(manifestOf(draft, namespace), { lineWidth: 0 })}`);
  return `${comments([heading, ...lonely])}${documents.join("")}`;
}

const heading =
  "Written by xensan import from the state of the hosts. xensan changes nothing on a host while spec.management is Observe: status.plan of each object shows what would change.";

const commentsOf = ({ found, notImported }: Draft) => [...found, ...notImported.map((line) => `not imported: ${line}`)];

const comments = (lines: readonly string[]) =>
  lines.map((line) => `# ${printable(line.replace(/\s*\n\s*/g, " "))}\n`).join("");
