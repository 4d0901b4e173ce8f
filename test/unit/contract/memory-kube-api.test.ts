import { systemClock } from "../../../src/clock.ts";
import { describeKubeApi } from "../../contract-kube-api/contract.ts";
import { widgetDefinition } from "../../contract-kube-api/widget.ts";
import { ApiServer } from "../../simulation/world/kube/api-server.ts";
import { connectKubeApi } from "../../simulation/world/kube/kube-client.ts";
import { seeded } from "../../simulation/world/random.ts";

const server = new ApiServer({
  now: () => systemClock.now(),
  random: seeded(1),
  customResourceDefinitions: [widgetDefinition],
});
const api = connectKubeApi({ server, clock: systemClock });
let namespaces = 0;

describeKubeApi("the API server of the simulation", () => ({
  api,
  newNamespace: async () => `contract-${++namespaces}`,
  forgetHistory: async () => server.compact(),
}));
