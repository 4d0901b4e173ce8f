import type { KindName } from "../../api/kinds.ts";
import { connect } from "../cluster/connect.ts";
import { models } from "../cluster/models.ts";
import { clusterOptions, clusterSchema } from "../cluster/options.ts";
import { list } from "../cluster/read-world.ts";
import type { Io } from "../command.ts";
import { objectName } from "../entity.ts";
import { parseOptions, typed } from "../parse-options.ts";

/** A person who presses Tab does not wait for an unreachable cluster. */
const answerWithinMs = 3000;

/** Names of the objects in the cluster that the flags typed so far select; none if it does not answer in time. */
export async function namesOf(
  kinds: readonly KindName[],
  qualified: boolean,
  words: readonly string[],
  io: Io,
): Promise<string[]> {
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(answerWithinMs)]);
  try {
    const given = typed(clusterSchema, clusterOptions, parseOptions(clusterOptions, clusterFlags(words), io.env));
    await using connection = await connect(given, { ...io, signal, stderr: { write: () => true } });
    const found = await Promise.all(
      kinds.map(async (kind) => {
        const objects = await list(connection, models[kind]);
        return objects.map((object) =>
          qualified ? `${kind.toLowerCase()}/${objectName(object)}` : objectName(object),
        );
      }),
    );
    return found.flat();
  } catch {
    return [];
  }
}

/** The flags typed so far that select cluster and namespace. */
function clusterFlags(words: readonly string[]): string[] {
  const flags = clusterOptions.flatMap(({ name, short }) =>
    name === "output" ? [] : [`--${name}`, `-${short ?? name}`],
  );
  return words.slice(0, -1).flatMap((word, index) => {
    if (flags.includes(word)) return [word, words[index + 1] ?? ""];
    return flags.some((flag) => word.startsWith(`${flag}=`)) ? [word] : [];
  });
}
