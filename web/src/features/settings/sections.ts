import {
  Bell,
  Ban,
  CircleUser,
  Eye,
  KeyRound,
  type LucideIcon,
  MonitorSmartphone,
  Palette,
  UserCog,
} from "lucide-react";
import { type ComponentType, lazy, type LazyExoticComponent } from "react";

export const sectionIds = [
  "profile",
  "appearance",
  "notifications",
  "privacy",
  "blocked",
  "security",
  "sessions",
  "account",
] as const;

export type SectionId = (typeof sectionIds)[number];

interface Section {
  icon: LucideIcon;
  Page: LazyExoticComponent<ComponentType>;
}

export const sections: Record<SectionId, Section> = {
  profile: { icon: CircleUser, Page: lazy(() => import("./profile/Profile.tsx")) },
  appearance: { icon: Palette, Page: lazy(() => import("./Appearance.tsx")) },
  notifications: { icon: Bell, Page: lazy(() => import("./notifications/Notifications.tsx")) },
  privacy: { icon: Eye, Page: lazy(() => import("./privacy/Privacy.tsx")) },
  blocked: { icon: Ban, Page: lazy(() => import("./privacy/Blocked.tsx")) },
  security: { icon: KeyRound, Page: lazy(() => import("./SecuritySettings.tsx")) },
  sessions: { icon: MonitorSmartphone, Page: lazy(() => import("./sessions/Sessions.tsx")) },
  account: { icon: UserCog, Page: lazy(() => import("./account/AccountSettings.tsx")) },
};
