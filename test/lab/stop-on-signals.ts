import { LabError } from "./places.ts";

/** Aborted by the first SIGINT or SIGTERM: every wait ends then, and what was started is cleaned up. */
export function stopOnSignals(): AbortSignal {
  const stopping = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    // Not `once`: libraries that clean up at an exit end the process when they see no other listener.
    process.on(name, () => stopping.abort(new LabError(`stopped by ${name}`)));
  }
  return stopping.signal;
}
