import { z } from "zod";
import { definitions, type KindName } from "../../api/kinds.ts";
import { type Argument, UsageError } from "../command.ts";
import { didYouMean } from "../did-you-mean.ts";

/** The kind for its name, plural or short name, in any case. */
export function kindOf(text: string): KindName {
  const typed = text.toLowerCase();
  const words = Object.values(definitions).flatMap(({ kind, plural, shortName }) =>
    [kind.toLowerCase(), plural, shortName].map((word) => ({ kind, word })),
  );
  const found = words.find(({ word }) => word === typed || `${word}.xensan.dev` === typed);
  if (found !== undefined) return found.kind;
  const names = Object.values(definitions).map(({ kind }) => kind);
  const close = didYouMean(
    typed,
    words.map(({ word }) => word),
  );
  throw new UsageError(`there is no kind "${text}"${close}; there are: ${names.join(", ")}`);
}

/** An object of any kind on a command line. */
export const objectArgument: Argument = {
  name: "object",
  placeholder: "KIND/NAME",
  help: "The object, such as ocfs2cluster/data; plurals and short names are accepted too.",
  completes: ["AoeServer", "AoeVolume", "XenHost", "Ocfs2Cluster", "XenDomain", "XenMigration"],
  qualified: true,
};

/** Reads the value of {@link objectArgument}. */
export const objectSchema = z.string().transform(qualifiedName);

/** The object that `KIND/NAME` names. */
export interface QualifiedName {
  readonly kind: KindName;
  readonly name: string;
}

function qualifiedName(text: string): QualifiedName {
  const [kind = "", name = "", ...more] = text.split("/");
  if (kind === "" || name === "" || more.length > 0)
    throw new UsageError(`"${text}" is not a KIND/NAME such as aoevolume/data`);
  return { kind: kindOf(kind), name };
}

/** The candidate of this name; throws a UsageError with a suggestion if there is none. */
export function pick<T extends { readonly kind: string; readonly name: string }>(
  candidates: readonly T[],
  kind: string,
  name: string,
  namespace: string,
): T {
  const found = candidates.find((candidate) => candidate.kind === kind && candidate.name === name);
  if (found !== undefined) return found;
  const names = candidates.filter((candidate) => candidate.kind === kind).map((candidate) => candidate.name);
  const close = didYouMean(name, names);
  const others =
    close !== ""
      ? ""
      : names.length === 0
        ? `; the namespace has no objects of this kind: try --namespace`
        : `; there are: ${names.join(", ")}`;
  throw new UsageError(`there is no ${kind} "${name}" in namespace ${namespace}${close}${others}`);
}
