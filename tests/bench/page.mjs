// The page in which all participants take turns. In: questions, which the page asks for as long as there are any. Out: an
// answer to each. It asks by itself, so that a browser needs no driver. Served by runtimes.mjs.
import { answer } from "./turns.mjs";

for (;;) {
  const response = await fetch("/question");
  if (response.status === 204) break;
  const said = await answer(await response.json());
  await fetch("/answer", { method: "POST", body: JSON.stringify(said) });
}
