// What the tests share: clients, which end with the tests of a file.
import { after } from "node:test";
import { stopAll } from "./clients.js";

export * from "./clients.js";

after(stopAll);
