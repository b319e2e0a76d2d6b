import { lazy } from "react";
import { Redirect, Route, Switch } from "wouter";

import { MessengerProvider } from "../features/messenger/MessengerProvider.tsx";
import { UiaPrompt } from "../features/auth/UiaPrompt.tsx";
import { Security } from "../features/security/Security.tsx";
import { SecurityBanner } from "../features/security/SecurityBanner.tsx";
import { useRunning } from "../matrix/RunningProvider.tsx";
import { routes } from "./routes.ts";
import { StatusLine } from "./StatusLine.tsx";
import { useServiceWorkerMessages } from "./useServiceWorkerMessages.ts";
import styles from "./Home.module.css";

const Chats = lazy(() => import("../features/chats/Chats.tsx"));
const Settings = lazy(() => import("../features/settings/Settings.tsx"));

/** The app of a user who is signed in. */
export default function Home() {
  const { entrances, session } = useRunning();
  useServiceWorkerMessages();
  return (
    <div className={styles.home}>
      <StatusLine />
      <SecurityBanner />
      <Security />
      <UiaPrompt baseUrl={entrances.baseUrl} userId={session.userId} />
      <MessengerProvider>
        <Switch>
          <Route path={routes.login}>
            <Redirect to={routes.home} replace />
          </Route>
          <Route path={routes.signUp}>
            <Redirect to={routes.home} replace />
          </Route>
          <Route path={routes.settings} component={Settings} />
          <Route path={routes.settingsSection} component={Settings} />
          <Route component={Chats} />
        </Switch>
      </MessengerProvider>
    </div>
  );
}
