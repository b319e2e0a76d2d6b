import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";

import { routes } from "../../app/routes.ts";
import { signIn } from "../../matrix/account.ts";
import { finishRedirect } from "../../matrix/redirects.ts";
import { Banner } from "../../ui/Banner.tsx";
import { Link } from "../../ui/Link.tsx";
import { Spinner } from "../../ui/Spinner.tsx";

/** The answer can be redeemed once, however often the component is made. */
let finishing: Promise<void> | undefined;

function finishOnce(): Promise<void> {
  finishing ??= finishRedirect(location)
    .then(signIn)
    .finally(() => {
      finishing = undefined;
    });
  return finishing;
}

/** Where the browser comes back to from a login page of the server. */
export function Returned() {
  const t = useTranslations("auth");
  const [failed, setFailed] = useState(false);
  useEffect(() => void finishOnce().catch(() => setFailed(true)), []);
  if (!failed) {
    return <Spinner label={t("loggingIn")} />;
  }
  return (
    <>
      <Banner tone="bad">{t("redirectFailed")}</Banner>
      <Link href={routes.login}>{t("backToLogin")}</Link>
    </>
  );
}
