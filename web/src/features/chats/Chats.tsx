import { Panes } from "../../ui/Panes.tsx";

/** The room list, and the chat that was chosen from it. */
export default function Chats() {
  return <Panes list={null} main={null} front="list" />;
}
