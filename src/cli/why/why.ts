import { connect } from "../cluster/connect.ts";
import { objectArgument, pick, qualifiedName } from "../cluster/named.ts";
import { clusterOptions, clusterSchema } from "../cluster/options.ts";
import { readWorld } from "../cluster/read-world.ts";
import { type Command, UsageError } from "../command.ts";
import { entitiesOf } from "../entity.ts";
import { paintFor } from "../paint.ts";
import { typed } from "../parse-options.ts";
import { causesOf, chainOf } from "./chain.ts";
import { chainText } from "./text.ts";

/** `xensan why KIND/NAME`: what an object waits for, down to the cause. */
export const why: Command = {
  name: "why",
  description:
    "Follows the references of an object, in its spec and its status, and prints what is not ready, down to the cause, with what to do about it. It reads the conditions that the operator has written and contacts no host. A Secret that you may not read is assumed to exist.",
  arguments: [objectArgument],
  options: clusterOptions,
  async run(values, io) {
    const options = typed(clusterSchema, clusterOptions, values);
    if (typeof values.object !== "string") throw new UsageError("KIND/NAME is missing");
    const { kind, name } = qualifiedName(values.object);
    await using connection = await connect(options, io);
    const world = await readWorld(connection);
    const chain = chainOf(pick(entitiesOf(world), kind, name, world.namespace), world);
    if (options.output === "json")
      io.stdout.write(
        `${JSON.stringify({ namespace: world.namespace, chain, causes: causesOf(chain).map(brief) }, undefined, 2)}\n`,
      );
    else io.stdout.write(chainText(chain, { width: Math.min(io.stdout.columns ?? 120, 120), paint: paintFor(io) }));
    return 0;
  },
};

const brief = ({ kind, name, state, reason, message, action }: ReturnType<typeof chainOf>) => ({
  ...{ kind, name, state, reason, message },
  ...(action === undefined ? {} : { action }),
});
