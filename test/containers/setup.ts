import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { GenericContainer } from "testcontainers";
import { imageName, imageNames, release, runLabel } from "./images.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Builds the images once for all files of this tier. */
export async function setup(): Promise<void> {
  const base = spawnSync("sh", [here("base-image.sh"), release], {
    stdio: ["ignore", "inherit", "pipe"],
    encoding: "utf8",
  });
  if (base.status !== 0) throw new Error(`the container tier needs a container engine: ${base.stderr.trim()}`);
  process.env.TESTCONTAINERS_RYUK_DISABLED = "true";
  process.env.XENSAN_CONTAINER_RUN = `${process.pid}`;
  for (const name of imageNames) {
    await GenericContainer.fromDockerfile(here("images"), `${name}.Dockerfile`)
      .withBuildArgs({ RELEASE: release })
      .build(imageName(name), { deleteOnExit: false });
  }
}

/** Removes all containers that this run left behind. */
export function teardown(): void {
  const [label, value] = runLabel();
  const list = execFileSync("docker", ["ps", "-aq", "--filter", `label=${label}=${value}`], { encoding: "utf8" });
  const left = list.split("\n").filter((id) => id !== "");
  if (left.length > 0) execFileSync("docker", ["rm", "-f", ...left], { stdio: "ignore" });
}
