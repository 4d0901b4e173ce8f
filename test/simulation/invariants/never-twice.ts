import type { Invariant, Scene } from "./invariant.ts";

export const neverTwice: Invariant = {
  name: "never twice",
  says: "a domain executes at most once at any instant, on all hosts together",
  watch(scene: Scene) {
    /** Where each domain executes, `host id`. */
    const executing = new Map<string, Set<string>>();
    return {
      onRack(event) {
        if (!("uuid" in event) || !("id" in event) || event.kind === "DomainAsked") return;
        const places = executing.get(event.uuid) ?? new Set<string>();
        executing.set(event.uuid, places);
        const here = `${event.host} ${event.id}`;
        if (event.kind !== "DomainStarted" && event.kind !== "DomainResumed") {
          places.delete(here);
          return;
        }
        places.add(here);
        if (places.size > 1) scene.violated(`domain ${event.uuid} executes on ${[...places].join(" and ")}`);
      },
    };
  },
};
