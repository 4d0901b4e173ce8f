import type { z } from "zod";
import type { Command, Io } from "../command.ts";
import { typed } from "../parse-options.ts";
import { type Connection, type ConnectionValues, connect } from "./connect.ts";

/** Input of a command on a cluster: its typed flags and arguments, and the connection to the cluster that they name. */
export interface ClusterCall<Given> {
  readonly given: Given;
  readonly connection: Connection;
  readonly io: Io;
}

/** A command on one cluster: checks the command line, finds the cluster, and closes the connection at the end. */
export function clusterCommand<S extends z.ZodType<ConnectionValues>>({
  schema,
  run,
  ...command
}: Omit<Command, "run"> & {
  readonly schema: S;
  /** Resolves to the exit code. */
  readonly run: (call: ClusterCall<z.output<S>>) => Promise<number>;
}): Command {
  return {
    ...command,
    async run(values, io) {
      const given = typed(schema, command.options, values);
      await using connection = await connect(given, io);
      return await run({ given, connection, io });
    },
  };
}
