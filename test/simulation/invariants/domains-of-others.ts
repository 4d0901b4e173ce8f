import { isObject, objectAt } from "../world/kube/json.ts";
import type { Invariant, Scene } from "./invariant.ts";

export const domainsOfOthers: Invariant = {
  name: "what others declared is left alone",
  says: "a domain is asked to shut down or ended only for the object for which it was started; one that xensan did not start only where the owner of a host allows it to be taken over",
  watch(scene: Scene) {
    const commands = new Map<number, { readonly script: string; readonly args: readonly string[] }>();
    /** The `namespace/name` for which each domain was first started, by UUID. */
    const declared = new Map<string, string>();
    /** Domains that one of our migrations moves or has moved. */
    const moved = new Set<string>();
    return {
      onRack(event) {
        if (event.kind === "CommandBegun") {
          commands.set(event.id, event);
          const [owner = "", uuid = ""] = event.args;
          if (event.script === "start-domain" && !declared.has(uuid) && !exists(scene, uuid))
            declared.set(uuid, nameOf(owner));
          if (event.script === "start-migration") moved.add(event.args[2] ?? "");
        }
        if (event.command === undefined || (event.kind !== "DomainAsked" && event.kind !== "DomainEnded")) return;
        const command = commands.get(event.command);
        const what = `${event.host}: ${command?.script ?? "a command"} ${event.kind === "DomainAsked" ? "shuts down" : "ends"} domain ${event.uuid}`;
        // A migration cleans up its own leftovers of an undeclared domain.
        if (moved.has(event.uuid) && (command?.script !== "stop-domain" || command.args[0] === "-")) return;
        const owner = declared.get(event.uuid);
        if (owner === undefined) {
          if (!isAllowed(scene, event.uuid)) scene.violated(`${what}, which nobody declared`);
        } else if (command === undefined || nameOf(command.args[0] ?? "") !== owner)
          scene.violated(`${what}, which was started for ${owner}`);
      },
    };
  },
};

const nameOf = (owner: string) => owner.split(" ")[0] ?? "";

const exists = (scene: Scene, uuid: string) =>
  [...scene.rack.hosts.values()].some(({ running }) =>
    [...running.xen.domains.values()].some(({ configuration }) => configuration.uuid === uuid),
  );

/** Whether the owner of a host allows the domain. */
function isAllowed({ server }: Scene, uuid: string): boolean {
  return server.list(server.kindNamed("XenHost"), {}).items.some((host) => {
    if (!isObject(host)) return false;
    const { domains } = objectAt(objectAt(host, "spec"), "allowed");
    return Array.isArray(domains) && domains.includes(uuid);
  });
}
