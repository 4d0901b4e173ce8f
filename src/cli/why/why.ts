import { clusterCommand } from "../cluster/cluster-command.ts";
import { type Connection, scopeText } from "../cluster/connect.ts";
import { objectArgument, objectSchema, pick, type QualifiedName } from "../cluster/named.ts";
import { scopeOptions, scopeSchema } from "../cluster/options.ts";
import { readWorld, readWorlds } from "../cluster/read-world.ts";
import { entitiesOf } from "../entity.ts";
import { paintFor } from "../paint.ts";
import { causesOf, chainOf, chainsOf, type Link } from "./chain.ts";
import { chainText } from "./text.ts";

const schema = scopeSchema.extend({ object: objectSchema.optional() });

/** `xensan why [KIND/NAME]`: shows what an object, or everything that is not ready, waits for, down to the cause. */
export const why = clusterCommand({
  name: "why",
  description:
    "Follows the references of an object, in its spec and its status, and prints the objects that are not ready, down to the cause, with the action to take. Without an object, it explains every object of the namespace that is not ready. It reads the conditions that the operator has written and contacts no host. A Secret that you may not read is assumed to exist.",
  exitCodes: { 0: "done, whether or not all objects are ready" },
  arguments: [{ ...objectArgument, optional: true }],
  options: scopeOptions,
  schema,
  async run({ given, connection, io }) {
    const { object: named } = given;
    const { namespace, scope } = connection;
    const width = Math.min(io.stdout.columns ?? 120, 120);
    const style = { width, paint: paintFor(io), qualified: scope === undefined };
    const chains = named === undefined ? await allChains(connection) : [await chainOfNamed(connection, named)];
    if (given.output === "json") {
      const told = named === undefined ? { namespace: scope, chains } : { namespace, chain: chains[0] };
      const causes = causesOf(...chains).map(brief);
      io.stdout.write(`${JSON.stringify({ ...told, causes }, undefined, 2)}\n`);
    } else if (chains.length > 0) io.stdout.write(chainText(chains, style));
    else io.stdout.write(`All objects are ready in ${scopeText(scope)}.\n`);
    return 0;
  },
});

const allChains = async (connection: Connection): Promise<Link[]> => (await readWorlds(connection)).flatMap(chainsOf);

async function chainOfNamed(connection: Connection, { kind, name }: QualifiedName): Promise<Link> {
  const world = await readWorld(connection);
  return chainOf(pick(entitiesOf(world), kind, name, world.namespace), world);
}

const brief = ({ kind, namespace, name, state, reason, message, action }: Link) => ({
  ...{ kind, namespace, name, state, reason, message },
  ...(action === undefined ? {} : { action }),
});
