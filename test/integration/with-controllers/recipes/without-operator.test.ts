import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../../eventually.ts";
import { onHosts } from "../ground.ts";
import { nothing, openTerminal, recipesOf, type Terminal, typedBy } from "./recipes.ts";

let terminal: Terminal;
beforeAll(async () => {
  terminal = await openTerminal();
});
afterAll(() => terminal?.ground.stop());

describe("the commands of docs/how-to, typed as written,", { timeout: 600_000 }, () => {
  const [withoutRights, withoutOperator] = typedBy["without-operator"]["delete.md"];

  it("give an operator without rights what it needs to end a namespace", async () => {
    const { kubectl } = terminal.ground;
    const { operator, rack } = await terminal.begin({ namespaces: ["san"] }, ["--namespace=san"]);
    expect(onHosts(rack)).toMatchObject({ domains: ["vm-test"] });
    await kubectl("delete", "namespace", "san", "--wait=false");
    await eventually("the rights are gone", async () => (await kubectl("get", "rolebindings", "-n", "san")) === "", 20);
    await operator.until(/cannot (patch|list|watch) resource/, 60);
    await terminal.follow("delete.md", withoutRights);
    expect(onHosts(rack)).toEqual(nothing);
    await terminal.end(operator);
  });

  it("end a namespace without an operator, and leave the hosts as they are", async () => {
    const { kubectl } = terminal.ground;
    const { operator, rack } = await terminal.begin();
    await terminal.end(operator);
    const { exports } = onHosts(rack);
    expect(exports).not.toEqual([]);
    await kubectl("delete", "namespace", "san", "--wait=false");
    await terminal.follow("delete.md", withoutOperator);
    expect(onHosts(rack).exports).toEqual(exports);
  });

  it("are all typed by a test, but those of the sections that docs/how-to/delete.md leaves out", async () => {
    const left = ["A host is dead", "One object, as it is"];
    const [waiting, deleting] = [await recipesOf("wait-until-ready.md"), await recipesOf("delete.md")];
    const { "with-operator": first, "without-operator": second } = typedBy;
    expect([...waiting.keys()]).toEqual(first["wait-until-ready.md"]);
    expect([...deleting.keys()].filter((heading) => !left.includes(heading))).toEqual([
      ...first["delete.md"],
      ...second["delete.md"],
    ]);
    const typed = [...waiting, ...deleting].flatMap(([heading, commands]) => (left.includes(heading) ? [] : commands));
    expect(typed).toHaveLength(22);
  });
});
