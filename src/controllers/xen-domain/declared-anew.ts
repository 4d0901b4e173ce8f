import { isMarkOf, parseMark } from "../identity.ts";
import { imageOn } from "./images.ts";
import { type DomainObservation, imagePath, isPlaced } from "./observation.ts";
import { declarerOn } from "./owner.ts";

/**
 * Where another object of the same name has declared the domain or one of its images, later, or earlier and this one
 * never did: `the configuration on bella`. A deletion that a backup restored must not undo what came after it.
 */
export function declaredAnew(domain: DomainObservation): string[] {
  const { owner, uuid, hosts, disks } = domain;
  const isAnother = (mark: string) => isMarkOf(owner, mark) && parseMark(mark).uid !== owner.uid;
  const configurations = hosts
    .filter((host) => isAnother(declarerOn(host, uuid) ?? ""))
    .map(({ name }) => `the configuration on ${name}`);
  const paths = disks.filter(isPlaced).map(imagePath);
  const images = paths
    .filter((path) => hosts.some((host) => isAnother(imageOn(host, path)?.record?.owner ?? "")))
    .map((path) => `the record of ${path}`);
  return [...configurations, ...images];
}
