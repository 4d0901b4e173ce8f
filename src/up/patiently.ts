import { ApiException } from "@kubernetes/client-node";
import { systemClock } from "../clock.ts";
import { type Failure, failureOf, retrying } from "../runtime/retry.ts";

/** How long a server that is busy or starts is asked again. */
const patienceSeconds = 30;

/** A call of client-node that may be done twice: sent again when the server turns it away or leaves its end open. */
export function patiently<T>(call: () => Promise<T>): Promise<T> {
  return retrying({ clock: systemClock, withinSeconds: patienceSeconds, repeatable: true, judge }, call);
}

function judge(error: unknown): Failure {
  if (!(error instanceof ApiException)) return { kind: "Final" };
  const seconds = Number(error.headers["retry-after"]);
  return failureOf(error.code, Number.isFinite(seconds) ? seconds : undefined);
}
