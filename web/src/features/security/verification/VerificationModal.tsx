import { VerificationPhase, type VerificationRequest, VerificationRequestEvent } from "matrix-js-sdk/lib/crypto-api";
import { useTranslations } from "use-intl";

import { useEmitted } from "../../../matrix/useEmitted.ts";
import { Modal } from "../../../ui/Modal.tsx";
import { currentVerification } from "./current.ts";
import { Ended } from "./Ended.tsx";
import { Methods } from "./Methods.tsx";
import { Requested } from "./Requested.tsx";
import { Started } from "./Started.tsx";

const requestEvents = [VerificationRequestEvent.Change] as const;

export function VerificationModal({ request }: { request: VerificationRequest }) {
  const t = useTranslations("security.verify");
  const phase = useEmitted(request, requestEvents, () => request.phase);
  const close = (): void => {
    currentVerification.set(undefined);
    if (request.pending) {
      void request.cancel();
    }
  };
  return (
    <Modal title={request.isSelfVerification ? t("titleSession") : t("titlePerson")} onClose={close} keepOpen>
      <Phase request={request} phase={phase} onClose={close} />
    </Modal>
  );
}

interface PhaseProps {
  request: VerificationRequest;
  phase: VerificationPhase;
  onClose: () => void;
}

function Phase({ request, phase, onClose }: PhaseProps) {
  switch (phase) {
    case VerificationPhase.Unsent:
    case VerificationPhase.Requested:
      return <Requested request={request} onClose={onClose} />;
    case VerificationPhase.Ready:
      return <Methods request={request} />;
    case VerificationPhase.Started:
      return request.verifier === undefined ? null : <Started verifier={request.verifier} />;
    case VerificationPhase.Done:
    case VerificationPhase.Cancelled:
      return <Ended request={request} onClose={onClose} />;
  }
}
