import { loadRack } from "../../../src/sim/rack-file.ts";
import { differences } from "../../contract-hosts/difference.ts";
import { playReal, playSimulated } from "../../contract-hosts/play.ts";
import { rackLife } from "../../contract-hosts/rack-life.ts";
import { normalise, ofRacks } from "../../contract-hosts/recording.ts";
import { rackFiles } from "../places.ts";
import type { Story } from "../scenario.ts";

/** The real hosts and the simulated rack run the same steps and must give the same answers. */
export const contract: Story = {
  name: "contract",
  rack: "Plain",
  given: {
    name: "real hosts answer what the simulated rack answers",
    async run({ run }) {
      const real = await playReal(rackLife, (host, script, args) => run(host, script, args, 900));
      const simulated = await playSimulated(rackLife, loadRack(rackFiles.Plain));
      const found = differences(normalise(real, ofRacks), normalise(simulated, ofRacks));
      if (found.length > 0) throw new Error(found.join("\n"));
      return `${real.length} answers are the same`;
    },
  },
  scenarios: [],
};
