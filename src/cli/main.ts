#!/usr/bin/env node
import { commands } from "./commands.ts";
import { start } from "./start.ts";

await start(commands);
