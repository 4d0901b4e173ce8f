import type { z } from "zod";
import type { Command, Io } from "../command.ts";
import { typed } from "../parse-options.ts";
import { type Connection, type ConnectionValues, connect } from "./connect.ts";

/** What a command of a cluster works with: its flags and arguments with their types, and the cluster that they name. */
export interface ClusterCall<Given> {
  readonly given: Given;
  readonly connection: Connection;
  readonly io: Io;
}

/** A command of one cluster: the command line is checked, the cluster is found, and the connection ends with the command. */
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
