// What a signed-in user's messages need beside the SDK's client, for as long as the session lasts: the vault, and in it the outbox, the
// drafts and the search index; the chats; the files.
import type { MatrixClient } from "matrix-js-sdk";

import { Vault } from "../../vault/vault.ts";
import { ChatsModel } from "../chats/ChatsModel.ts";
import { Drafts } from "../composer/drafts.ts";
import { MediaStore } from "../media/MediaStore.ts";
import { followEchoes, seenTransactions } from "../outbox/echoes.ts";
import { Outbox } from "../outbox/outbox.ts";
import { ClientTransport } from "../outbox/transport.ts";
import { feedIndex } from "../search/feed.ts";
import { MessageIndex } from "../search/segments.ts";

export interface Messenger {
  client: MatrixClient;
  outbox: Outbox;
  drafts: Drafts;
  index: MessageIndex;
  chats: ChatsModel;
  media: MediaStore;
  close: () => Promise<void>;
}

export async function openMessenger(client: MatrixClient): Promise<Messenger> {
  const vault = await Vault.open(client.getSafeUserId());
  const outbox = new Outbox(
    { entries: vault.collection("outbox"), files: vault.collection("outbox-files") },
    new ClientTransport(client),
  );
  const drafts = new Drafts(vault.collection("drafts"));
  const index = new MessageIndex(vault.collection("search"));
  const chats = new ChatsModel(client);
  const media = new MediaStore(client);

  const parts = [chats.follow(), followEchoes(client, outbox), feedIndex(client, index)];
  await drafts.restore();
  await outbox.restore();
  for (const txnId of seenTransactions(client)) void outbox.acknowledge(txnId);

  const close = async (): Promise<void> => {
    outbox.stop();
    for (const part of parts) part();
    media.clear();
    await index.flush();
    vault.close();
  };
  return { client, outbox, drafts, index, chats, media, close };
}
