import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";

import { SubmitForm } from "./SubmitForm.tsx";
import { TextField } from "./TextField.tsx";

function Example({ onSubmit, error }: { onSubmit: () => void; error?: string }) {
  const [text, setText] = useState("");
  return (
    <SubmitForm action="Send" onSubmit={onSubmit}>
      <TextField label="Token" value={text} onChange={setText} error={error} isRequired />
    </SubmitForm>
  );
}

describe("SubmitForm", () => {
  it("sends again what was wrong before", async () => {
    const onSubmit = vi.fn();
    render(<Example onSubmit={onSubmit} error="This was wrong." />);
    expect(screen.getByText("This was wrong.")).toBeTruthy();
    await userEvent.type(screen.getByLabelText("Token"), "right");
    await userEvent.click(screen.getByRole("button", { name: "Send" }));
    expect(onSubmit).toHaveBeenCalledOnce();
  });

  it("sends by the Enter key", async () => {
    const onSubmit = vi.fn();
    render(<Example onSubmit={onSubmit} />);
    await userEvent.type(screen.getByLabelText("Token"), "right{Enter}");
    expect(onSubmit).toHaveBeenCalledOnce();
  });

  it("does not send what is empty and required, and leads there", async () => {
    const onSubmit = vi.fn();
    render(<Example onSubmit={onSubmit} />);
    await userEvent.click(screen.getByRole("button", { name: "Send" }));
    expect(onSubmit).not.toHaveBeenCalled();
    expect(document.activeElement).toBe(screen.getByLabelText("Token"));
  });
});
