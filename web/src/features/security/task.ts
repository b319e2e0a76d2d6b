import { Observable } from "../../app/observable.ts";

export type SecurityTask = "setUp" | "unlock" | "askReset" | "reset";

/** What the user has asked for, from a banner or the settings. */
export const securityTask = new Observable<SecurityTask | undefined>(undefined);
