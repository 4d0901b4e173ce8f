import type { Logger } from "pino";
import { applyDefinitions } from "../api/common.ts";
import { missingFromServer } from "../api/served-schema.ts";
import type { Clock } from "../clock.ts";
import { linkedSignal } from "../runtime/cancellation.ts";
import { type KubeApi, KubeError } from "../runtime/kube-api.ts";

/**
 * Reads what the API server publishes about `xensan.dev/v1alpha1` (OpenAPI v3); undefined when it serves none of it.
 * Rejects with a KubeError.
 */
export type PublishedSchema = (signal: AbortSignal) => Promise<unknown>;

/** Options of {@link SchemaWatch}. */
export interface SchemaWatchOptions {
  readonly published: PublishedSchema;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Seconds between two looks: the server publishes a new definition a moment after it was stored. */
const againSeconds = { tooOld: [1, 2, 5, 10, 30], fit: 300 } as const;
const named = 5;
/** The API server's message about a field that a definition does not have, when a status is applied. */
const undeclared = /(?:^|[^.\w])\.?(status[^\s:]*): field not declared in schema/;

/**
 * Whether the definitions on the server hold all that this release writes and reads. An operator that is newer than the
 * definitions cannot record what it does, and does not see what its users wrote: it does nothing until they are
 * upgraded.
 */
export class SchemaWatch {
  readonly #options: SchemaWatchOptions;
  #problem: string | undefined = "the CustomResourceDefinitions have not been read from the API server yet";
  #tooOld = false;
  #looks = Promise.withResolvers<void>();
  #wake: (() => void) | undefined;
  /** Fields that the server refused while its definitions could not be read. */
  #refused: string[] = [];
  #saidUnreadable = false;

  constructor(options: SchemaWatchOptions) {
    this.#options = options;
  }

  /** Why the operator does nothing; undefined when the definitions fit. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Looks repeatedly until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (let failures = 0; !signal.aborted; failures += 1) {
      await this.#look(signal);
      const { tooOld, fit } = againSeconds;
      const settled = this.#problem === undefined || this.#refused.length > 0;
      if (settled) failures = -1;
      const seconds = settled ? fit : (tooOld[Math.min(failures, tooOld.length - 1)] ?? fit);
      this.#refused = [];
      using pause = linkedSignal(signal);
      this.#wake = () => pause.abort(new Error("looked at again"));
      await clock.sleep(seconds * 1000, pause.signal).catch(() => undefined);
    }
  }

  /** Resolves once nothing is missing; until then `tell` is called after each look that found something missing. */
  async untilFit(signal: AbortSignal, tell: (message: string) => Promise<void>): Promise<void> {
    while (!signal.aborted && this.#problem !== undefined) {
      if (this.#tooOld) await tell(this.#problem);
      await this.#nextLook(signal);
    }
  }

  /** Resolves once something is missing, or the signal is aborted. */
  async untilTooOld(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#problem === undefined) await this.#nextLook(signal);
  }

  /** Wraps the API to notice refused fields: an older definition may replace the current one at any time. */
  watching(api: KubeApi): KubeApi {
    return {
      ...api,
      apply: async (kind, object, options) => {
        try {
          return await api.apply(kind, object, options);
        } catch (error) {
          const [, field] = (error instanceof KubeError && undeclared.exec(error.message)) || [];
          if (field !== undefined) {
            this.#refused = [`${kind.kind} ${field}`];
            this.#wake?.();
          }
          throw error;
        }
      },
    };
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { published, log } = this.#options;
    try {
      const missing = missingFromServer(await published(signal));
      this.#refused = [];
      this.#report(missing);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof KubeError && [403, 404].includes(error.status)) {
        if (!this.#saidUnreadable)
          log.warn(
            { said: error.message },
            "cannot read /openapi/v3, so cannot determine whether the CustomResourceDefinitions match this operator",
          );
        this.#saidUnreadable = true;
        this.#report(this.#refused);
      } else log.warn({ err: error }, "cannot read the CustomResourceDefinitions from the API server; trying again");
    }
    const { resolve } = this.#looks;
    this.#looks = Promise.withResolvers();
    resolve();
  }

  #report(missing: readonly string[]): void {
    const { log } = this.#options;
    const before = this.#problem;
    this.#tooOld = missing.length > 0;
    this.#problem = this.#tooOld ? schemaTooOld(missing) : undefined;
    if (this.#problem === before) return;
    if (this.#tooOld) log.error({ reason: "SchemaTooOld", missing }, this.#problem);
    else log.info("the CustomResourceDefinitions on the API server match this release");
  }

  async #nextLook(signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<void>();
    const stop = () => aborted.resolve();
    signal.addEventListener("abort", stop, { once: true });
    await Promise.race([this.#looks.promise, aborted.promise]);
    signal.removeEventListener("abort", stop);
  }
}

/** The message about what is missing, and how to get it. */
function schemaTooOld(missing: readonly string[]): string {
  const rest = missing.length - named;
  const list = missing.slice(0, named).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
  return `SchemaTooOld: the API server does not know ${list}: its CustomResourceDefinitions are older than this operator, which does nothing until they match its release. Run ${applyDefinitions}`;
}
