import { KubeConfig } from "@kubernetes/client-node";
import { adding, impersonationOf } from "./impersonation.ts";

/**
 * A KubeConfig whose own API clients impersonate fully: client-node itself supports only the user, not groups, UID and
 * extra.
 */
export class ImpersonatingConfig extends KubeConfig {
  override async applySecurityAuthentication(
    context: Parameters<KubeConfig["applySecurityAuthentication"]>[0],
  ): Promise<void> {
    await super.applySecurityAuthentication(context);
    const dispatcher = context.getDispatcher();
    if (dispatcher !== undefined) context.setDispatcher(adding(impersonationOf(this), dispatcher));
  }
}
