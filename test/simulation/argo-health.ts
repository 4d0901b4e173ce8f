import { readFile } from "node:fs/promises";
import { LuaFactory } from "wasmoon";
import { parse } from "yaml";
import { z } from "zod";
import type { JsonObject } from "./world/kube/json.ts";

const page = new URL("../../docs/how-to/wait-until-ready.md", import.meta.url);
const configMapSchema = z.object({ data: z.object({ "resource.customizations": z.string() }) });
const customizationsSchema = z.object({ "xensan.dev/*": z.object({ "health.lua": z.string() }) });
const healthSchema = z.object({
  status: z.enum(["Healthy", "Progressing", "Degraded", "Suspended"]),
  message: z.string(),
});
export type Health = z.infer<typeof healthSchema>;

/** Runs the script for Argo CD in docs/how-to as Argo CD does: with the object as the global `obj`. */
export async function argoHealth(): Promise<(object: JsonObject) => Health> {
  const [, block] = /```yaml\n(.*?)```/s.exec(await readFile(page, "utf8")) ?? [];
  const configMap = configMapSchema.parse(parse(block ?? ""));
  const customizations = customizationsSchema.parse(parse(configMap.data["resource.customizations"]));
  const script = customizations["xensan.dev/*"]["health.lua"];
  const lua = await new LuaFactory().createEngine({ enableProxy: false });
  return (object) => {
    // Absent fields are nil in Lua, but null is not.
    lua.global.set("obj", JSON.parse(JSON.stringify(object)));
    return healthSchema.parse(lua.doStringSync(script));
  };
}
