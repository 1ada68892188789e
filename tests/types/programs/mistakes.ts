// Mistakes that the compiler finds: each line after a mark must not compile.
import { AgentlineError, type Client, connect, type ReplyEvent, readEvents } from "agentline";
import { createSandbox } from "agentline/sandbox";

export async function mistakes(client: Client, event: ReplyEvent): Promise<void> {
  // @ts-expect-error the backend is missing
  await connect({});
  // @ts-expect-error there is no such backend
  await connect({ backend: "openai" });
  // @ts-expect-error an option is misspelt
  await connect({ backend: "eliza", baseURL: "http://127.0.0.1" });
  // @ts-expect-error a key is a text
  await connect({ backend: "eliza", apiKey: 7 });
  // @ts-expect-error a session has no name
  await client.createSession({ name: "mine" });
  // @ts-expect-error the id of the session is missing
  await client.sendMessage("hello");
  // @ts-expect-error a message has a text
  await client.sendMessage("id", { files: [] });
  // @ts-expect-error a stream is no promise of one
  await client.streamMessage("id", "hello").then();
  // @ts-expect-error there is no such direction
  client.messages("id", { direction: "sideways" });
  // @ts-expect-error a cursor of followMessages is a text
  client.followMessages("id", { after: 7 });
  // @ts-expect-error a page is no list
  (await client.getMessages("id")).map(String);
  // @ts-expect-error only a narrowed event has a delta
  event.delta;
  // @ts-expect-error there is no such event
  if (event.type === "finish") return;
  // @ts-expect-error what a server sent is unknown until it is looked at
  (await client.getSession("id")).raw.sessionId;
  // @ts-expect-error nothing is assigned to a model's client
  client.backend = "meibel";
  // @ts-expect-error errors are made by the package
  new AgentlineError("message");
  // @ts-expect-error a text is no stream
  readEvents("data: 1");
  // @ts-expect-error there is no such option
  createSandbox({ speed: 2 });
  // @ts-expect-error there is no such fault
  createSandbox({ faults: [{ fault: "explode" }] });
  // @ts-expect-error a drip needs its pace
  createSandbox({ faults: [{ fault: "drip" }] });
  // @ts-expect-error a byte order mark has no place to choose
  createSandbox({ faults: [{ fault: "bom", at: 3 }] });
}
