import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";

import { useErrorText } from "../../../app/useErrorText.ts";
import { useRunning } from "../../../matrix/RunningProvider.tsx";
import type { Running } from "../../../matrix/running.ts";
import type { Ask } from "../../../matrix/uia.ts";
import { Banner } from "../../../ui/Banner.tsx";
import { Button } from "../../../ui/Button.tsx";
import { Modal } from "../../../ui/Modal.tsx";
import { Spinner } from "../../../ui/Spinner.tsx";
import { askUser } from "../../auth/uiaPrompt.ts";
import { RecoveryKeyCard } from "./RecoveryKeyCard.tsx";

interface Props {
  /** What makes the recovery key: setUpSecurity, or resetSecurity. */
  make: (running: Running, ask: Ask) => Promise<string>;
  onDone: () => void;
}

/** Makes a recovery key and gives it into the user's hands. */
export function SetUp({ make, onDone }: Props) {
  const t = useTranslations("security.setUp");
  const common = useTranslations("common");
  const running = useRunning();
  const errorText = useErrorText();
  const [round, setRound] = useState(0);
  const [made, setMade] = useState<{ key: string } | { error: unknown }>();

  useEffect(() => {
    let wanted = true;
    makeOnce(running, make).then(
      (key) => wanted && setMade({ key }),
      (error: unknown) => wanted && setMade({ error }),
    );
    return () => {
      wanted = false;
    };
  }, [running, make, round]);

  const again = (): void => {
    setMade(undefined);
    setRound(round + 1);
  };
  if (made === undefined) {
    return (
      <Modal title={t("making")} onClose={onDone} keepOpen>
        <Spinner label={common("loading")} />
      </Modal>
    );
  }
  if ("error" in made) {
    return (
      <Modal title={t("failed")} onClose={onDone} footer={<Button onPress={again}>{common("retry")}</Button>}>
        <Banner tone="bad">{errorText(made.error)}</Banner>
      </Modal>
    );
  }
  return (
    <Modal
      title={t("title")}
      onClose={onDone}
      keepOpen
      footer={
        <Button look="primary" onPress={onDone}>
          {t("kept")}
        </Button>
      }
    >
      <p>{t("why")}</p>
      <RecoveryKeyCard recoveryKey={made.key} userId={running.session.userId} />
      <p>{t("where")}</p>
    </Modal>
  );
}

/** A key that is being made is not made a second time, however often the component is. */
const underWay = new Map<Props["make"], Promise<string>>();

function makeOnce(running: Running, make: Props["make"]): Promise<string> {
  const found = underWay.get(make) ?? make(running, askUser).finally(() => underWay.delete(make));
  underWay.set(make, found);
  return found;
}
