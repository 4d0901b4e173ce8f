import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { type Clock, systemClock } from "../../../src/clock.ts";
import { createKubeClient, type KubeClient, textSource } from "../../../src/runtime/client-node.ts";
import { EventRecorder } from "../../../src/runtime/events.ts";
import { eventKind } from "../../../src/runtime/kinds.ts";
import { namespaces } from "../../contract-kube-api/built-in-kinds.ts";
import { eventually } from "../eventually.ts";
import { configMaps, quiet } from "./ground.ts";

let api: KubeClient;
beforeAll(() => {
  api = createKubeClient({ source: textSource(inject("kubeconfig")) });
});
afterAll(() => api.close());

/** A clock on which a minute takes half a second. */
const hasty: Clock = {
  ...systemClock,
  monotonic: () => systemClock.monotonic() * 120,
  sleep: (ms, signal) => systemClock.sleep(ms / 120, signal),
};

it("a real API server accepts events and their series", async () => {
  const namespace = `events-${crypto.randomUUID().slice(0, 8)}`;
  await api.create(namespaces, { metadata: { name: namespace } });
  const object = await api.create(configMaps, { metadata: { name: "a", namespace } });
  const recorder = new EventRecorder({
    api,
    clock: hasty,
    log: quiet,
    controller: "xensan.dev/operator",
    instance: "xensan-0",
  });
  const stop = new AbortController();
  const running = recorder.run(stop.signal);
  const happen = () =>
    recorder.record(configMaps, object, { type: "Warning", reason: "Unreachable", action: "Probe", note: "no answer" });
  const events = async () => (await api.list(eventKind, { namespace })).items;
  happen();
  await eventually("the event is stored", async () => (await events()).length === 1);
  happen();
  happen();
  await eventually("the series is stored", async () => (await events())[0]?.series?.count === 3);
  const [event, ...others] = await events();
  expect(others).toEqual([]);
  expect(event).toMatchObject({
    type: "Warning",
    reason: "Unreachable",
    action: "Probe",
    note: "no answer",
    regarding: { apiVersion: "v1", kind: "ConfigMap", name: "a", namespace, uid: object.metadata.uid },
    reportingController: "xensan.dev/operator",
    reportingInstance: "xensan-0",
  });
  stop.abort();
  await running;
});
