import type { MatrixEvent } from "matrix-js-sdk";
import { createContext } from "react";

export interface MessageDialog {
  kind: "forward" | "info" | "report" | "delete" | "picture";
  event: MatrixEvent;
}

/** Opens a dialog about a message. */
export const MessageDialogs = createContext<(dialog: MessageDialog) => void>(() => undefined);
