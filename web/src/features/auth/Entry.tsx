import type { Session } from "../../matrix/session.ts";
import { LoadingPage } from "../../ui/LoadingPage.tsx";

interface Props {
  softLoggedOut: Session | undefined;
}

/** The app of somebody who is not signed in. */
export default function Entry({ softLoggedOut }: Props) {
  return softLoggedOut === undefined ? <LoadingPage /> : null;
}
