"use client";

import { readEvents } from "agentline";
import { useRef, useState } from "react";

export default function Page() {
  const [answer, setAnswer] = useState({ text: "" });
  const sessionId = useRef();

  // A form's action would be a transition, which React shows when it is over; an answer is shown while it grows.
  async function send(event) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setAnswer({ text: "" });
    const body = JSON.stringify({ text: form.get("text"), sessionId: sessionId.current });
    try {
      const response = await fetch("/chat", { method: "POST", body });
      if (!response.ok) throw new Error(await response.text());
      sessionId.current = response.headers.get("x-session-id");
      let whole = false;
      for await (const { data } of readEvents(response)) {
        const event = JSON.parse(data);
        if (event.type === "content") setAnswer(({ text }) => ({ text: text + event.delta }));
        if (event.type === "replace") setAnswer({ text: event.text });
        if (event.type === "done") whole = true;
      }
      if (!whole) throw new Error("the answer was cut off");
      setAnswer(({ text }) => ({ text, whole }));
    } catch (error) {
      setAnswer(({ text }) => ({ text, problem: String(error) }));
    }
  }

  return (
    <main>
      <output data-whole={answer.whole}>{answer.text}</output>
      <p role="alert">{answer.problem}</p>
      <form onSubmit={send}>
        <input name="text" aria-label="Message" required />
        <button type="submit">Send</button>
      </form>
    </main>
  );
}
