import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";
import type { Manifest } from "../../src/cli/manifests.ts";

const run = promisify(execFile);

/** What source-controller would write into the status of a GitRepository. */
export interface Artifact {
  readonly path: string;
  readonly url: string;
  readonly revision: string;
  readonly digest: string;
  readonly lastUpdateTime: string;
  readonly size: number;
}

/** Archives of manifests, served by HTTP on loopback as source-controller serves them. */
export interface ArtifactServer {
  publish(revision: string, manifests: readonly Manifest[]): Promise<Artifact>;
  close(): Promise<void>;
}

export async function serveArtifacts(): Promise<ArtifactServer> {
  const archives = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const archive = archives.get(request.url ?? "");
    response.writeHead(archive === undefined ? 404 : 200).end(archive);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const { port } = addressOf(server.address());
  return {
    async publish(revision, manifests) {
      const archive = await pack(manifests);
      const file = `/${revision}.tar.gz`;
      archives.set(file, archive);
      return {
        path: file.slice(1),
        url: `http://127.0.0.1:${port}${file}`,
        revision: `main@sha1:${revision}`,
        digest: `sha256:${createHash("sha256").update(archive).digest("hex")}`,
        lastUpdateTime: new Date().toISOString(),
        size: archive.length,
      };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function addressOf(address: string | AddressInfo | null): AddressInfo {
  if (address === null || typeof address === "string") throw new Error("the archives are served on no port");
  return address;
}

async function pack(manifests: readonly Manifest[]): Promise<Buffer> {
  const directory = await mkdtemp(path.join(tmpdir(), "xensan-artifact-"));
  try {
    await writeFile(path.join(directory, "all.yaml"), manifests.map((manifest) => stringify(manifest)).join("---\n"));
    const archive = path.join(directory, "archive.tar.gz");
    await run("tar", ["-czf", archive, "-C", directory, "all.yaml"]);
    return await readFile(archive);
  } finally {
    await rm(directory, { recursive: true });
  }
}
