import { Compass, Link2, MessageSquarePlus, QrCode, Search, Settings, Shapes, Users } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useTranslations } from "use-intl";
import { useLocation } from "wouter";

import { routes } from "../../app/routes.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { Button } from "../../ui/Button.tsx";
import { Menu, MenuItem, MenuSeparator } from "../../ui/Menu.tsx";
import { ShareDialog } from "../people/ShareDialog.tsx";
import { userLink } from "../room/permalinks.ts";
import styles from "./ChatList.module.css";

const StartChat = lazy(() => import("./StartChat.tsx"));
const NewGroup = lazy(() => import("./NewGroup.tsx"));
const NewSpace = lazy(() => import("./NewSpace.tsx"));
const JoinByLink = lazy(() => import("./JoinByLink.tsx"));
const PublicRooms = lazy(() => import("./PublicRooms.tsx"));
const SearchEverywhere = lazy(() => import("../search/SearchEverywhere.tsx"));

const dialogs = {
  start: StartChat,
  group: NewGroup,
  space: NewSpace,
  join: JoinByLink,
  public: PublicRooms,
  search: SearchEverywhere,
};

type Shown = keyof typeof dialogs | "share";

export function ChatListHeader() {
  const t = useTranslations("chats");
  const client = useClient();
  const [, navigate] = useLocation();
  const [shown, setShown] = useState<Shown>();
  const close = (): void => setShown(undefined);
  const Dialog = shown === undefined || shown === "share" ? undefined : dialogs[shown];
  return (
    <header className={styles.header}>
      <h1>{t("title")}</h1>
      <Button look="quiet" icon aria-label={t("searchMessages")} onPress={() => setShown("search")}>
        <Search size={20} aria-hidden />
      </Button>
      <Menu
        label={t("new")}
        trigger={
          <Button look="quiet" icon aria-label={t("new")}>
            <MessageSquarePlus size={20} aria-hidden />
          </Button>
        }
      >
        <MenuItem icon={MessageSquarePlus} onAction={() => setShown("start")}>
          {t("startChat.title")}
        </MenuItem>
        <MenuItem icon={Users} onAction={() => setShown("group")}>
          {t("newGroup.title")}
        </MenuItem>
        <MenuItem icon={Shapes} onAction={() => setShown("space")}>
          {t("newSpace.title")}
        </MenuItem>
        <MenuSeparator />
        <MenuItem icon={Link2} onAction={() => setShown("join")}>
          {t("join.title")}
        </MenuItem>
        <MenuItem icon={Compass} onAction={() => setShown("public")}>
          {t("publicRooms.title")}
        </MenuItem>
        <MenuItem icon={QrCode} onAction={() => setShown("share")}>
          {t("share.title")}
        </MenuItem>
      </Menu>
      <Button look="quiet" icon aria-label={t("settings")} onPress={() => navigate(routes.settings)}>
        <Settings size={20} aria-hidden />
      </Button>
      {Dialog && (
        <Suspense>
          <Dialog onClose={close} />
        </Suspense>
      )}
      {shown === "share" && (
        <ShareDialog
          title={t("share.title")}
          text={t("share.text")}
          link={userLink(client.getSafeUserId())}
          onClose={close}
        />
      )}
    </header>
  );
}
