import type { KernelTrouble } from "../host/ocfs2-facts.ts";
import { ownText } from "../runtime/own-text.ts";
import type { Machine } from "./hosts/machine.ts";
import type { HostView } from "./hosts/view.ts";
import { type ObjectRef, RefSet } from "./identity.ts";

/** For how long a report of the kernel counts as news, milliseconds. */
export const recentMs = 10 * 60_000;

/** How many reports of one host are remembered: of more, the oldest are forgotten. */
export const mostReports = 256;

/** As many characters of a message as the probe prints. */
const longestText = 300;

interface News {
  report: KernelTrouble;
  at: number;
  /** The tenants that were told since it began. */
  readonly told: RefSet;
}

/**
 * Remembers which reports of a kernel came between two looks of this process: the log alone does not say when it grew.
 */
export class KernelReports {
  readonly #news = new WeakMap<Machine, Map<string, News>>();

  /** To be called after each look at a host. True: there are new reports. */
  look(host: Machine, before: HostView): boolean {
    const after = host.agent.view;
    if (before.state !== "Reachable" || after.state !== "Reachable") return false;
    const [old, now] = [before.snapshot.facts.kernelTroubles, after.snapshot.facts.kernelTroubles];
    if (old.state !== "known" || now.state !== "known" || old.value === now.value) return false;
    const known = new Map(old.value.map((report) => [key(report), report.count]));
    const fresh = now.value.filter((report) => report.count > (known.get(key(report)) ?? 0));
    const news = this.#news.get(host) ?? new Map<string, News>();
    this.#news.set(host, news);
    const at = after.snapshot.startedAt;
    for (const { kind, subject, message, ...numbers } of fresh) {
      const [about, said] = [ownText(subject, longestText), ownText(message, longestText)];
      const report: KernelTrouble = { kind, subject: about, message: said, ...numbers };
      const before = news.get(key(report));
      const goesOn = before !== undefined && at - before.at <= recentMs;
      // The newest are last.
      news.delete(key(report));
      news.set(key(report), { report, at, told: goesOn ? before.told : new RefSet() });
    }
    forgetOld(news, at);
    return fresh.length > 0;
  }

  /** Reports of the last minutes with their age in milliseconds. */
  recent(host: Machine, now: number): readonly { readonly report: KernelTrouble; readonly age: number }[] {
    const news = this.#news.get(host);
    if (news === undefined) return [];
    forgetOld(news, now);
    return [...news.values()].map(({ report, at }) => ({ report, age: now - at }));
  }

  /**
   * Recent reports that this tenant was not told. A report that continues is told once, until it has been quiet for a
   * while.
   */
  tell(host: Machine, now: number, tenant: ObjectRef): readonly KernelTrouble[] {
    this.recent(host, now);
    const untold = [...(this.#news.get(host)?.values() ?? [])].filter(({ told }) => !told.has(tenant));
    for (const { told } of untold) told.add(tenant);
    return untold.map(({ report }) => report);
  }
}

function forgetOld(news: Map<string, News>, now: number): void {
  let tooMany = news.size - mostReports;
  for (const [name, { at }] of news) if (tooMany-- > 0 || now - at > recentMs) news.delete(name);
}

const key = ({ kind, subject }: KernelTrouble) => `${kind} ${subject}`;
