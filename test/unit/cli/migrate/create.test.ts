import { expect, it } from "vitest";
import { type ApiServer, startApiServer } from "../api-server.ts";
import * as w from "../world.ts";

const start = () => startApiServer({ "xendomains/vm-test": w.domain(), "xenhosts/brutus": w.host("brutus") });
const migrations = ({ objects }: ApiServer) => [...objects.keys()].filter((key) => key.startsWith("xenmigrations/"));

it("a migration whose creation got no answer is created once, and found", async () => {
  const server = await start();
  server.fails = (request) => (isPost(request) && server.requests.filter(isPost).length < 2 ? "Lost" : undefined);
  const { code, stdout, stderr } = await server.xensan("migrate", "vm-test", "--to", "brutus");
  const posts = server.requests.filter(isPost).length;
  const [key = ""] = migrations(server);
  const name = key.replace("xenmigrations/", "");
  expect(name).toMatch(/^vm-test-to-brutus-[a-z0-9]{5}$/);
  expect({ code, stdout, posts, created: migrations(server) }).toEqual({
    ...{ code: 0, posts: 2, created: [key] },
    stdout: `xenmigration/${name} created in namespace san\n`,
  });
  expect(stderr).toMatch(new RegExp(`^creating XenMigration ${name}: .+; retrying in [\\d.]+ s\\n$`));
});

it("says that it may have been created, and how to look, when no answer comes at all", async () => {
  const server = await start();
  server.fails = (request) => (isPost(request) ? { status: 504, retryAfterSeconds: 60 } : undefined);
  const { code, stderr } = await server.xensan("migrate", "vm-test", "--to", "brutus");
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /creating XenMigration (\S+): it is busy; the change may have been made; check with: kubectl -n san get xenmigration \1\n$/,
  );
});

it("says so of a patch, too", async () => {
  const server = await start();
  server.fails = (request) => (request.startsWith("PATCH") ? { status: 504, retryAfterSeconds: 60 } : undefined);
  const { code, stderr } = await server.xensan("drain", "brutus");
  expect(code).toBe(1);
  expect(stderr).toContain(
    "changing XenHost brutus: it is busy; the change may have been made; check with: kubectl -n san get xenhost brutus -o yaml\n",
  );
});

const isPost = (request: string) => request.startsWith("POST");
