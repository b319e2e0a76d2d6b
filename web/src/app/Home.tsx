import { lazy } from "react";
import { Redirect, Route, Switch } from "wouter";

import { MessengerProvider } from "../features/messenger/MessengerProvider.tsx";
import { routes } from "./routes.ts";
import { StatusLine } from "./StatusLine.tsx";
import styles from "./Home.module.css";

const Chats = lazy(() => import("../features/chats/Chats.tsx"));
const Settings = lazy(() => import("../features/settings/Settings.tsx"));

/** The app of a user who is signed in. */
export default function Home() {
  return (
    <div className={styles.home}>
      <StatusLine />
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
