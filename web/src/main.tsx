import "./styles/tokens.css";
import "./styles/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./app/App.tsx";
import { base, routes } from "./app/routes.ts";
import { startServiceWorker } from "./app/serviceWorker.ts";
import { resume } from "./matrix/account.ts";
import { applyStoredPreferences } from "./app/preferences.ts";

// The server shows the app at its root too; the app's own addresses all lie below the base.
if (location.pathname === "/") {
  history.replaceState(null, "", base + routes.home);
}
applyStoredPreferences();
void resume();
void startServiceWorker();

const root = document.getElementById("root");
if (root === null) {
  throw new Error("index.html has no #root");
}
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
