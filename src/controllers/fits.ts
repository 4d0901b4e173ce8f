import type { Logger } from "pino";
import { fitStatus } from "../api/fit-status.ts";
import { definitions } from "../api/kinds.ts";
import { keyString, type ObjectKey } from "../runtime/kube-api.ts";

/**
 * The last line of defence for the rule that a status can always be written: parsers and descriptions keep within the
 * schema, and if one does not, its field is left out, so that the conditions reach the object all the same.
 */
export class Fits {
  readonly #definition: (typeof definitions)[keyof typeof definitions] | undefined;
  /** By object: the fields whose absence was logged. */
  readonly #told = new Map<string, string>();

  constructor(kind: string) {
    this.#definition = Object.values(definitions).find((definition) => definition.kind === kind);
  }

  /** The status without what the API server would refuse. Logs the fields that are left out, once until they fit. */
  fit(key: ObjectKey, status: unknown, log: Logger): unknown {
    if (this.#definition === undefined) return status;
    const fitted = fitStatus(this.#definition.status, status);
    const fields = fitted.left.join(", ");
    if (fields === "") this.forget(key);
    else if (this.#told.get(keyString(key)) !== fields) {
      this.#told.set(keyString(key), fields);
      log.warn({ fields: fitted.left }, "the status leaves out fields whose values the API server would refuse");
    }
    return fitted.status;
  }

  forget(key: ObjectKey): void {
    this.#told.delete(keyString(key));
  }
}
