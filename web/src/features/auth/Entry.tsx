import { useState } from "react";
import { Redirect, Route, Switch } from "wouter";

import { routes } from "../../app/routes.ts";
import { useLoaded } from "../../app/useLoaded.ts";
import { ownServer } from "../../matrix/discovery.ts";
import type { FoundServer } from "../../matrix/discovery.ts";
import type { Session } from "../../matrix/session.ts";
import { LoadingPage } from "../../ui/LoadingPage.tsx";
import { EntryLayout } from "./EntryLayout.tsx";
import { LogIn } from "./LogIn.tsx";
import { LogInAgain } from "./LogInAgain.tsx";
import { Returned } from "./Returned.tsx";
import { SignUp } from "./SignUp.tsx";
import { UiaPrompt } from "./UiaPrompt.tsx";

interface Props {
  softLoggedOut: Session | undefined;
}

/** The app of somebody who is not signed in. */
export default function Entry({ softLoggedOut }: Props) {
  const own = useLoaded(ownServer);
  const [chosen, setChosen] = useState<FoundServer>();
  const server = chosen ?? own;
  if (softLoggedOut !== undefined) {
    return (
      <EntryLayout>
        <LogInAgain session={softLoggedOut} />
      </EntryLayout>
    );
  }
  if (server === undefined) {
    return <LoadingPage />;
  }
  const choice = { server, onServerChange: setChosen };
  return (
    <EntryLayout>
      <Switch>
        <Route path={routes.returned} component={Returned} />
        <Route path={routes.signUp}>
          <SignUp {...choice} />
        </Route>
        <Route path={routes.login}>
          <LogIn {...choice} />
        </Route>
        <Route>
          <Redirect to={routes.login} replace />
        </Route>
      </Switch>
      <UiaPrompt baseUrl={server.baseUrls[0] ?? ""} />
    </EntryLayout>
  );
}
