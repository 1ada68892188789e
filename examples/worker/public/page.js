// A chat that knows no key: its client asks the gateway on the page's own origin.
import { connect } from "./agentline/index.js";

const form = document.querySelector("form");
const button = form.querySelector("button");
const messages = document.querySelector("#messages");

function line(who, text = "") {
  const item = document.createElement("li");
  item.className = who;
  item.textContent = text;
  return messages.appendChild(item);
}

try {
  const { backend, agentId } = await (await fetch("config.json")).json();
  // a gateway lets no socket through: the answer is asked for
  const client = await connect({ backend, baseUrl: "/agent", live: false });
  const { id } = await client.createSession({ agentId });
  button.disabled = false;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = form.elements.text.value;
    form.reset();
    button.disabled = true;
    line("user", text);
    const answer = line("assistant");
    try {
      for await (const told of client.streamMessage(id, text)) {
        if (told.type === "content") answer.textContent += told.delta;
        if (told.type === "replace") answer.textContent = told.text;
      }
    } catch (error) {
      line("error", `${error.kind ?? error.name}: ${error.message}`);
    }
    button.disabled = false;
  });
} catch (error) {
  line("error", `${error.kind ?? error.name}: ${error.message}`);
}
