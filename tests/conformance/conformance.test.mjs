// The corpora through the installed tarball in Node, in Chromium and in workerd.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { answerServer } from "./answers.mjs";
import { answers, cases, difference } from "./corpus.mjs";
import { runtimes } from "./runtimes.mjs";

/** The standard ends with these, and openEvents comes back unless it is told otherwise. */
const passing = ({ response: { status } }) => status === 429 || status >= 500;

let server;
before(async () => {
  server = await answerServer();
});
after(() => server.close());

for (const [name, start] of Object.entries(runtimes)) {
  describe(`in ${name}`, () => {
    let runtime;
    before(async () => {
      runtime = await start();
    });
    after(() => runtime?.close());

    test("every stream is read as the standard says, and its unfinished end if asked for", async () => {
      const outcomes = await runtime.read(cases);
      const differences = cases.map((expected, at) => difference(expected, outcomes[at]));
      assert.deepEqual(differences.filter(Boolean), []);
      assert.equal(outcomes.length, 730);
    });

    test("every answer opens a stream, ends it or is asked for again as the standard says", async () => {
      const of = (who, chosen, reconnect) =>
        chosen.map((answer) => ({
          url: server.address(`${name}-${who}`, answer),
          stays: answer.expect === "open",
          reconnect,
        }));
      // with the platform's leave to try again, as EventSource has it; without it where that is more than the standard has
      const outcomes = [
        ...(await runtime.open(of("standard", answers.filter(passing), false))),
        ...(await runtime.open(
          of(
            "standard",
            answers.filter((answer) => !passing(answer)),
          ),
        )),
      ];
      const order = [...answers.filter(passing), ...answers.filter((answer) => !passing(answer))];
      assert.equal(order.length, 44);
      const came = order.map((answer, at) => {
        const asked = server.asked(`${name}-standard`, answer);
        return [answer.name, seen(outcomes[at], asked, answer)];
      });
      assert.deepEqual(
        came,
        order.map(({ name, expect }) => [name, expect]),
      );
    });

    test("a failure that passes is asked for again, which is more than the standard has", async () => {
      const chosen = answers.filter(passing);
      const addresses = chosen.map((answer) => ({
        url: server.address(`${name}-again`, answer),
      }));
      assert.deepEqual(
        await runtime.open(addresses),
        chosen.map(() => ({ events: [] })),
      );
      for (const answer of chosen) assert.equal(server.asked(`${name}-again`, answer), 2);
    });
  });
}

/** In the corpus's words. */
function seen({ events, error }, asked, { name, response: { status } }) {
  // a stream without an event shows only to the server that it was one
  const opened = events.length > 0 || name === "network/empty-body";
  if (error) return status === error.status ? "fail" : `${error.message}`;
  if (asked > 1) return opened ? "open-then-reconnect" : "reconnect";
  return opened ? "open" : "fail";
}
