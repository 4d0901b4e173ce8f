import type { Kind, KubeApi } from "../../src/runtime/kube-api.ts";

export interface WriteCounts {
  status: number;
  events: number;
  other: number;
}

/** The same API, with writes counted by type. */
export function countWrites(api: KubeApi): { api: KubeApi; counts: WriteCounts; lines: string[] } {
  const counts: WriteCounts = { status: 0, events: 0, other: 0 };
  const lines: string[] = [];
  const note = (verb: string, kind: Kind, name: string, status = false) => {
    if (status) counts.status += 1;
    else if (kind.plural === "events") counts.events += 1;
    else counts.other += 1;
    lines.push(`${verb} ${kind.plural} ${name}${status ? " status" : ""}`);
  };
  const counted: KubeApi = {
    list: (kind, options) => api.list(kind, options),
    watch: (kind, options) => api.watch(kind, options),
    get: (kind, key, signal) => api.get(kind, key, signal),
    create(kind, object, signal) {
      note("create", kind, object.metadata.name);
      return api.create(kind, object, signal);
    },
    update(kind, object, signal) {
      note("update", kind, object.metadata.name);
      return api.update(kind, object, signal);
    },
    mergePatch(kind, key, patch, signal) {
      note("patch", kind, key.name);
      return api.mergePatch(kind, key, patch, signal);
    },
    apply(kind, object, options) {
      note("apply", kind, object.metadata.name, options.subresource === "status");
      return api.apply(kind, object, options);
    },
    delete(kind, key, options) {
      note("delete", kind, key.name);
      return api.delete(kind, key, options);
    },
  };
  return { api: counted, counts, lines };
}
