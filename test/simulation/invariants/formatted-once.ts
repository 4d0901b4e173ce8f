import type { Invariant, Scene } from "./invariant.ts";

export const formattedOnce: Invariant = {
  name: "formatted at most once",
  says: "mkfs begins at most once on the same bytes, ever, and only on zeros; its UUID stands in a status before",
  watch(scene: Scene) {
    const begun = new Map<string, string>();
    return {
      onRack(event) {
        if (event.kind !== "FormatBegun") return;
        const { backing, uuid, over, device } = event;
        const before = begun.get(backing);
        if (before !== undefined)
          scene.violated(`${event.host}: mkfs on ${device} (${backing}) as ${uuid}, which was formatted as ${before}`);
        begun.set(backing, uuid);
        if (over !== "") scene.violated(`${event.host}: mkfs on ${device}, which holds ${over}`);
        const stated = JSON.stringify(
          scene.server.list(scene.server.kindNamed("Ocfs2Cluster"), {}).items.map(({ status }) => status ?? {}),
        );
        if (event.command !== undefined && !stated.includes(uuid))
          scene.violated(`${event.host}: mkfs on ${device} as ${uuid}, which no status names`);
      },
    };
  },
};
