import { isAgentlineError } from "agentline";
import { useEffect, useRef, useState } from "react";
import { opened } from "./agent.js";

/** What a person is told of a failure. */
function words(error) {
  if (!isAgentlineError(error)) return String(error);
  return `${error.kind}: ${error.message}`;
}

export function Chat() {
  const [rows, setRows] = useState([]);
  const [problem, setProblem] = useState("");
  const [text, setText] = useState("");
  const stream = useRef();

  // whoever leaves the page's part ends the answer
  useEffect(() => () => stream.current?.abort(), []);

  const last = (change) =>
    setRows((rows) => [...rows.slice(0, -1), { ...rows.at(-1), ...change(rows.at(-1)) }]);

  async function send(event) {
    event.preventDefault();
    setProblem("");
    setText("");
    setRows((rows) => [
      ...rows,
      { key: rows.length, role: "user", text },
      { key: rows.length + 1, role: "assistant", text: "" },
    ]);
    try {
      const { client, session } = await opened();
      stream.current = client.streamMessage(session.id, text);
      for await (const event of stream.current) {
        if (event.type === "content") last(({ text }) => ({ text: text + event.delta }));
        if (event.type === "replace") last(() => ({ text: event.text }));
        if (event.type === "done") last(() => ({ text: event.reply.message.text, whole: true }));
      }
    } catch (error) {
      if (error.name !== "AbortError") setProblem(words(error));
    }
  }

  return (
    <main>
      <ol>
        {rows.map(({ key, role, text, whole }) => (
          <li key={key} data-role={role} data-whole={whole}>
            {text}
          </li>
        ))}
      </ol>
      <p role="alert">{problem}</p>
      <form onSubmit={send}>
        <input
          aria-label="Message"
          required
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit">Send</button>
      </form>
    </main>
  );
}
