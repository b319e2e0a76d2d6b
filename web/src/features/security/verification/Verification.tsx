import { CryptoEvent, type VerificationRequest } from "matrix-js-sdk/lib/crypto-api";
import { useEffect } from "react";

import { useObservable } from "../../../app/useObservable.ts";
import { useClient } from "../../../matrix/RunningProvider.tsx";
import { currentVerification } from "./current.ts";
import { VerificationModal } from "./VerificationModal.tsx";

/** Shows the verification that is under way, begun here or by somebody else. */
export function Verification() {
  const client = useClient();
  const request = useObservable(currentVerification);

  useEffect(() => {
    const received = (incoming: VerificationRequest): void => {
      if (!currentVerification.get()?.pending) {
        currentVerification.set(incoming);
      }
    };
    client.on(CryptoEvent.VerificationRequestReceived, received);
    return () => {
      client.off(CryptoEvent.VerificationRequestReceived, received);
      currentVerification.set(undefined);
    };
  }, [client]);

  return request === undefined ? null : <VerificationModal key={request.transactionId} request={request} />;
}
