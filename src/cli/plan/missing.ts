import { type Entity, entitiesOf, type World } from "../entity.ts";
import { needsOf } from "../why/depends.ts";

/** The objects that an entity needs and that are neither present nor planned; the world contains both. */
export function missingFor(entity: Entity, world: World): string[] {
  const there = new Set(entitiesOf(world).map(({ kind, name }) => `${kind}/${name}`));
  return needsOf(entity, world).flatMap(({ kind, name, by }) => {
    const absent = kind === "Secret" ? world.secrets.get(name) === "Absent" : !there.has(`${kind}/${name}`);
    return absent ? [`${kind} ${name} (${by}), which does not exist`] : [];
  });
}
