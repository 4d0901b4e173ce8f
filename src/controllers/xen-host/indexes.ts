import type { XenHost } from "../../api/kinds.ts";
import type { IndexFunction } from "../../runtime/store.ts";
import { secretKeys } from "../host-object.ts";
import { keysIn } from "../identity.ts";
import { hostSpec } from "../specs.ts";

/** How hosts are found. */
export const hostIndexes = {
  /** `namespace/name` of the Secrets it names. */
  secret: secretKeys,
  /** `namespace/name` of the hosts that may migrate domains to it. */
  sender: (host: XenHost) => {
    const parsed = hostSpec(host);
    const { mode, allowedSourceHostRefs } = parsed.ok
      ? parsed.spec.relocation
      : { mode: "Disabled", allowedSourceHostRefs: [] };
    return mode === "Enabled"
      ? keysIn(
          host,
          allowedSourceHostRefs.map(({ name }) => name),
        )
      : [];
  },
  /** `namespace/name` of the Secret with the password of its consoles. */
  password: (host: XenHost) => {
    const parsed = hostSpec(host);
    const secret = parsed.ok ? parsed.spec.relocation.vncPasswordSecretRef : undefined;
    return keysIn(host, secret === undefined ? [] : [secret.name]);
  },
} satisfies Record<string, IndexFunction<XenHost>>;
