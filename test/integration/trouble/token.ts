import { createPrivateKey, sign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const claimsSchema = z.looseObject({ exp: z.number() });
/** Seconds for which the server accepts a token beyond its end, as clocks differ. */
const leeway = 60;

/**
 * The same token, accepted for only `seconds` more; TokenRequest issues none for less than ten minutes. Signed with the
 * control plane's own key (RS256).
 */
export async function expiring(token: string, keyFile: string, seconds: number): Promise<string> {
  const [header = "", claims = ""] = token.trim().split(".");
  const now = Math.floor(Date.now() / 1000);
  const parsed = claimsSchema.parse(JSON.parse(Buffer.from(claims, "base64url").toString()));
  const body = `${header}.${base64url({ ...parsed, iat: now - 600, nbf: now - 600, exp: now - leeway + seconds })}`;
  const signature = sign("RSA-SHA256", Buffer.from(body), createPrivateKey(await readFile(keyFile)));
  return `${body}.${signature.toString("base64url")}`;
}
