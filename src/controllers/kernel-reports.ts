import type { KernelTrouble } from "../host/ocfs2-facts.ts";
import type { WatchedHost } from "./hosts/feed.ts";
import type { HostView } from "./hosts/view.ts";

/** A report of the kernel counts as news for this long. */
export const recentMs = 10 * 60_000;

/** Remembers which reports of a kernel came while somebody was watching: its log alone does not say when it grew. */
export class KernelReports {
  readonly #news = new WeakMap<WatchedHost, Map<string, { report: KernelTrouble; at: number }>>();

  /** To be called after each look at a host. True: there is something new. */
  look(host: WatchedHost, before: HostView): boolean {
    const after = host.watcher.view;
    if (before.state !== "Reachable" || after.state !== "Reachable") return false;
    const [old, now] = [before.snapshot.facts.kernelTroubles, after.snapshot.facts.kernelTroubles];
    if (old.state !== "known" || now.state !== "known" || old.value === now.value) return false;
    const known = new Map(old.value.map((report) => [key(report), report.count]));
    const fresh = now.value.filter((report) => report.count > (known.get(key(report)) ?? 0));
    const news = this.#news.get(host) ?? new Map<string, { report: KernelTrouble; at: number }>();
    this.#news.set(host, news);
    for (const report of fresh) news.set(key(report), { report, at: after.snapshot.startedAt });
    return fresh.length > 0;
  }

  /** Reports of the last minutes with their age in milliseconds. */
  recent(host: WatchedHost, now: number): readonly { readonly report: KernelTrouble; readonly age: number }[] {
    const news = this.#news.get(host);
    if (news === undefined) return [];
    for (const [name, { at }] of news) if (now - at > recentMs) news.delete(name);
    return [...news.values()].map(({ report, at }) => ({ report, age: now - at }));
  }
}

const key = ({ kind, subject }: KernelTrouble) => `${kind} ${subject}`;
