import { z } from "zod";

const headerSchema = z.object({ header: z.object({ revision: z.string() }) });

/** etcd's own API, as JSON, to cause trouble below an API server. */
export function etcdAt(url: string) {
  const call = async (path: string, body: object): Promise<unknown> => {
    const response = await fetch(`${url}/v3/${path}`, { method: "POST", body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`etcd ${path}: ${response.status} ${await response.text()}`);
    return await response.json();
  };
  const alarm = (action: "ACTIVATE" | "DEACTIVATE") => call("maintenance/alarm", { action, alarm: "NOSPACE" });
  return {
    /** Forgets every version but the newest. */
    async compact(): Promise<void> {
      const anything = Buffer.from("\0").toString("base64");
      const { header } = headerSchema.parse(await call("kv/range", { key: anything, limit: 1 }));
      await call("kv/compaction", { revision: header.revision, physical: true });
    },
    /** As if its quota were used up: it accepts no more writes. */
    fillUp: () => alarm("ACTIVATE"),
    /** As after compaction, defragmentation and `etcdctl alarm disarm`. */
    makeRoom: () => alarm("DEACTIVATE"),
  };
}
