import { Panes } from "../../ui/Panes.tsx";

export default function Settings() {
  return <Panes list={null} main={null} front="list" />;
}
