import type { AoeServer } from "../../api/kinds.ts";
import type { IndexFunction } from "../../runtime/store.ts";
import { secretKeys } from "../host-object.ts";

/** How servers are found. */
export const serverIndexes = {
  /** `namespace/name` of the Secrets it names. */
  secret: secretKeys,
} satisfies Record<string, IndexFunction<AoeServer>>;
